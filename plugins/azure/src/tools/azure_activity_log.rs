//! Tool `azure_activity_log`.

use holmes_plugin::{azure::ResourceId, prelude::*};

use crate::{
    activity::{self, Search},
    which,
    window::Window,
};

/// Whose log, and when.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Activity {
    /// Only this resource group. A cluster's scale sets and load balancers are in its node resource group.
    pub resource_group_name: Option<String>,
    /// Only this resource, by its whole id; instead of a group.
    pub resource_id: Option<String>,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
    /// Beginning of the window (RFC 3339), up to 90 days back. Left out: 24 hours before the end.
    pub start_time: Option<String>,
    /// End of the window (RFC 3339). Left out: now.
    pub end_time: Option<String>,
}

/// Reads the activity log: who changed, scaled or deleted what, what failed and why. Failures first, repeated ones counted.
#[tool(read_only)]
pub fn azure_activity_log(host: &Host, arguments: Activity) -> Result<Output, ToolError> {
    let (start, end) = (arguments.start_time.as_deref(), arguments.end_time.as_deref());
    let window = Window::read(host, start, end, activity::KEPT)?;
    let given = arguments.subscription_id.as_deref();
    let about = match (arguments.resource_id.as_deref(), arguments.resource_group_name.as_deref()) {
        (Some(id), _) => Some(ResourceId::parse(id)?),
        (None, Some(name)) => Some(ResourceId::of_group(&which::group(host, given, name)?)),
        (None, None) => None,
    };
    let subscription = match &about {
        Some(id) => id.subscription().clone(),
        None => which::subscription(host, given)?,
    };
    activity::tell(host, &Search { subscription, about, window })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, NOW, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    /// The `$filter` that was sent.
    fn filter(arguments: Activity) -> String {
        let host = Canned::new()
            .at(NOW)
            .setting("subscription_id", SUBSCRIPTION)
            .respond(|request| {
                assert!(request.path.ends_with("/providers/Microsoft.Insights/eventtypes/management/values"));
                let filter = &request.query.iter().find(|(name, _)| name == "$filter").unwrap().1;
                let event = json!({
                    "eventTimestamp": "2026-11-20T09:00:00Z", "operationName": {"value": filter},
                    "status": {"value": "Failed"}, "properties": {"statusMessage": "plain words"},
                });
                Some((200, json!({"value": [event]}).to_string().into_bytes()))
            })
            .host();
        azure_activity_log(&host, arguments).unwrap().to_text()
    }

    fn everything() -> Activity {
        Activity {
            resource_group_name: None,
            resource_id: None,
            subscription_id: None,
            start_time: None,
            end_time: None,
        }
    }

    #[test]
    fn the_log_is_narrowed_to_a_group_a_resource_or_a_time() {
        let time = "eventTimestamp ge '2026-11-19T09:30:00Z' and eventTimestamp le '2026-11-20T09:30:00Z'";
        let text = filter(everything());
        assert!(text.contains(&format!("| {time} |")) && text.contains("plain words"), "{text}");
        let text = filter(Activity { resource_group_name: Some("MC_shop".to_owned()), ..everything() });
        assert!(text.contains(&format!("{time} and resourceGroupName eq 'MC_shop'")), "{text}");
        let text = filter(Activity { resource_id: Some(CLUSTER.to_owned()), ..everything() });
        assert!(text.contains(&format!("and resourceUri eq '{CLUSTER}'")), "{text}");
    }

    #[test]
    fn more_than_ninety_days_back_is_refused() {
        let host = Canned::new().at(NOW).setting("subscription_id", SUBSCRIPTION).host();
        let arguments = Activity { start_time: Some("2026-01-01T00:00:00Z".to_owned()), ..everything() };
        let error = azure_activity_log(&host, arguments).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArguments);
    }
}
