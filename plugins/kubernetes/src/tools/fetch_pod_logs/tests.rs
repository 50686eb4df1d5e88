use super::*;
use crate::fixture::{Fixture, asked, is_truncated, pod};

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
        pod_name: Some("api-1".to_owned()),
        namespace: "a".to_owned(),
        label_selector: None,
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
    let output = fetch(&fixture().host(), |it| it.pod_name = Some("api".to_owned())).unwrap();
    assert!(output.is_no_data() && output.to_text().contains("api-1"));
    let error = fetch(&fixture().forbid("pods/log").host(), |_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PolicyDenied);
    assert!(error.message.starts_with("not permitted to read the logs of pod `api-1`"), "{error}");
}

/// Two pods of a workload and one of another, each with a line of its own.
fn workload() -> Fixture {
    ["worker-1", "worker-2", "other-1"].iter().enumerate().fold(Fixture::new(), |cluster, (second, name)| {
        cluster.with(pod("a", name)).log(
            "a",
            name,
            "app",
            false,
            format!("2026-11-16T15:10:0{second}Z ERROR of {name}\n2026-11-16T15:11:00Z fine\n"),
        )
    })
}

#[test]
fn several_pods_are_read_by_pattern_or_labels_and_each_line_says_its_pod() {
    let text = |change: fn(&mut FetchPodLogs)| fetch(&workload().host(), change).unwrap().to_text();
    let pattern = text(|it| {
        it.pod_name = Some("worker-*".to_owned());
        it.filter = Some("error".to_owned());
    });
    let expected = "[worker-1/app] 2026-11-16T15:10:00.000Z ERROR of worker-1\n\
                    [worker-2/app] 2026-11-16T15:10:01.000Z ERROR of worker-2\n\n\
                    -- 2 pods worker-* in namespace a, window";
    assert!(pattern.starts_with(expected), "{pattern}");
    assert!(pattern.contains("2 matching of 4 lines, of worker-"), "{pattern}");
    let labels = text(|it| {
        it.pod_name = None;
        it.label_selector = Some("app=other-1".to_owned());
    });
    assert!(labels.contains("ERROR of other-1") && !labels.contains("worker"), "{labels}");
    assert!(labels.contains("-- 1 pods * with label selector app=other-1 in namespace a"), "{labels}");
}

#[test]
fn pods_that_are_not_there_are_no_data_and_pods_that_are_not_named_an_error() {
    let host = workload().host();
    let output = fetch(&host, |it| it.pod_name = Some("wroker-*".to_owned())).unwrap();
    assert!(output.is_no_data());
    let text = output.to_text();
    assert!(text.contains("no pod in namespace a has a name like `wroker-*`: searched 3."), "{text}");
    assert!(text.contains("Nearest: worker-1, worker-2"), "{text}");
    let error = fetch(&host, |it| it.pod_name = None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArguments);
    assert!(error.message.contains("label_selector"), "{error}");
}

#[test]
fn of_many_pods_those_with_a_problem_are_read_and_the_rest_is_told() {
    let mut cluster = Fixture::new();
    for number in 0..300 {
        let mut pod = pod("a", &format!("p{number:03}"));
        if number == 150 {
            pod["status"]["containerStatuses"][0]["state"] =
                json!({"waiting": {"reason": "CrashLoopBackOff"}});
        }
        cluster = cluster.with(pod).log(
            "a",
            &format!("p{number:03}"),
            "app",
            false,
            format!("2026-11-16T15:10:00Z I am {number}\n"),
        );
    }
    let host = cluster.host();
    let text = fetch(&host, |it| it.pod_name = Some("*".to_owned())).unwrap().to_text();
    assert!(text.contains("I am 150\n"), "{text}");
    assert!(text.contains("-- note: 250 of 300 pods were left out (at most 50"), "{text}");
    assert!(text.contains("and 42 more logs"), "{text}");
    assert_eq!(asked(&host, "logs"), 50);
}

#[test]
fn the_newest_lines_of_a_huge_log_are_found_though_a_kubelet_cuts_them_off() {
    let filler = "x".repeat(400);
    let mut log = String::new();
    for line in 0..30_000 {
        log.push_str(&format!("2026-11-16T15:10:00.{line:09}Z {filler} {line}\n"));
    }
    log.push_str("2026-11-16T15:10:01Z the last words\n");
    let host = Fixture::new().with(pod("a", "api-1")).log("a", "api-1", "app", false, log).host();
    let text = fetch(&host, |it| it.filter = Some("last words|zzz".to_owned())).unwrap().to_text();
    assert!(text.starts_with("2026-11-16T15:10:01.000Z the last words\n"), "{text}");
    assert!(text.contains("-- note: app: only its newest ") && text.contains("of at least "), "{text}");
    let all = fetch(&host, |it| it.limit = Some(1_000_000)).unwrap();
    assert!(is_truncated(&all) && all.to_text().len() < 61_500);
    assert!(all.to_text().contains("the last words"));
}

#[test]
fn binary_garbage_and_endless_lines_are_logs_too() {
    let mut log = b"2026-11-16T15:10:00Z begin\n".to_vec();
    log.extend((0..=255_u8).cycle().take(100_000));
    log.extend(b"\n2026-11-16T15:11:00Z ");
    log.extend(std::iter::repeat_n(b'y', 5 << 20));
    let host = Fixture::new().with(pod("a", "api-1")).log("a", "api-1", "app", false, log).host();
    let text = fetch(&host, |_| ()).unwrap().to_text();
    assert!(text.len() < 61_500, "{}", text.len());
    assert!(text.contains("2026-11-16T15:11:00.000Z yyy"), "the end is shown: {}", &text[..200]);
    assert!(text.contains("cut at 4194304 bytes within a line"));
}

#[test]
fn equal_lines_are_counted_up_to_the_limit_that_was_applied() {
    let log = "2026-11-16T15:10:00Z tick\n".repeat(2_500);
    let host = Fixture::new().with(pod("a", "api-1")).log("a", "api-1", "app", false, log).host();
    let text = fetch(&host, |_| ()).unwrap().to_text();
    assert!(text.contains("tick  [x2000]"), "{text}");
    assert!(text.contains("from at least 2000 matching of at least 2000 lines"), "{text}");
}
