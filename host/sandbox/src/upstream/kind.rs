//! The kinds of upstreams that this host can bind. A kind knows its hosts, its audience and how a request to
//! it is read; another Azure service is a line in each table below.

use std::fmt;

use http::Method;
use serde::Deserialize;

use super::{
    azure,
    cloud::Cloud,
    target::{Refusal, ServiceRequest},
};

/// What an upstream is, as manifests and the configuration spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Kubernetes API.
    Kubernetes,
    /// Azure Resource Manager.
    AzureArm,
    /// Azure Monitor's Log Analytics API.
    AzureLogs,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Kubernetes, Self::AzureArm, Self::AzureLogs];

    /// As it is spelt.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::AzureArm => "azure-arm",
            Self::AzureLogs => "azure-logs",
        }
    }

    /// The kind of this name, if this host can bind it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whom a token for the service is made out to, by cloud; none for what has no token of Entra's.
    const fn audience(self, cloud: Cloud) -> Option<&'static str> {
        let [public, us_government, china] = match self {
            Self::Kubernetes => return None,
            Self::AzureArm => {
                ["management.azure.com", "management.usgovcloudapi.net", "management.chinacloudapi.cn"]
            }
            Self::AzureLogs => ["api.loganalytics.io", "api.loganalytics.us", "api.loganalytics.azure.cn"],
        };
        Some(match cloud {
            Cloud::Public => public,
            Cloud::UsGovernment => us_government,
            Cloud::China => china,
        })
    }

    /// The one host that the service has in a cloud; none for what has an address of its own everywhere.
    pub const fn host(self, cloud: Cloud) -> Option<&'static str> {
        match self {
            Self::Kubernetes => None,
            Self::AzureArm | Self::AzureLogs => self.audience(cloud),
        }
    }

    /// The scope of the token that the service takes.
    pub fn scope(self, cloud: Cloud) -> Option<String> {
        self.audience(cloud).map(|audience| format!("https://{audience}/.default"))
    }

    /// Reads a request to the service. The path is normalised already.
    pub(crate) fn read(self, method: &Method, segments: Vec<String>) -> Result<ServiceRequest, Refusal> {
        match self {
            Self::Kubernetes => Ok(ServiceRequest::plain(method, segments)),
            Self::AzureArm => Ok(azure::arm(method, segments)?),
            Self::AzureLogs => Ok(azure::logs(method, segments)?),
        }
    }

    /// Whether its answers describe resources, whose settings may hold credentials.
    pub(crate) const fn describes_resources(self) -> bool {
        matches!(self, Self::AzureArm)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
