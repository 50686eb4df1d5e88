use super::*;

const AUDIENCE: &str = "https://cognitiveservices.azure.com";

async fn get(url: &str, header: Option<(&str, &str)>) -> (u16, Value) {
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let mut request = http.get(url);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

fn token_url(imds: &FakeImds) -> String {
    format!("{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={AUDIENCE}", imds.host())
}

#[tokio::test]
async fn a_token_of_the_machine_is_good_at_the_data_plane() {
    let tokens = Arc::new(Tokens::default());
    let imds = FakeImds::start(Arc::clone(&tokens)).await;
    let (status, answer) = get(&token_url(&imds), Some(("metadata", "true"))).await;
    assert_eq!(status, 200);
    assert!(answer["expires_on"].is_string() && answer["resource"] == AUDIENCE);
    let token = answer["access_token"].as_str().unwrap();
    assert!(tokens.accepts(token, AUDIENCE, tokens.now()));
    assert!(imds.canaries().iter().any(|canary| token.contains(canary)));
    imds.set_mood(ImdsMood::NumericExpiry);
    assert!(get(&token_url(&imds), Some(("metadata", "true"))).await.1["expires_on"].is_u64());
    imds.set_mood(ImdsMood::NoResource);
    assert!(get(&token_url(&imds), Some(("metadata", "true"))).await.1["resource"].is_null());
}

#[tokio::test]
async fn a_probe_without_the_header_is_refused_as_by_the_real_one() {
    let imds = FakeImds::start(Arc::default()).await;
    let (status, answer) = get(&token_url(&imds), None).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_request".into()));
    assert_eq!(imds.requests()[0].query["api-version"], "2018-02-01");
}

#[tokio::test]
async fn another_identity_and_every_mood_have_their_answers() {
    let imds = FakeImds::start(Arc::default()).await;
    let other = format!("{}&client_id=unknown", token_url(&imds));
    let (status, answer) = get(&other, Some(("metadata", "true"))).await;
    assert_eq!((status, &answer["error_description"]), (400, &"Identity not found".into()));
    let own = format!("{}&client_id={}", token_url(&imds), imds.client_id());
    assert_eq!(get(&own, Some(("metadata", "true"))).await.0, 200);
    let moods = [
        (ImdsMood::NoIdentity, 400),
        (ImdsMood::NotFound, 404),
        (ImdsMood::Gone, 410),
        (ImdsMood::Throttled, 429),
        (ImdsMood::ServerError, 500),
        (ImdsMood::Unreachable, 403),
        (ImdsMood::Html, 200),
    ];
    for (mood, expected) in moods {
        imds.set_mood(mood);
        assert_eq!(get(&own, Some(("metadata", "true"))).await.0, expected, "{mood:?}");
    }
}

#[tokio::test]
async fn app_service_wants_its_header_and_its_version() {
    let tokens = Arc::new(Tokens::default());
    let imds = FakeImds::start(Arc::clone(&tokens)).await;
    let url = format!("{}?api-version=2019-08-01&resource={AUDIENCE}", imds.identity_endpoint());
    let header = Some(("x-identity-header", imds.identity_header()));
    assert_eq!(get(&url, None).await.0, 401);
    assert_eq!(get(&url.replace("2019-08-01", "2017-09-01"), header).await.0, 400);
    let (status, answer) = get(&url, header).await;
    assert_eq!(status, 200);
    assert!(tokens.accepts(answer["access_token"].as_str().unwrap(), AUDIENCE, tokens.now()));
}

#[tokio::test]
async fn silence_is_silent_until_the_fake_is_dropped() {
    let imds = FakeImds::start(Arc::default()).await;
    imds.set_mood(ImdsMood::Silent);
    let url = token_url(&imds);
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let waiting = tokio::spawn(http.get(url).send());
    while imds.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    drop(imds);
    waiting.await.unwrap().unwrap_err();
}
