//! Tool `review_activity_log`.

use holmes_plugin::{azure::ResourceId, prelude::*};

use crate::{
    activity::{self, Search},
    which::WhichGroup,
    window::Window,
};

/// Reviews the last 24 hours of a resource group's activity log, failures first. For other times use `azure_activity_log`.
#[tool(read_only)]
pub fn review_activity_log(host: &Host, arguments: WhichGroup) -> Result<Output, ToolError> {
    let window = Window::read(host, None, None, activity::KEPT)?;
    let group = arguments.group(host)?;
    let about = Some(ResourceId::of_group(&group));
    activity::tell(host, &Search { subscription: group.subscription, about, window })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{NOW, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    #[test]
    fn a_quiet_group_is_no_data_and_says_where_else_to_look() {
        let path = format!(
            "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
        );
        let host = Canned::new().at(NOW).answer("azure-arm", &path, 200, r#"{"value":[]}"#).host();
        let arguments = WhichGroup {
            resource_group_name: "shop-prod-rg".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        let output = review_activity_log(&host, arguments).unwrap();
        assert!(output.is_no_data() && output.to_text().contains("node resource group"), "{output:?}");
    }
}
