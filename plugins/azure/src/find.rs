//! Finds a cluster by its name alone, as an operator thinks of it.

use holmes_plugin::{
    azure::{GraphQuery, ResourceGraph, ResourceId, ResourceName, SubscriptionId},
    prelude::*,
};

use crate::{field, which};

/// More clusters of one name than a subscription can have reasons for.
const MOST: usize = 20;

/// A cluster as Resource Graph knows it.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its id.
    pub(crate) id: ResourceId,
    /// The group it is in.
    pub(crate) group: String,
    /// The group that AKS made for its nodes.
    pub(crate) node_group: String,
    /// Its region.
    pub(crate) location: String,
}

/// The clusters of a name in a subscription.
#[derive(Debug)]
pub(crate) struct Search {
    /// What was looked for.
    pub(crate) name: ResourceName,
    /// Where.
    pub(crate) subscription: SubscriptionId,
    /// What was found.
    pub(crate) clusters: Vec<Found>,
}

/// Looks for a cluster.
pub(crate) fn cluster(host: &Host, which: &which::WhichName) -> Result<Search, ToolError> {
    let subscription = which::subscription(host, which.subscription_id.as_deref())?;
    // A name has no quotation mark and no backslash, so it can not end the string that it stands in.
    let name = ResourceName::parse(&which.cluster_name)?;
    let query = format!(
        "resources | where type =~ 'microsoft.containerservice/managedclusters' and name =~ '{name}' | project id, \
         name, resourceGroup, location, nodeResourceGroup = tostring(properties.nodeResourceGroup)"
    );
    let asked = GraphQuery { subscriptions: vec![subscription.clone()], query, rows: MOST };
    let answer = ResourceGraph::new(host).query(&asked)?;
    let clusters = answer.rows.iter().filter_map(found).collect();
    Ok(Search { name, subscription, clusters })
}

impl Search {
    /// What to say when there is none.
    pub(crate) fn nothing(&self) -> Output {
        Output::no_data(format!(
            "no AKS cluster named `{}` in subscription {} that the identity may read: Resource Graph leaves out what \
             it may not. Check the name and the subscription.",
            self.name, self.subscription
        ))
    }
}

fn found(row: &Value) -> Option<Found> {
    Some(Found {
        id: ResourceId::parse(&field::text(row, "/id")).ok()?,
        group: field::text(row, "/resourceGroup"),
        node_group: field::text(row, "/nodeResourceGroup"),
        location: field::text(row, "/location"),
    })
}
