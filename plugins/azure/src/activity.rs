//! The activity log: who did what to which resource, and how it ended. One operation writes several events,
//! and a loop that fails writes hundreds; here both are one row.

use std::collections::{BTreeMap, BTreeSet};

use holmes_plugin::{
    azure::{Arm, Read, ResourceId, SubscriptionId},
    prelude::*,
    serde_json,
};

use crate::{
    api, field, moment,
    report::Report,
    window::{Bounds, DAY, Window},
};

/// What the service keeps.
pub(crate) const KEPT: Bounds = Bounds { longest: 90 * DAY, oldest: 90 * DAY };

/// Rows: failures come first, so that what is left out matters least.
const ROWS: usize = 60;

/// The fields that are read. `claims` is not among them: it holds addresses of people.
const FIELDS: &str =
    "eventTimestamp,caller,operationName,status,subStatus,level,resourceId,correlationId,properties";

/// What to look for.
#[derive(Debug)]
pub(crate) struct Search {
    /// Whose log.
    pub(crate) subscription: SubscriptionId,
    /// The group or the resource; none for the whole subscription.
    pub(crate) about: Option<ResourceId>,
    /// When.
    pub(crate) window: Window,
}

/// Operations that are alike, and ended alike.
#[derive(Debug, Default)]
struct Row {
    failed: bool,
    count: usize,
    first: String,
    last: String,
    cells: [String; 5],
}

/// Reads the log and tells it, failures first.
pub(crate) fn tell(host: &Host, search: &Search) -> Result<Output, ToolError> {
    let path =
        format!("{}/providers/Microsoft.Insights/eventtypes/management/values", search.subscription.path());
    let read = Read::new(path, api::ACTIVITY).with("$filter", search.filter()).with("$select", FIELDS);
    let listed = Arm::new(host).list(&read, api::PAGES)?;
    if listed.items.is_empty() {
        return Ok(Output::no_data(format!(
            "the activity log has no event about {} from {}. Reads are never logged; what happens inside the cluster \
             is not either. A cluster's scale sets and load balancers are in its node resource group.",
            search.place(),
            search.window
        )));
    }
    let rows = rows(&listed.items);
    let failures = rows.iter().filter(|row| row.failed).count();
    let mut report = Report::new(host);
    report.line(format!("Activity log of {}, {}", search.place(), search.window));
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    report.table(
        &["LAST", "FIRST", "COUNT", "STATUS", "OPERATION", "RESOURCE", "CALLER", "WHY"],
        &cells,
        ROWS,
    );
    report.note(format!(
        "{} events are {} rows, {failures} of them failures (first); alike operations are one row",
        listed.items.len(),
        rows.len()
    ));
    if listed.more {
        report.left_out(format!(
            "only the newest {} events were read ({} pages); ask for a shorter window or one resource",
            listed.items.len(),
            api::PAGES
        ));
    }
    if let Some(id) = &search.about {
        report.source(id);
    }
    Ok(report.finish())
}

impl Search {
    fn filter(&self) -> String {
        let Window { start, end } = self.window;
        let (start, end) = (moment::rfc3339(start), moment::rfc3339(end));
        let time = format!("eventTimestamp ge '{start}' and eventTimestamp le '{end}'");
        match &self.about {
            // No name may hold a quotation mark, so none can end the string it stands in.
            Some(id) if is_group(id) => format!("{time} and resourceGroupName eq '{}'", id.name()),
            Some(id) => format!("{time} and resourceUri eq '{id}'"),
            None => time,
        }
    }

    fn place(&self) -> String {
        match &self.about {
            Some(id) if is_group(id) => format!("resource group {}", id.name()),
            Some(id) => id.to_string(),
            None => format!("subscription {}", self.subscription),
        }
    }
}

fn is_group(id: &ResourceId) -> bool {
    id.as_str().split('/').count() == 5
}

