//! Typed reads of Azure, over [`Host::send`](crate::Host::send): Resource Manager, Resource Graph, Log Analytics.
//!
//! The upstreams are `azure-arm` and `azure-logs`. The host signs each request and knows which cloud it goes
//! to; a toolset sees neither a token nor a host name. One invariant: whatever a model wrote becomes part of
//! a path only through [`ResourceName`] and its kin, none of which can hold a character that leads elsewhere.
//!
//! ```
//! use holmes_plugin::azure::{Arm, Read, ResourceGroup, ResourceId, ResourceName, SubscriptionId};
//! # use holmes_plugin::{ToolError, testing::Canned};
//! # fn main() -> Result<(), ToolError> {
//! # let host = Canned::new()
//! #     .answer("azure-arm", "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/prod", 200, r#"{"name":"prod"}"#)
//! #     .host();
//! let subscription = SubscriptionId::parse("11111111-2222-3333-4444-555555555555")?;
//! let group = ResourceGroup::parse(subscription, "shop")?;
//! let cluster = ResourceId::in_group(&group, "Microsoft.ContainerService/managedClusters", &ResourceName::parse("prod")?);
//! let answer = Arm::new(&host).get(&Read::new(cluster.as_str(), "2026-08-01"))?;
//! assert_eq!(answer["name"], "prod");
//! # Ok(())
//! # }
//! ```

mod arm;
mod graph;
mod logs;
mod name;
mod next_link;
mod refusal;
mod resource;
mod role;
mod timespan;

pub use arm::{Arm, Listed, Read};
pub use graph::{GraphAnswer, GraphQuery, ResourceGraph};
pub use logs::{LogAnalytics, LogAnswer, LogTable};
pub use name::{Location, ResourceGroup, ResourceName, SubscriptionId, WorkspaceId};
pub use resource::ResourceId;
pub use timespan::Timespan;

/// The upstream of Resource Manager and Resource Graph, as `toolset.toml` names it.
pub const ARM: &str = "azure-arm";

/// The upstream of Log Analytics, as `toolset.toml` names it.
pub const LOGS: &str = "azure-logs";
