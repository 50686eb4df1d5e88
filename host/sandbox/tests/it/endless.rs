//! Rows 1, 2, 6, 8, 9 and 31 (sleep, neighbours): guests that do not come back, and what is left of them.

use std::time::{Duration, Instant};

use holmes_protocol::{ToolErrorKind, ToolOutcome};
use holmes_sandbox::{Settings, Wishes};
use holmes_toolset::{CallContext, Invocation, Toolset};
use serde_json::json;

use crate::{
    wat::{Core, LOOP},
    world::{TOOL, call, context, fails, hostile, house, load, says, short, still_works},
};

#[tokio::test]
async fn an_endless_loop_ends_at_the_deadline_and_a_neighbour_does_not_notice() {
    let _house = house().await;
    let (hostile, neighbour) = (hostile(short()).await, hostile(Settings::default()).await);
    let spinning = (0..4).map(|_| fails(&hostile, "spin", json!({}), ToolErrorKind::Timeout));
    let spinning = futures::future::join_all(spinning);
    let working = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let started = Instant::now();
            still_works(&neighbour).await;
            slowest = slowest.max(started.elapsed());
        }
        slowest
    };
    let (errors, slowest) = tokio::join!(spinning, working);
    assert!(errors.iter().all(|error| error.message.contains("its limit")), "{errors:?}");
    assert!(slowest < Duration::from_secs(5), "a neighbour waited {slowest:?}");
    still_works(&hostile).await;
}

#[tokio::test]
async fn time_spent_in_the_guest_has_a_limit_of_its_own() {
    let _house = house().await;
    let limits = Wishes { cpu_seconds: Some(1), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..Settings::default() }).await;
    let error = fails(&hostile, "spin", json!({}), ToolErrorKind::Timeout).await;
    assert!(error.message.contains("of CPU"), "{error:?}");
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_loop_in_a_start_function_an_allocator_or_a_clean_up_ends_at_the_deadline() {
    let _house = house().await;
    for core in [
        Core { more: "(func $start (loop $again (br $again))) (start $start)", ..Core::default() },
        Core { realloc: LOOP, ..Core::default() },
        Core { post: LOOP, ..Core::default() },
        Core { invoke: LOOP, ..Core::default() },
    ] {
        let guest = load(core.packed(), short()).await.unwrap();
        fails(&guest, TOOL, json!({}), ToolErrorKind::Timeout).await;
    }
}

#[tokio::test]
async fn a_guest_written_by_hand_can_be_honest() {
    let _house = house().await;
    let guest = load(Core::default().packed(), Settings::default()).await.unwrap();
    assert_eq!(says(&guest, TOOL, json!({})).await, "fine");
}

#[tokio::test]
async fn an_endless_loop_of_a_cheap_import_is_stopped_by_the_count_of_host_calls() {
    let _house = house().await;
    let hostile = hostile(Settings::default()).await;
    let error = fails(&hostile, "spin_on_an_import", json!({}), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("more than 2000 calls of the host"), "{error:?}");
    still_works(&hostile).await;
}

#[tokio::test]
async fn deep_recursion_is_a_trap_and_no_crash_of_the_host() {
    let _house = house().await;
    let hostile = hostile(Settings::default()).await;
    for tool in ["recurse", "recurse_in_turns"] {
        let error = fails(&hostile, tool, json!({}), ToolErrorKind::Internal).await;
        assert!(error.message.contains("`hostile` crashed"), "{error:?}");
        still_works(&hostile).await;
    }
}

