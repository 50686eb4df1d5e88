//! A bearer token from the configuration (`azure_ad_token`, `AZURE_AD_TOKEN`): used as it is until it is over.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use futures::future::{BoxFuture, ready};
use http::{HeaderMap, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};

use super::{cache::bearer, jwt::Claims};
use crate::{AuthError, AuthErrorKind, Authorizer, Readiness, Stamp};

/// Long enough to get another one by hand.
const WARNING: Duration = Duration::from_mins(10);

/// A token that nobody here can renew.
pub struct StaticToken {
    token: SecretString,
    /// From its `exp`, which is not verified; none: it does not say.
    expires: Option<SystemTime>,
    warned: AtomicBool,
}

impl StaticToken {
    /// White space around the token is dropped: it comes from files and copied lines.
    pub fn new(token: &SecretString) -> Self {
        let token = token.expose_secret().trim();
        let expires = Claims::peek(token).and_then(|claims| claims.moment("exp"));
        Self { token: SecretString::from(token.to_owned()), expires, warned: AtomicBool::new(false) }
    }

    /// When its time is over, if it says so.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    fn header_at(&self, now: SystemTime) -> Result<http::HeaderValue, AuthError> {
        if self.is_over(now) {
            let message = "the fixed Entra token (`azure_ad_token`, AZURE_AD_TOKEN) has expired; \
                           set a new one, or remove it so that the credential chain is used";
            return Err(AuthError::new(AuthErrorKind::Expired, message));
        }
        self.warn_once(now);
        bearer(&self.token).ok_or_else(|| {
            let message = "the fixed Entra token (`azure_ad_token`, AZURE_AD_TOKEN) is empty, \
                           or holds characters that no header can carry";
            AuthError::new(AuthErrorKind::Configuration, message)
        })
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// True: a warning was written.
    fn warn_once(&self, now: SystemTime) -> bool {
        let Some(left) = self.expires.and_then(|expires| expires.duration_since(now).ok()) else {
            return false;
        };
        let news = left <= WARNING && !self.warned.swap(true, Ordering::Relaxed);
        if news {
            tracing::warn!(
                remaining_seconds = left.as_secs(),
                "the fixed Entra token (`azure_ad_token`, AZURE_AD_TOKEN) expires soon and is not renewed"
            );
        }
        news
    }
}

impl fmt::Debug for StaticToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StaticToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Authorizer for StaticToken {
    fn sign<'a>(&'a self, headers: &'a mut HeaderMap) -> BoxFuture<'a, Result<Stamp, AuthError>> {
        let signed = self.header_at(SystemTime::now()).map(|header| {
            headers.insert(AUTHORIZATION, header);
            Stamp(0)
        });
        Box::pin(ready(signed))
    }

    /// There is no other one.
    fn refused(&self, _stamp: Stamp) -> bool {
        false
    }

    fn redact(&self, text: &str) -> String {
        match self.token.expose_secret() {
            "" => text.to_owned(),
            token => text.replace(token, "[redacted]"),
        }
    }

    fn readiness(&self) -> Readiness {
        if self.is_over(SystemTime::now()) { Readiness::Expired } else { Readiness::Ready }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entra::jwt::tests::token;

    const EXPIRES: u64 = 4_000_000_000;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn static_token(claims: &serde_json::Value) -> StaticToken {
        StaticToken::new(&SecretString::from(token(claims)))
    }

    #[tokio::test]
    async fn a_static_token_signs_as_it_is_and_is_not_renewed() {
        let text = token(&json!({"exp": EXPIRES}));
        let authorizer = StaticToken::new(&SecretString::from(format!(" {text}\n")));
        let mut headers = HeaderMap::new();
        let stamp = authorizer.sign(&mut headers).await.unwrap();
        assert_eq!(headers[AUTHORIZATION], format!("Bearer {text}"));
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert!(!authorizer.refused(stamp), "a 401 is not retried");
        assert_eq!(authorizer.readiness(), Readiness::Ready);
        assert_eq!(authorizer.expires(), Some(at(EXPIRES)));
    }

    #[tokio::test]
    async fn an_expired_static_token_is_an_error_of_its_own() {
        let authorizer = static_token(&json!({"exp": 1_000_000}));
        let error = authorizer.sign(&mut HeaderMap::new()).await.unwrap_err();
        assert_eq!(error.kind, AuthErrorKind::Expired);
        assert_eq!(authorizer.readiness(), Readiness::Expired);
    }

    #[test]
    fn the_end_is_announced_once_ten_minutes_before() {
        let authorizer = static_token(&json!({"exp": EXPIRES}));
        let told = [700, 601, 600, 599, 10].map(|left| authorizer.warn_once(at(EXPIRES - left)));
        assert_eq!(told, [false, false, true, false, false]);
    }

    #[tokio::test]
    async fn a_token_that_says_nothing_of_its_end_is_used() {
        let authorizer = StaticToken::new(&SecretString::from("opaque"));
        assert_eq!(authorizer.expires(), None);
        let mut headers = HeaderMap::new();
        authorizer.sign(&mut headers).await.unwrap();
        assert_eq!(headers[AUTHORIZATION], "Bearer opaque");
    }

    #[tokio::test]
    async fn what_no_header_can_carry_is_a_configuration_error() {
        for text in ["", " ", "a\nb", "a\u{7f}b"] {
            let authorizer = StaticToken::new(&SecretString::from(text));
            let error = authorizer.sign(&mut HeaderMap::new()).await.unwrap_err();
            assert_eq!(error.kind, AuthErrorKind::Configuration, "{text:?}");
        }
    }

    #[test]
    fn a_static_token_is_in_no_text() {
        let text = token(&json!({"exp": EXPIRES}));
        let authorizer = StaticToken::new(&SecretString::from(text.clone()));
        assert_eq!(authorizer.redact(&format!("got {text}.")), "got [redacted].");
        assert!(!format!("{authorizer:?}").contains(&text));
        assert_eq!(StaticToken::new(&SecretString::from("")).redact("text"), "text");
    }
}
