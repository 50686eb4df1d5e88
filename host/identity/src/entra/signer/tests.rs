//! What requests see of the cache: the header, the answer to a 401, and nothing else.

use super::*;
use crate::{
    AuthErrorKind,
    entra::cache::tests::source::{Answer, SCOPE, Scripted, pass},
};

fn signer(source: &Scripted) -> Signer<Scripted> {
    Signer::new(source.slot())
}

/// Signs, and says what with.
async fn sign(authorizer: &dyn Authorizer) -> (Stamp, String) {
    let mut headers = HeaderMap::new();
    let stamp = authorizer.sign(&mut headers).await.unwrap();
    assert!(headers[AUTHORIZATION].is_sensitive());
    (stamp, headers[AUTHORIZATION].to_str().unwrap().trim_end_matches(SCOPE).to_owned())
}

/// A data plane that refuses the tokens it is told to; one retry, as a model client does it.
async fn call(authorizer: &dyn Authorizer, is_refused: impl Fn(&str) -> bool) -> Result<String, String> {
    let (stamp, token) = sign(authorizer).await;
    if !is_refused(&token) {
        return Ok(token);
    }
    if !authorizer.refused(stamp) {
        return Err(token);
    }
    let (_, token) = sign(authorizer).await;
    if is_refused(&token) { Err(token) } else { Ok(token) }
}

#[tokio::test(start_paused = true)]
async fn data_plane_401_refreshes_once() {
    let source = Scripted::always(Answer::token(3600));
    let signer = signer(&source);
    sign(&signer).await;
    let answer = call(&signer, |token| token.contains("token-1-")).await;
    assert_eq!(answer, Ok("Bearer token-2-for-".to_owned()));
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_refuses_every_token_costs_one_refresh_in_thirty_seconds() {
    let source = Scripted::always(Answer::token(3600));
    let signer = signer(&source);
    for _ in 0..59 {
        assert!(call(&signer, |_| true).await.is_err());
        pass(1).await;
    }
    assert_eq!(source.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn twenty_requests_refused_together_cause_one_refresh() {
    let source = Scripted::always(Answer::token(3600));
    let signer = signer(&source);
    let mut stamps = Vec::new();
    for _ in 0..20 {
        stamps.push(sign(&signer).await.0);
    }
    assert!(stamps.iter().all(|stamp| signer.refused(*stamp)), "each is worth one more try");
    assert_eq!(sign(&signer).await.1, "Bearer token-2-for-");
    assert!(stamps.iter().all(|stamp| signer.refused(*stamp)), "the next one is another already");
    assert_eq!(sign(&signer).await.1, "Bearer token-2-for-", "a late refusal drops no newer token");
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stamp_from_nowhere_is_worth_no_try() {
    let source = Scripted::always(Answer::token(3600));
    let signer = signer(&source);
    assert!(!signer.refused(Stamp(0)));
    assert!(!signer.refused(Stamp(7)));
    sign(&signer).await;
    assert!(!signer.refused(Stamp(0)));
    assert!(!signer.refused(Stamp(7)));
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_token_is_an_error_with_its_kind_and_no_header() {
    let source = Scripted::always(Answer::fails(AuthErrorKind::Refused));
    let signer = signer(&source);
    assert_eq!(signer.readiness(), Readiness::Ready, "nothing is known against it");
    let mut headers = HeaderMap::new();
    let error = signer.sign(&mut headers).await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::Refused);
    assert!(headers.is_empty());
    assert_eq!(signer.readiness(), Readiness::Failing);
}

#[tokio::test(start_paused = true)]
async fn this_and_the_last_token_are_taken_out_of_texts() {
    let source = Scripted::always(Answer::token(3600));
    let signer = signer(&source);
    let (stamp, _) = sign(&signer).await;
    signer.refused(stamp);
    sign(&signer).await;
    let text = signer.redact(&format!("a token-1-for-{SCOPE} b token-2-for-{SCOPE} c token-3-for-{SCOPE}"));
    assert_eq!(text, format!("a [redacted] b [redacted] c token-3-for-{SCOPE}"));
    assert!(!format!("{signer:?}").contains("token-"));
}