#[tokio::test]
async fn a_crash_leaves_nothing_behind() {
    let _house = house().await;
    let hostile = hostile(Settings::default()).await;
    for _ in 0..2 {
        assert_eq!(says(&hostile, "count", json!({})).await, "0");
        let error = fails(&hostile, "crash", json!({}), ToolErrorKind::Internal).await;
        assert_eq!(error.message, "toolset `hostile` crashed");
    }
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_trap_inside_a_host_callback_ends_that_call_alone() {
    let _house = house().await;
    // Every second call of the allocator would trap if anything survived the first.
    let traps = Core { realloc: "unreachable", ..Core::default() };
    let guest = load(traps.packed(), Settings::default()).await.unwrap();
    for _ in 0..2 {
        let error = fails(&guest, TOOL, json!({}), ToolErrorKind::Internal).await;
        assert!(error.message.contains("`by-hand`"), "{error:?}");
    }
    let honest = load(Core::default().packed(), Settings::default()).await.unwrap();
    assert_eq!(says(&honest, TOOL, json!({})).await, "fine");
}

#[tokio::test]
async fn an_hour_of_sleep_ends_at_the_deadline() {
    let _house = house().await;
    let hostile = hostile(short()).await;
    fails(&hostile, "sleep", json!({}), ToolErrorKind::Timeout).await;
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_cancelled_call_says_so_and_a_dropped_one_frees_its_place() {
    let _house = house().await;
    let limits = Wishes { concurrency: Some(1), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..Settings::default() }).await;
    let asleep = || Invocation { tool: "sleep".parse().unwrap(), arguments: json!({}) };
    let cancelled = context();
    let token = cancelled.cancellation.clone();
    let cancel = async {
        // Until it sleeps.
        tokio::time::sleep(Duration::from_millis(200)).await;
        token.cancel();
    };
    let (outcome, ()) = tokio::join!(hostile.invoke(asleep(), cancelled), cancel);
    assert!(matches!(outcome, ToolOutcome::Failure(error) if error.kind == ToolErrorKind::Cancelled));
    for tool in ["sleep", "spin"] {
        let dropped = call(&hostile, tool, json!({}));
        assert!(tokio::time::timeout(Duration::from_millis(100), dropped).await.is_err(), "{tool} came back");
        still_works(&hostile).await;
    }
}

#[tokio::test]
async fn sixty_four_calls_of_one_toolset_leave_places_for_another() {
    let _house = house().await;
    let (hostile, neighbour) = (hostile(short()).await, hostile(Settings::default()).await);
    let flood = futures::future::join_all((0..64).map(|_| call(&hostile, "sleep", json!({}))));
    let (outcomes, ()) = tokio::join!(flood, still_works(&neighbour));
    let ended = |kind: ToolErrorKind| {
        let matches =
            |outcome: &&ToolOutcome| matches!(outcome, ToolOutcome::Failure(error) if error.kind == kind);
        outcomes.iter().filter(matches).count()
    };
    // Eight at a time. The others have the same deadline: how many of them get a place in the moment before
    // it, and are stopped too, is the machine's affair. That a call without a place says so is the next test.
    let (stopped, busy) = (ended(ToolErrorKind::Timeout), ended(ToolErrorKind::Unavailable));
    assert!(stopped >= 8 && stopped + busy == 64, "{stopped} stopped, {busy} busy");
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_call_that_finds_no_place_before_its_deadline_says_so() {
    let _house = house().await;
    let limits = Wishes { concurrency: Some(1), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..Settings::default() }).await;
    let asleep = Invocation { tool: "sleep".parse().unwrap(), arguments: json!({}) };
    let asleep = hostile.invoke(asleep, context());
    // Until it has the only place.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let hurried =
        CallContext { deadline: tokio::time::Instant::now() + Duration::from_millis(500), ..context() };
    let second = Invocation { tool: "fine".parse().unwrap(), arguments: json!({}) };
    tokio::select! {
        biased;
        outcome = asleep => panic!("{outcome:?}"),
        outcome = hostile.invoke(second, hurried) => {
            let ToolOutcome::Failure(error) = outcome else { panic!("{outcome:?}") };
            assert_eq!(error.kind, ToolErrorKind::Unavailable, "{error:?}");
            assert!(error.message.contains("busy") && error.retryable, "{error:?}");
        }
    }
    still_works(&hostile).await;
}

#[tokio::test]
async fn an_author_can_not_wish_for_the_places_of_others() {
    let manifest = "schema = 1\n[toolset]\nname = \"greedy\"\nversion = \"1\"\ncontract = \"0.1\"\ndescription = \"x\"\n";
    let manifest =
        holmes_sandbox::Manifest::from_toml(&format!("{manifest}[limits]\nconcurrency = 64\n")).unwrap();
    let limits = holmes_sandbox::Limits::effective(&manifest.limits, &Wishes::default());
    assert_eq!(limits.concurrency, holmes_sandbox::Limits::default().concurrency);
    let operator = Wishes { concurrency: Some(64), ..Wishes::default() };
    assert_eq!(holmes_sandbox::Limits::effective(&manifest.limits, &operator).concurrency, 64);
}
