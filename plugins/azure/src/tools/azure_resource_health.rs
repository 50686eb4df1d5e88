//! Tool `azure_resource_health`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceId},
    prelude::*,
};

use crate::{
    api, field, moment,
    report::{Report, flat},
    which,
    window::DAY,
};

/// Earlier states of a resource: enough to see whether it comes and goes.
const HISTORY: usize = 10;

/// Events of a subscription.
const EVENTS: usize = 30;

/// Days of events to look back.
const DAYS: i64 = 7;

/// Whose health.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Health {
    /// Whole id of a resource, a cluster or a virtual machine. Left out: service events of the subscription.
    pub resource_id: Option<String>,
    /// Subscription's GUID, for service events. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// Tells what Azure's platform says of a resource's health; without `RESOURCE_ID`, service issues and maintenance of 7 days.
#[tool(read_only)]
pub fn azure_resource_health(host: &Host, arguments: Health) -> Result<Output, ToolError> {
    match arguments.resource_id.as_deref() {
        Some(id) => resource(host, &ResourceId::parse(id)?),
        None => events(host, arguments.subscription_id.as_deref()),
    }
}

fn resource(host: &Host, id: &ResourceId) -> Result<Output, ToolError> {
    let statuses = format!("{id}/providers/Microsoft.ResourceHealth/availabilityStatuses");
    let reads = [Read::new(format!("{statuses}/current"), api::HEALTH), Read::new(statuses, api::HEALTH)];
    let mut answers = Arm::new(host).get_all(&reads).into_iter();
    let current = answers.next().unwrap_or(Ok(Value::Null))?;
    let mut report = Report::new(host);
    report.line(format!("Health of {id}"));
    let facts = [
        ("State", text(&current, "availabilityState")),
        ("Title", text(&current, "title")),
        ("Summary", text(&current, "summary")),
        ("Reason", text(&current, "reasonType")),
        ("Category", text(&current, "category")),
        ("Since", occurred(&current)),
        ("Reported", moment::short(&text(&current, "reportedTime"))),
        ("Expected to end", moment::short(&text(&current, "resolutionETA"))),
    ];
    for (label, value) in facts {
        report.fact(label, value);
    }
    for action in field::items(&current, "/properties/recommendedActions") {
        report.fact("Azure recommends", field::text(action, "/action"));
    }
    match answers.next() {
        Some(Ok(history)) => {
            let rows: Vec<Vec<String>> = field::items(&history, "/value")
                .map(|status| {
                    vec![
                        occurred(status),
                        text(status, "availabilityState"),
                        text(status, "title"),
                        text(status, "reasonType"),
                    ]
                })
                .collect();
            report.line("");
            report.table(&["SINCE", "STATE", "TITLE", "REASON"], &rows, HISTORY);
        }
        Some(Err(error)) => report.note(format!("its history could not be read: {error}")),
        None => {}
    }
    report.note("this is the platform's view; AKS's own checks are the detectors (aks_list_detectors)");
    report.source(id);
    Ok(report.finish())
}

fn events(host: &Host, given: Option<&str>) -> Result<Output, ToolError> {
    let subscription = which::subscription(host, given)?;
    let since = moment::rfc3339(moment::now(host) - DAYS * DAY);
    let path = format!("{}/providers/Microsoft.ResourceHealth/events", subscription.path());
    let listed =
        Arm::new(host).list(&Read::new(path, api::HEALTH).with("queryStartTime", since), api::PAGES)?;
    if listed.items.is_empty() {
        return Ok(Output::no_data(format!(
            "no service issues, maintenance or advisories in subscription {subscription} in the last {DAYS} days"
        )));
    }
    let mut rows: Vec<Vec<String>> = listed.items.iter().map(event).collect();
    rows.sort_by_key(|row| row.get(1).is_none_or(|status| status != "Active"));
    let active = rows.iter().filter(|row| row.get(1).is_some_and(|status| status == "Active")).count();
    let mut report = Report::new(host);
    report.table(&["TYPE", "STATUS", "LEVEL", "START", "SERVICES AND REGIONS", "TITLE"], &rows, EVENTS);
    report.note(format!("{} events of the last {DAYS} days, {active} active (first)", rows.len()));
    if listed.more {
        report.left_out(format!("the list goes on: only {} pages were read", api::PAGES));
    }
    Ok(report.finish())
}

fn event(event: &Value) -> Vec<String> {
    let impact: Vec<String> = field::items(event, "/properties/impact")
        .map(|impact| {
            let regions: Vec<String> = field::items(impact, "/impactedRegions")
                .map(|region| field::text(region, "/impactedRegion"))
                .collect();
            format!("{} ({})", field::text(impact, "/impactedService"), regions.join(", "))
        })
        .collect();
    vec![
        text(event, "eventType"),
        text(event, "status"),
        text(event, "eventLevel"),
        moment::short(&text(event, "impactStartTime")),
        flat(&impact.join("; "), 200),
        text(event, "title"),
    ]
}

fn text(object: &Value, key: &str) -> String {
    field::text(object, &format!("/properties/{key}"))
}

/// The older spelling has one `r`.
fn occurred(status: &Value) -> String {
    moment::short(&field::first(status, &["/properties/occurredTime", "/properties/occuredTime"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, NOW, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    fn ask(host: &Host, id: Option<&str>) -> Result<Output, ToolError> {
        let arguments =
            Health { resource_id: id.map(str::to_owned), subscription_id: Some(SUBSCRIPTION.to_owned()) };
        azure_resource_health(host, arguments)
    }

    #[test]
    fn a_resource_is_told_with_its_history() {
        let status = json!({"properties": {
            "availabilityState": "Unavailable", "title": "Unavailable", "summary": "The API server can not be reached.",
            "reasonType": "Unplanned", "occuredTime": "2026-11-20T08:00:00.1234567Z",
            "recommendedActions": [{"action": "Open a support request"}],
        }});
        let statuses = format!("{CLUSTER}/providers/Microsoft.ResourceHealth/availabilityStatuses");
        let host = Canned::new()
            .answer("azure-arm", &format!("{statuses}/current"), 200, status.to_string())
            .answer("azure-arm", &statuses, 200, json!({"value": [status]}).to_string())
            .host();
        let text = ask(&host, Some(CLUSTER)).unwrap().to_text();
        for expected in [
            "State: Unavailable\n",
            "Since: 2026-11-20T08:00:00Z\n",
            "Azure recommends: Open a support request\n",
            "2026-11-20T08:00:00Z | Unavailable | Unavailable | Unplanned\n",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn service_events_lead_with_the_active_ones() {
        let event = |title: &str, status: &str| {
            json!({"properties": {"eventType": "ServiceIssue", "status": status, "title": title,
                "impact": [{"impactedService": "AKS", "impactedRegions": [{"impactedRegion": "West Europe"}]}]}})
        };
        let path = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ResourceHealth/events");
        let body = json!({"value": [event("old", "Resolved"), event("new", "Active")]}).to_string();
        let host = Canned::new().at(NOW).answer("azure-arm", &path, 200, body).host();
        let text = ask(&host, None).unwrap().to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("| Active |") && lines[1].ends_with("AKS (West Europe) | new"), "{text}");
        let host = Canned::new().at(NOW).answer("azure-arm", &path, 200, r#"{"value":[]}"#).host();
        assert!(ask(&host, None).unwrap().is_no_data());
    }
}
