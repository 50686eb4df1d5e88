//! Tool `aks_run_detector`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceName},
    prelude::*,
};

use crate::{
    api, detector, moment,
    report::Report,
    which,
    window::{Bounds, DAY, Window},
};

/// What the service allows.
const BOUNDS: Bounds = Bounds { longest: DAY, oldest: 30 * DAY };

/// Which detector, and when.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Detector {
    /// Resource group of the cluster (not the node resource group).
    pub resource_group_name: String,
    /// Name of the AKS cluster.
    pub cluster_name: String,
    /// The detector's id, as `aks_list_detectors` shows it.
    pub detector_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
    /// Beginning of the window (RFC 3339), up to 30 days back. Left out: 24 hours before the end.
    pub start_time: Option<String>,
    /// End of the window (RFC 3339), at most 24 hours after its beginning. Left out: now.
    pub end_time: Option<String>,
}

/// Runs one of AKS's own diagnoses (see `aks_list_detectors`) over up to 24 hours: its status first, then its findings.
#[tool(read_only)]
pub fn aks_run_detector(host: &Host, arguments: Detector) -> Result<Output, ToolError> {
    let window = Window::read(host, arguments.start_time.as_deref(), arguments.end_time.as_deref(), BOUNDS)?;
    let group = which::group(host, arguments.subscription_id.as_deref(), &arguments.resource_group_name)?;
    let cluster = which::cluster(&group, &ResourceName::parse(&arguments.cluster_name)?);
    let id = cluster.child("detectors", &ResourceName::parse(&arguments.detector_name)?);
    let read = Read::new(id.as_str(), api::DETECTORS)
        .with("startTime", moment::rfc3339(window.start))
        .with("endTime", moment::rfc3339(window.end));
    let answer = Arm::new(host).get(&read)?;
    let mut report = Report::new(host);
    report.line(format!("Detector {} of AKS cluster {}, {window}", id.name(), cluster.name()));
    detector::render(&mut report, answer.get("properties").unwrap_or(&Value::Null));
    report.source(&cluster);
    Ok(report.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, NOW, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    fn call(start: Option<&str>) -> Result<Output, ToolError> {
        let path = format!("{CLUSTER}/detectors/node-readiness");
        let host = Canned::new()
            .at(NOW)
            .respond(move |request| {
                assert_eq!(request.path, path);
                let query: Vec<&str> = request.query.iter().map(|(_, value)| value.as_str()).collect();
                assert_eq!(query, ["2024-08-01", "2026-11-19T09:30:00Z", "2026-11-20T09:30:00Z"]);
                let body = json!({"properties": {"status": {"statusId": 1, "message": "1 node was not ready"}, "dataset": []}});
                Some((200, body.to_string().into_bytes()))
            })
            .host();
        let arguments = Detector {
            resource_group_name: "shop-prod-rg".to_owned(),
            cluster_name: "shop-prod".to_owned(),
            detector_name: "node-readiness".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
            start_time: start.map(str::to_owned),
            end_time: None,
        };
        aks_run_detector(&host, arguments)
    }

    #[test]
    fn a_detector_runs_over_the_last_day_and_tells_its_status() {
        let text = call(None).unwrap().to_text();
        assert!(text.contains("\nStatus: Warning\nSays: 1 node was not ready\n"), "{text}");
    }

    #[test]
    fn a_window_that_the_service_refuses_is_not_sent() {
        assert_eq!(call(Some("2026-09-01T00:00:00Z")).unwrap_err().kind, ErrorKind::InvalidArguments);
    }
}
