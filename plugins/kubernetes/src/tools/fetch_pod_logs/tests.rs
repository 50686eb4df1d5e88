use super::*;
use crate::fixture::{Fixture, is_truncated, pod};

fn restarted() -> Value {
    let mut pod = pod("a", "api-1");
    pod["status"]["containerStatuses"][0]["restartCount"] = json!(2);
    pod
}

fn fixture() -> Fixture {
    Fixture::new()
        .with(restarted())
        .log(
            "a",
            "api-1",
            "app",
            false,
            "2026-11-16T15:10:00Z up\n2026-11-16T15:11:00Z tick\n2026-11-16T15:12:00Z tick\n",
        )
        .log("a", "api-1", "app", true, "2026-11-16T15:05:00Z FATAL: no database\n")
}

fn fetch(host: &Host, change: impl FnOnce(&mut FetchPodLogs)) -> Result<Output, ToolError> {
    let mut arguments = FetchPodLogs {
        pod_name: "api-1".to_owned(),
        namespace: "a".to_owned(),
        start_time: None,
        end_time: None,
        limit: None,
        filter: None,
        exclude_filter: None,
    };
    change(&mut arguments);
    fetch_pod_logs(host, arguments)
}

#[test]
fn current_and_previous_logs_are_merged_and_folded() {
    let text = fetch(&fixture().host(), |_| ()).unwrap().to_text();
    let expected = "\
[app (previous)] 2026-11-16T15:05:00.000Z FATAL: no database
[app] 2026-11-16T15:10:00.000Z up
[app] 2026-11-16T15:11:00.000Z tick  [x2]

-- pod api-1 in namespace a, window 2026-11-09T15:29:20Z to 2026-11-16T15:29:20Z
-- newest 3 of 3 entries (limit 100), from 4 matching of 4 lines, of app (previous), app; equal lines in a row are one entry";
    assert_eq!(text, expected);
}

#[test]
fn filters_windows_and_limits_narrow() {
    let host = fixture().host();
    let text = |change: fn(&mut FetchPodLogs)| fetch(&host, change).unwrap().to_text();
    let fatal = text(|it| it.filter = Some("fatal".to_owned()));
    assert!(
        fatal.contains("FATAL") && !fatal.contains("] 2026-11-16T15:10") && fatal.contains("filter `fatal`"),
        "{fatal}"
    );
    let quiet = text(|it| it.exclude_filter = Some("tick|up".to_owned()));
    assert!(quiet.contains("1 matching of 4 lines"), "{quiet}");
    let late = text(|it| it.start_time = Some(Moment::Seconds(-1_200)));
    assert!(!late.contains("FATAL") && late.contains("up"), "{late}");
    let literal = text(|it| it.filter = Some("FATAL(".to_owned()));
    assert!(literal.contains("searched literally"), "{literal}");
    let newest = fetch(&host, |it| it.limit = Some(1)).unwrap();
    assert!(is_truncated(&newest) && newest.to_text().contains("newest 1 of 3 entries (limit 1)"));
}

#[test]
fn nothing_in_the_window_is_no_data_that_says_what_was_searched() {
    let output = fetch(&fixture().host(), |it| it.start_time = Some(Moment::Text("-60".to_owned()))).unwrap();
    assert!(output.is_no_data());
    assert!(output.to_text().contains("window 2026-11-16T15:28:20Z"), "{}", output.to_text());
}

#[test]
fn a_container_that_never_started_is_a_note() {
    let mut pod = pod("a", "api-1");
    pod["spec"]["containers"] = json!([{"name": "app", "image": "x"}, {"name": "side", "image": "y"}]);
    let host = Fixture::new().with(pod).log("a", "api-1", "app", false, "2026-11-16T15:10:00Z up\n").host();
    let text = fetch(&host, |_| ()).unwrap().to_text();
    assert!(text.contains("-- note: no log of side: container \"side\" is waiting to start"), "{text}");
}

#[test]
fn a_wrong_name_suggests_the_right_one_and_forbidden_is_an_error() {
    let output = fetch(&fixture().host(), |it| it.pod_name = "api".to_owned()).unwrap();
    assert!(output.is_no_data() && output.to_text().contains("api-1"));
    let error = fetch(&fixture().forbid("pods/log").host(), |_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PolicyDenied);
    assert!(error.message.starts_with("not permitted to read the logs of pod `api-1`"), "{error}");
}
