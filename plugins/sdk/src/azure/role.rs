//! A read that Azure did not permit, told as what is missing: the role, the scope, and the command that grants it.

use crate::azure::{ResourceId, name::guid};

/// Which service refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Resource Manager, or Resource Graph behind it.
    Arm,
    /// Log Analytics.
    Logs,
}

/// What an answer of 403 says about the missing permission. Azure's own text is the only place that has it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Missing<'a> {
    action: Option<&'a str>,
    scope: Option<String>,
    object_id: Option<String>,
}

/// One paragraph: what may not be read, which role is missing where, and how an administrator grants it.
pub(super) fn explanation(service: Service, code: &str, message: &str) -> String {
    let missing = Missing::read(message);
    let role = role(service, missing.action);
    let action = missing.action.map(|action| format!(" ({action})")).unwrap_or_default();
    let placeholder = match service {
        Service::Arm => "/subscriptions/SUBSCRIPTION_ID",
        Service::Logs => "RESOURCE_ID_OF_THE_WORKSPACE",
    };
    let scope = missing.scope.as_deref().unwrap_or(placeholder);
    let assignee = missing.object_id.as_deref().unwrap_or("OBJECT_ID_OF_THE_IDENTITY");
    format!(
        "Azure does not permit this read{action}: {code}. The identity that holmes-host uses lacks the role \"{role}\" at \
         scope {scope}. This means unknown, not absent. Somebody who may assign roles can grant it: \
         az role assignment create --assignee-object-id {assignee} --assignee-principal-type ServicePrincipal \
         --role \"{role}\" --scope \"{scope}\" (a person's own identity: --assignee-principal-type User). A new \
         assignment takes up to 10 minutes to be seen."
    )
}

/// The smallest built-in role that covers the reads of this service.
fn role(service: Service, action: Option<&str>) -> &'static str {
    let of_logs = action
        .is_some_and(|action| action.to_ascii_lowercase().starts_with("microsoft.operationalinsights/"));
    if service == Service::Logs || of_logs { "Log Analytics Reader" } else { "Reader" }
}

impl<'a> Missing<'a> {
    /// Looks for `with object id 'X'`, `perform action 'X'` and `over scope 'X'`. A part that does not look like
    /// what it should be is left out: people paste the command.
    fn read(message: &'a str) -> Self {
        let action = quoted(message, "perform action '").filter(|action| {
            action.len() <= 200
                && action
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'*'))
        });
        Self {
            action,
            scope: quoted(message, "over scope '")
                .and_then(|scope| ResourceId::parse(scope).ok())
                .map(|scope| scope.to_string()),
            object_id: quoted(message, "object id '").and_then(guid),
        }
    }
}

/// What stands between `before` and the next quotation mark.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once('\'').map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_role_scope_and_identity() {
        let message = "The client '0a1b' with object id '99999999-8888-7777-6666-555555555555' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/read' over scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/prod' or the scope is invalid.";
        let text = explanation(Service::Arm, "AuthorizationFailed", message);
        assert!(
            text.contains(
                "az role assignment create --assignee-object-id 99999999-8888-7777-6666-555555555555 \
                 --assignee-principal-type ServicePrincipal --role \"Reader\" --scope \
                 \"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/prod\""
            ),
            "{text}"
        );
        assert!(text.contains("(Microsoft.ContainerService/managedClusters/read)"), "{text}");
    }

    #[test]
    fn nothing_of_an_odd_message_reaches_the_command() {
        let message =
            "with object id '$(reboot)' perform action 'a; reboot' over scope '/subscriptions/x\"; reboot #'";
        let text = explanation(Service::Arm, "AuthorizationFailed", message);
        assert!(!text.contains("reboot"), "{text}");
        assert!(text.contains("--scope \"/subscriptions/SUBSCRIPTION_ID\""), "{text}");
    }

    #[test]
    fn log_queries_need_their_own_role() {
        let text = explanation(Service::Logs, "InsufficientAccessError", "no");
        assert!(
            text.contains("--role \"Log Analytics Reader\" --scope \"RESOURCE_ID_OF_THE_WORKSPACE\""),
            "{text}"
        );
    }
}