fn rows(events: &[Value]) -> Vec<Row> {
    let final_ones: BTreeSet<(String, String)> =
        events.iter().filter(|event| is_final(event)).map(operation).collect();
    let mut rows: BTreeMap<[String; 5], Row> = BTreeMap::new();
    for event in events {
        if !is_final(event) && final_ones.contains(&operation(event)) {
            continue;
        }
        let cells = cells(event);
        let at = moment::short(&field::text(event, "/eventTimestamp"));
        let row = rows.entry(cells.clone()).or_insert_with(|| Row {
            failed: status(event) == "Failed"
                || matches!(field::text(event, "/level").as_str(), "Error" | "Critical"),
            first: at.clone(),
            cells,
            ..Row::default()
        });
        row.count += 1;
        if at < row.first {
            row.first.clone_from(&at);
        }
        if at > row.last {
            row.last = at;
        }
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    // Twice, each stable: within failures and within the rest the newest comes first.
    rows.sort_by(|one, other| other.last.cmp(&one.last));
    rows.sort_by_key(|row| !row.failed);
    rows
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let first = if self.count > 1 { self.first.clone() } else { String::new() };
        let mut cells = vec![self.last.clone(), first, self.count.to_string()];
        cells.extend(self.cells.iter().cloned());
        cells
    }
}

fn status(event: &Value) -> String {
    field::text(event, "/status/value")
}

/// `Started` and `Accepted` are followed by how it ended.
fn is_final(event: &Value) -> bool {
    !matches!(status(event).as_str(), "Started" | "Accepted" | "InProgress")
}

fn operation(event: &Value) -> (String, String) {
    (field::text(event, "/correlationId"), field::text(event, "/operationName/value"))
}

fn cells(event: &Value) -> [String; 5] {
    let id = field::text(event, "/resourceId");
    let parts: Vec<&str> = id.split('/').collect();
    let resource = match parts.as_slice() {
        [.., kind, name] if parts.len() > 5 => format!("{kind}/{name}"),
        _ => field::last_segment(&id).to_owned(),
    };
    [
        [status(event), field::text(event, "/subStatus/value")].join(" ").trim().to_owned(),
        field::text(event, "/operationName/value"),
        resource,
        field::text(event, "/caller"),
        why(event),
    ]
}

/// The innermost error of the JSON that Azure keeps as text in `statusMessage`.
fn why(event: &Value) -> String {
    let message = field::text(event, "/properties/statusMessage");
    let Ok(parsed) = serde_json::from_str::<Value>(&message) else { return message };
    let mut error = parsed.get("error").unwrap_or(&parsed);
    let code = field::text(error, "/code");
    while let Some(detail) = error.pointer("/details/0").filter(|detail| detail.is_object()) {
        error = detail;
    }
    let inner = field::text(error, "/code");
    let code = if inner == code { code } else { format!("{code}/{inner}") };
    format!("{code}: {}", field::text(error, "/message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::serde_json::json;

    fn event(time: &str, correlation: &str, status: &str, message: Option<&str>) -> Value {
        json!({
            "eventTimestamp": time, "correlationId": correlation, "caller": "ops@example.com",
            "operationName": {"value": "Microsoft.Compute/virtualMachineScaleSets/write"},
            "status": {"value": status}, "subStatus": {"value": ""}, "level": "Informational",
            "resourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/vmss",
            "properties": message.map(|message| json!({"statusMessage": message})),
        })
    }

    #[test]
    fn failures_lead_and_events_of_one_operation_are_one_row() {
        let message = r#"{"status":"Failed","error":{"code":"ResourceOperationFailure","message":"outer","details":[{"code":"SubnetIsFull","message":"no room"}]}}"#;
        let events = [
            event("2026-11-20T09:00:00Z", "a", "Succeeded", None),
            event("2026-11-20T08:59:00Z", "a", "Started", None),
            event("2026-11-20T08:30:00Z", "b", "Failed", Some(message)),
            event("2026-11-20T08:29:00Z", "b", "Accepted", None),
            event("2026-11-20T08:20:00Z", "c", "Failed", Some(message)),
            event("2026-11-20T09:10:00Z", "d", "Started", None),
        ];
        let rows = rows(&events);
        assert_eq!(rows.len(), 3);
        assert_eq!((rows[0].failed, rows[0].count), (true, 2));
        let cells = rows[0].cells();
        assert_eq!(cells[0], "2026-11-20T08:30:00Z");
        assert_eq!(cells[1], "2026-11-20T08:20:00Z");
        assert_eq!(cells[5], "virtualMachineScaleSets/vmss");
        assert_eq!(cells[7], "ResourceOperationFailure/SubnetIsFull: no room");
        assert_eq!(rows[1].cells()[3], "Started", "an operation under way is not lost");
    }
}
