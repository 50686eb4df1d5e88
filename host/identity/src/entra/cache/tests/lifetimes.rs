//! How long a token is used, and when the next one is looked for.

use super::source::{Answer, Scripted, ask, bearer, pass};
use crate::AuthErrorKind;

const HOUR: u64 = 3600;

/// Asks every `step` seconds for `seconds`.
async fn hold(source: &Scripted, seconds: u64, step: u64) {
    let slot = source.slot();
    for _ in 0..seconds / step {
        ask(&slot).await.unwrap();
        pass(step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_ten_minute_token_over_an_hour_costs_no_more_than_its_lifetimes_need() {
    let source = Scripted::always(Answer::token(600));
    hold(&source, HOUR, 5).await;
    // Renewed at half of its life less a little jitter: 12 to 14 times.
    assert!((12..=14).contains(&source.asked()), "{} acquisitions", source.asked());
}

#[tokio::test(start_paused = true)]
async fn tokens_of_seconds_are_used_until_they_are_over() {
    let source = Scripted::always(Answer::token(20));
    hold(&source, 300, 1).await;
    assert!((15..=16).contains(&source.asked()), "{} acquisitions", source.asked());
}

#[tokio::test(start_paused = true)]
async fn a_token_of_a_day_is_refreshed_at_half_of_its_life() {
    let source = Scripted::always(Answer::token(24 * HOUR));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    pass(12 * HOUR - 120).await;
    assert_eq!(ask(&slot).await, Ok(bearer(1)));
    pass(1).await;
    assert_eq!(source.asked(), 1);
    pass(150).await;
    assert_eq!(ask(&slot).await, Ok(bearer(1)), "the caller does not wait for the refresh");
    pass(1).await;
    assert_eq!(ask(&slot).await, Ok(bearer(2)));
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_hours_token_is_refreshed_more_than_five_minutes_before_its_end() {
    let source = Scripted::always(Answer::token(HOUR));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    pass(HOUR - 425).await;
    ask(&slot).await.unwrap();
    pass(1).await;
    assert_eq!(source.asked(), 1);
    pass(70).await;
    ask(&slot).await.unwrap();
    pass(1).await;
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn refresh_in_honoured() {
    let source = Scripted::always(Answer::Token { lifetime: 24 * HOUR, refresh_in: Some(1000) });
    let slot = source.slot();
    ask(&slot).await.unwrap();
    pass(930).await;
    ask(&slot).await.unwrap();
    pass(1).await;
    assert_eq!(source.asked(), 1, "not before refresh_in less its jitter");
    pass(70).await;
    ask(&slot).await.unwrap();
    pass(1).await;
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn short_token_reused() {
    let source = Scripted::always(Answer::token(240));
    let slot = source.slot();
    for _ in 0..35 {
        assert_eq!(ask(&slot).await, Ok(bearer(1)));
        pass(5).await;
    }
    assert_eq!(source.asked(), 1, "used until a minute before its end");
    pass(10).await;
    assert_eq!(ask(&slot).await, Ok(bearer(2)), "the last minute is not started with");
}

#[tokio::test(start_paused = true)]
async fn short_tokens_are_asked_for_every_thirty_seconds_at_most() {
    let source = Scripted::always(Answer::token(50));
    hold(&source, 300, 1).await;
    assert!(source.asked() <= 10, "{} acquisitions", source.asked());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_due_does_not_delay_the_caller() {
    let source = Scripted::slow(std::time::Duration::from_secs(20), Answer::token(HOUR));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    pass(HOUR - 350).await;
    let asked = tokio::time::Instant::now();
    assert_eq!(ask(&slot).await, Ok(bearer(1)));
    assert_eq!(asked.elapsed().as_secs(), 0);
    pass(21).await;
    assert_eq!(ask(&slot).await, Ok(bearer(2)));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_over_when_it_comes_is_an_error() {
    let source = Scripted::always(Answer::token(0));
    let slot = source.slot();
    let error = slot.token().await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::Transient);
    assert!(!error.message.contains("token-1"), "{}", error.message);
}
