//! Who shares a token, an acquisition and an error, and who does not.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use secrecy::SecretString;

use super::source::{Answer, SCOPE, Scripted, ask, bearer, pass};
use crate::{
    AuthErrorKind,
    entra::{Identity, cache::Cache},
};

const CALLERS: usize = 10_000;

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_cause_one_acquisition() {
    let source = Scripted::slow(Duration::from_millis(50), Answer::token(3600));
    let slot = source.slot();
    let callers = (0..CALLERS).map(|_| {
        let slot = Arc::clone(&slot);
        tokio::spawn(async move { ask(&slot).await })
    });
    for answer in join_all(callers).await {
        assert_eq!(answer.unwrap(), Ok(bearer(1)));
    }
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_cause_one_failure() {
    let source = Scripted::slow(Duration::from_millis(50), Answer::fails(AuthErrorKind::Transient));
    let slot = source.slot();
    let callers = (0..CALLERS).map(|_| {
        let slot = Arc::clone(&slot);
        tokio::spawn(async move { ask(&slot).await })
    });
    for answer in join_all(callers).await {
        assert_eq!(answer.unwrap(), Err("refused 1".to_owned()));
    }
    assert_eq!(source.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_on_many_threads_cause_one_acquisition() {
    let source = Scripted::slow(Duration::from_millis(20), Answer::token(3600));
    let slot = source.slot();
    let callers = (0..CALLERS).map(|_| {
        let slot = Arc::clone(&slot);
        tokio::spawn(async move { ask(&slot).await })
    });
    for answer in join_all(callers).await {
        assert_eq!(answer.unwrap(), Ok(bearer(1)));
    }
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_scopes_in_parallel() {
    let cache = Cache::new(Scripted::slow(Duration::from_millis(300), Answer::token(3600)));
    let slots = ["a", "b"].map(|scope| cache.slot(Identity::default(), scope.to_owned()));
    let started = tokio::time::Instant::now();
    join_all(slots.iter().map(ask)).await;
    assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
    assert_eq!(cache.source().asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_does_not_take_the_acquisition_away() {
    let source = Scripted::slow(Duration::from_secs(5), Answer::token(3600));
    let slot = source.slot();
    let impatient = tokio::time::timeout(Duration::from_secs(1), ask(&slot)).await;
    assert!(impatient.is_err());
    pass(5).await;
    assert_eq!(slot.fresh().map(|token| token.generation()), Some(1));
    assert_eq!(source.asked(), 1);
}

#[test]
fn an_acquisition_whose_runtime_is_gone_is_started_again() {
    let source = Scripted::slow(Duration::from_millis(50), Answer::token(3600));
    let slot = source.slot();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime()
        .block_on(async { tokio::time::timeout(Duration::from_millis(5), ask(&slot)).await })
        .unwrap_err();
    assert_eq!(runtime().block_on(ask(&slot)), Ok(bearer(2)));
}

#[tokio::test(start_paused = true)]
async fn one_identity_and_scope_share_a_token_and_others_do_not() {
    let cache = Cache::new(Scripted::always(Answer::token(3600)));
    let base = Identity { client_id: Some("client".into()), ..Identity::default() };
    let with_secret =
        |secret: &str| Identity { client_secret: Some(SecretString::from(secret)), ..base.clone() };
    let slot = |who: &Identity, scope: &str| cache.slot(who.clone(), scope.to_owned());
    let first = slot(&base, SCOPE);
    assert!(Arc::ptr_eq(&first, &slot(&base.clone(), SCOPE)));
    let others = [
        slot(&base, "another scope"),
        slot(&Identity { tenant_id: Some("tenant".into()), ..base.clone() }, SCOPE),
        slot(&Identity { client_id: None, ..base.clone() }, SCOPE),
        slot(&Identity { only: Some(crate::entra::Link::WorkloadIdentity), ..base.clone() }, SCOPE),
        slot(&with_secret("one"), SCOPE),
        slot(&with_secret("two"), SCOPE),
    ];
    for (index, slot) in others.iter().enumerate() {
        assert!(!Arc::ptr_eq(&first, slot));
        assert!(others.iter().skip(index + 1).all(|other| !Arc::ptr_eq(slot, other)));
    }
    assert!(Arc::ptr_eq(&slot(&with_secret("one"), SCOPE), &others[4]));
}

#[tokio::test(start_paused = true)]
async fn places_that_nobody_uses_go_once_their_token_is_over() {
    let cache = Cache::new(Scripted::always(Answer::token(100)));
    ask(&cache.slot(Identity::default(), "old".to_owned())).await.unwrap();
    let kept = cache.slot(Identity::default(), "new".to_owned());
    assert_eq!(cache.statistics().tokens.len(), 2, "a reload finds the token of before");
    pass(200).await;
    let newest = cache.slot(Identity::default(), "newest".to_owned());
    let scopes: Vec<String> = cache.statistics().tokens.into_iter().map(|token| token.scope).collect();
    assert_eq!(scopes, ["new", "newest"]);
    drop((kept, newest));
}

#[tokio::test(start_paused = true)]
async fn statistics_count_acquisitions_by_source_and_outcome() {
    let cache = Cache::new(Scripted::slow(Duration::from_secs(2), Answer::token(3600)));
    let slot = cache.slot(Identity::default(), SCOPE.to_owned());
    cache.source().next(Answer::fails(AuthErrorKind::Transient));
    ask(&slot).await.unwrap_err();
    pass(3).await;
    ask(&slot).await.unwrap();
    pass(10).await;
    assert!(slot.refused(1));
    let statistics = cache.statistics();
    assert_eq!(statistics.invalidations, 1);
    let counted: Vec<_> = statistics
        .refreshes
        .iter()
        .map(|counted| (counted.source, counted.obtained, counted.failed))
        .collect();
    assert_eq!(counted, [("WorkloadIdentityCredential", 1, 0), ("none", 0, 1)]);
    assert!(statistics.refreshes.iter().all(|counted| (1.9..2.1).contains(&counted.seconds)));
    ask(&slot).await.unwrap();
    pass(7).await;
    let token = cache.statistics().tokens.remove(0);
    assert_eq!((token.scope.as_str(), token.age_seconds, token.failing), (SCOPE, Some(7), false));
    assert!(token.remaining_seconds.is_some_and(|left| (3500..=3593).contains(&left)));
}
