//! What callers see when the provider fails, and how often it is asked then.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;

use super::source::{Answer, Scripted, ask, bearer, pass};
use crate::{AuthErrorKind, Readiness};

const HOUR: u64 = 3600;
const DOWN: Answer = Answer::Fails { kind: AuthErrorKind::Transient, retry_after: None };
const WRONG: Answer = Answer::Fails { kind: AuthErrorKind::Refused, retry_after: None };

#[tokio::test(start_paused = true)]
async fn sts_down_token_still_served() {
    let source = Scripted::always(Answer::token(HOUR));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    source.henceforth(DOWN);
    for _ in 0..HOUR - 10 {
        assert_eq!(ask(&slot).await, Ok(bearer(1)));
        pass(1).await;
    }
    // 30, 60, 120 … seconds apart in the last six minutes.
    assert!((3..=6).contains(&source.asked()), "{} acquisitions", source.asked());
    assert_eq!(slot.readiness(), Readiness::Ready, "there is a valid token");
    pass(11).await;
    assert_eq!(ask(&slot).await, Err(format!("refused {}", source.asked())));
    assert_eq!(slot.readiness(), Readiness::Failing);
    source.henceforth(Answer::token(HOUR));
    pass(3).await;
    assert!(ask(&slot).await.is_ok(), "pauses without a token start small, however many there were with one");
    assert_eq!(slot.readiness(), Readiness::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_honours_retry_after() {
    let source = Scripted::always(Answer::token(24 * HOUR));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    source.henceforth(Answer::Fails { kind: AuthErrorKind::Transient, retry_after: Some(300) });
    pass(12 * HOUR).await;
    for _ in 0..29 {
        ask(&slot).await.unwrap();
        pass(10).await;
    }
    assert_eq!(source.asked(), 2);
    pass(20).await;
    ask(&slot).await.unwrap();
    pass(1).await;
    assert_eq!(source.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_hint_of_hours_does_not_stop_the_renewal() {
    let source = Scripted::always(Answer::token(24 * HOUR));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    source.next(Answer::Fails { kind: AuthErrorKind::Transient, retry_after: Some(9 * HOUR) });
    pass(12 * HOUR).await;
    ask(&slot).await.unwrap();
    pass(1).await;
    assert_eq!(source.asked(), 2, "the renewal that fails");
    pass(660).await;
    ask(&slot).await.unwrap();
    pass(1).await;
    assert_eq!(source.asked(), 3);
    assert_eq!(ask(&slot).await, Ok(bearer(3)));
}

#[tokio::test(start_paused = true)]
async fn twenty_waiters_one_failed_call() {
    let source = Scripted::slow(Duration::from_millis(50), DOWN);
    let slot = source.slot();
    let started = tokio::time::Instant::now();
    let answers = join_all((0..20).map(|_| ask(&slot))).await;
    assert!(answers.iter().all(|answer| *answer == Err("refused 1".to_owned())), "{answers:?}");
    assert_eq!(source.asked(), 1);
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_remembered_for_two_to_ten_seconds() {
    let source = Scripted::always(DOWN);
    let slot = source.slot();
    for _ in 0..600 {
        ask(&slot).await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // At 0, 2, 6, 14, 24, 34, 44 and 54 seconds.
    assert_eq!(source.asked(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_tried_every_ten_seconds() {
    let source = Scripted::always(WRONG);
    let slot = source.slot();
    for _ in 0..300 {
        ask(&slot).await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(source.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_new_token_file_ends_the_memory_of_a_failure() {
    let source = Scripted::always(WRONG);
    let slot = source.slot();
    ask(&slot).await.unwrap_err();
    ask(&slot).await.unwrap_err();
    assert_eq!(source.asked(), 1);
    source.henceforth(Answer::token(HOUR));
    source.change();
    assert_eq!(ask(&slot).await, Ok(bearer(2)));
}

#[tokio::test(start_paused = true)]
async fn stale_assertion_after_24h_recovers() {
    let source = Scripted::always(Answer::token(24 * HOUR));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    source.henceforth(WRONG);
    for _ in 0..24 * 60 {
        assert_eq!(
            ask(&slot).await,
            Ok(bearer(1)),
            "an assertion refused is no reason to lose a valid token"
        );
        pass(60).await;
    }
    assert!(ask(&slot).await.is_err());
    source.henceforth(Answer::token(24 * HOUR));
    source.change();
    assert!(ask(&slot).await.is_ok(), "at once, not after the pause");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_is_an_error_and_not_the_end() {
    let source = Scripted::always(Answer::token(HOUR));
    source.next(Answer::Panics);
    let slot = source.slot();
    assert!(ask(&slot).await.unwrap_err().contains("broken off"));
    assert_eq!(ask(&slot).await, Ok(bearer(2)));
}

#[tokio::test(start_paused = true)]
async fn an_acquisition_that_hangs_ends() {
    let source = Scripted::slow(Duration::from_hours(9), Answer::token(HOUR));
    let error = source.slot().token().await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::Transient);
}

#[tokio::test(start_paused = true)]
async fn the_last_minute_of_a_token_is_used_when_there_is_no_other() {
    let source = Scripted::always(Answer::token(240));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    source.henceforth(DOWN);
    pass(190).await;
    let answers = join_all((0..20).map(|_| ask(&slot))).await;
    assert!(answers.iter().all(|answer| *answer == Ok(bearer(1))), "{answers:?}");
    assert_eq!(source.asked(), 2);
    assert_eq!(Arc::strong_count(&slot), 1, "no task holds on to it");
}
