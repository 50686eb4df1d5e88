use axum::{
    body::Body,
    http::{Request, StatusCode},
};

use super::fakes::{KEY, Script, json as read_json, open, send, state};
use crate::{Access, ApiKey, Config, Unauthenticated, check_bind, router};

async fn status(access: Access, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let router = router(state(&Script::new(Vec::new()), Config { access, ..open() }));
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = send(&router, request.body(Body::empty()).unwrap()).await;
    let refused = response.status();
    if !refused.is_success() {
        // Searches the body for canaries, the key among them.
        assert!(read_json(response).await.1["detail"].is_string());
    }
    refused
}

#[tokio::test]
async fn with_a_key_only_the_key_opens() {
    let wrong = format!("{KEY}x");
    let (bearer, upper) = (format!("Bearer {KEY}"), format!("bEARER  {KEY}"));
    let cases: [(&[(&str, &str)], u16); 11] = [
        (&[], 401),
        (&[("x-api-key", KEY)], 200),
        (&[("X-API-KEY", KEY)], 200),
        (&[("x-api-key", &wrong)], 401),
        (&[("x-api-key", "")], 401),
        (&[("authorization", &bearer)], 200),
        (&[("authorization", &upper)], 200),
        (&[("authorization", KEY)], 401),
        (&[("authorization", "Basic abc")], 401),
        (&[("x-api-key", &wrong), ("authorization", &bearer)], 401),
        (&[("x-api-key", KEY), ("authorization", "Bearer no"), ("origin", "https://evil.example")], 200),
    ];
    for (headers, expected) in cases {
        let access = Access::Key(ApiKey::new(KEY));
        assert_eq!(status(access.clone(), "/api/model", headers).await.as_u16(), expected, "{headers:?}");
        let unknown = if expected == 200 { 404 } else { 401 };
        assert_eq!(status(access.clone(), "/nothing", headers).await.as_u16(), unknown, "{headers:?}");
        assert_eq!(status(access.clone(), "/healthz", headers).await, StatusCode::OK);
        assert_eq!(status(access, "/readyz", headers).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn without_a_key_foreign_pages_are_refused() {
    let cases: [(&[(&str, &str)], u16); 16] = [
        (&[("host", "127.0.0.1:5050")], 200),
        (&[("host", "127.8.9.1")], 200),
        (&[("host", "localhost:5050")], 200),
        (&[("host", "LOCALHOST")], 200),
        (&[("host", "[::1]:5050")], 200),
        (&[("host", "localhost:5050"), ("origin", "http://localhost:5050")], 200),
        (&[("host", "localhost:5050"), ("origin", "http://localhost:3000")], 403),
        (&[("host", "localhost:5050"), ("origin", "https://evil.example")], 403),
        (&[("host", "localhost:5050"), ("origin", "null")], 403),
        (&[("host", "evil.example:5050")], 403),
        (&[("host", "evil.example"), ("origin", "http://evil.example")], 403),
        (&[("host", "localhost.evil.example")], 403),
        (&[("host", "127.0.0.1.evil.example")], 403),
        (&[("host", "localhost@evil.example")], 403),
        (&[("host", "localhost"), ("host", "evil.example")], 403),
        (&[], 403),
    ];
    for (headers, expected) in cases {
        let found = status(Access::Loopback, "/api/model", headers).await;
        assert_eq!(found.as_u16(), expected, "{headers:?}");
        assert_eq!(status(Access::Loopback, "/healthz", headers).await, StatusCode::OK);
    }
}

#[test]
fn an_address_beyond_loopback_needs_a_key_or_a_word() {
    use Unauthenticated::{Allowed, Refused};
    let check = |address: &str, key, word| check_bind(address.parse().unwrap(), key, word);
    for local in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(check(local, None, Refused), Ok(Access::Loopback));
        assert_eq!(check(local, Some(""), Allowed), Ok(Access::Loopback));
    }
    for beyond in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1"] {
        let error = check(beyond, Some(""), Refused).unwrap_err().to_string();
        for way_out in ["HOLMES_API_KEY", "127.0.0.1", "HOLMES_UNSAFE_ALLOW_UNAUTHENTICATED=true"] {
            assert!(error.contains(way_out), "{error}");
        }
        assert_eq!(check(beyond, None, Allowed), Ok(Access::Open));
        assert_eq!(check(beyond, Some(KEY), Refused), Ok(Access::Key(ApiKey::new(KEY))));
    }
    assert!(!format!("{:?}", Access::Key(ApiKey::new(KEY))).contains(KEY));
}
