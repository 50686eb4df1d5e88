//! Which credential an entry gets: the order of the documentation, one line each.

use holmes_identity::entra::{self, Entra};

use crate::{AuthMethod, Config, ModelList, Registry, registry};

const BASE: &str = "https://c.openai.azure.com";

/// Method, origin and scope of an entry, or the reason why it is disabled.
fn auth(entry: &str, variables: &[(&str, &str)]) -> Result<(AuthMethod, String, Option<String>), String> {
    let list = ModelList::parse("f", &format!("a: {{ {entry} }}")).unwrap();
    let environment = variables.iter().copied().collect();
    let registry = Registry::new(list, Config::default(), environment, registry::tests::entra()).unwrap();
    let facts = registry.facts("a").map_err(|error| error.to_string())?;
    assert!(!format!("{facts:?}").contains("canary"), "{facts:?}");
    Ok((facts.auth.method, facts.auth.origin, facts.auth.scope))
}

#[test]
fn the_documented_order_decides() {
    let public = || Some("https://cognitiveservices.azure.com/.default".to_owned());
    let on = ("AZURE_AD_TOKEN_AUTH", "true");
    let key = ("AZURE_API_KEY", "canary-env");
    let federated = ("AZURE_FEDERATED_TOKEN_FILE", "/t");
    for (extra, variables, method, origin, scope) in [
        ("azure_ad_token: canary", vec![on, key], AuthMethod::StaticToken, "`azure_ad_token`", None),
        ("azure_ad_token: oidc/azure/api", vec![], AuthMethod::Entra, "`azure_ad_token: oidc", public()),
        (
            "tenant_id: t, client_id: c, client_secret: canary",
            vec![key],
            AuthMethod::Entra,
            "`client_secret`",
            public(),
        ),
        ("api_key: canary", vec![on], AuthMethod::Key, "`api_key`", None),
        (
            "temperature: 0",
            vec![on, ("AZURE_AD_TOKEN", "canary")],
            AuthMethod::StaticToken,
            "`AZURE_AD_TOKEN`",
            None,
        ),
        ("temperature: 0", vec![on, key], AuthMethod::Entra, "AZURE_AD_TOKEN_AUTH", public()),
        ("client_id: c", vec![key], AuthMethod::Entra, "`tenant_id` or `client_id`", public()),
        ("temperature: 0", vec![key, federated], AuthMethod::Key, "`AZURE_API_KEY`", None),
        (
            "temperature: 0",
            vec![("AZURE_OPENAI_API_KEY", "canary")],
            AuthMethod::Key,
            "`AZURE_OPENAI_API_KEY`",
            None,
        ),
        ("temperature: 0", vec![federated], AuthMethod::Entra, "`AZURE_FEDERATED_TOKEN_FILE`", public()),
        (
            "azure_scope: x/.default",
            vec![on, ("AZURE_SCOPE", "y")],
            AuthMethod::Entra,
            "",
            Some("x/.default".into()),
        ),
        (
            "temperature: 0",
            vec![on, ("AZURE_SCOPE", "y"), ("AZURE_COGNITIVE_SERVICES_SCOPE", "z")],
            AuthMethod::Entra,
            "",
            Some("z".into()),
        ),
    ] {
        let entry = format!("model: azure/d, api_base: \"{BASE}\", {extra}");
        let (found, from, audience) = auth(&entry, &variables).unwrap();
        assert_eq!((found, audience), (method, scope), "{extra} {variables:?}");
        assert!(from.contains(origin), "{extra}: {from}");
    }
}

#[test]
fn an_entry_without_any_credential_lists_the_three_ways() {
    let reason = auth(&format!("model: azure/d, api_base: \"{BASE}\""), &[]).unwrap_err();
    for way in ["AZURE_API_KEY", "AZURE_AD_TOKEN_AUTH=true", "client_secret"] {
        assert!(reason.contains(way), "{reason}");
    }
    let lonely = format!("model: azure/d, api_base: \"{BASE}\", client_secret: canary");
    assert!(auth(&lonely, &[]).unwrap_err().contains("AZURE_TENANT_ID"));
    let elsewhere = "model: openai/x, api_base: \"https://x.example\", client_secret: canary";
    assert!(auth(elsewhere, &[]).unwrap_err().contains("no Azure resource"));
}

#[test]
fn two_credentials_in_one_entry_disable_it() {
    for pair in [
        "api_key: canary, azure_ad_token: canary",
        "api_key: canary, client_secret: canary",
        "azure_ad_token: canary, client_secret: canary",
    ] {
        let reason = auth(&format!("model: azure/d, api_base: \"{BASE}\", {pair}"), &[]).unwrap_err();
        assert!(reason.contains("exclude each other") && !reason.contains("canary"), "{reason}");
    }
}

#[test]
fn a_tokens_audience_follows_the_host() {
    for (base, expected) in [
        ("https://c.openai.azure.us", "https://cognitiveservices.azure.us/.default"),
        ("https://c.openai.azure.cn", "https://cognitiveservices.azure.cn/.default"),
        ("https://c.services.ai.azure.com/api/projects/p", "https://ai.azure.com/.default"),
        ("https://c.services.ai.azure.com", "https://cognitiveservices.azure.com/.default"),
    ] {
        let entry = format!("model: azure/d, api_base: \"{base}\"");
        let (_, _, scope) = auth(&entry, &[("AZURE_AD_TOKEN_AUTH", "yes")]).unwrap();
        assert_eq!(scope.as_deref(), Some(expected), "{base}");
    }
    let plain = "model: azure/d, api_base: \"http://c.example\"";
    assert!(auth(plain, &[("AZURE_AD_TOKEN_AUTH", "1")]).unwrap_err().contains("only sent over https"));
}

#[test]
fn what_service_connector_sets_is_enough() {
    let base = |name| (name, "https://c.openai.azure.com/");
    for (variables, method, origin) in [
        (vec![base("AZURE_OPENAI_BASE")], AuthMethod::Entra, "AZURE_OPENAI_BASE"),
        (vec![base("AZURE_AISERVICES_OPENAI_BASE")], AuthMethod::Entra, "AZURE_AISERVICES_OPENAI_BASE"),
        (
            vec![base("AZURE_COGNITIVESERVICES_ENDPOINT")],
            AuthMethod::Entra,
            "AZURE_COGNITIVESERVICES_ENDPOINT",
        ),
        (
            vec![base("AZURE_OPENAI_BASE"), ("AZURE_OPENAI_KEY", "canary")],
            AuthMethod::Key,
            "AZURE_OPENAI_KEY",
        ),
        (
            vec![base("AZURE_AISERVICES_OPENAI_BASE"), ("AZURE_AISERVICES_KEY", "canary")],
            AuthMethod::Key,
            "AZURE_AISERVICES_KEY",
        ),
        (
            vec![base("AZURE_COGNITIVESERVICES_ENDPOINT"), ("AZURE_COGNITIVESERVICES_KEY", "canary")],
            AuthMethod::Key,
            "AZURE_COGNITIVESERVICES_KEY",
        ),
    ] {
        let (found, from, _) = auth("model: azure/d", &variables).unwrap();
        assert_eq!(found, method, "{variables:?}");
        assert!(from.contains(origin), "{from}");
    }
    // A key of one family is none for the endpoint of another.
    let mixed = [base("AZURE_OPENAI_BASE"), ("AZURE_AISERVICES_KEY", "canary")];
    assert_eq!(auth("model: azure/d", &mixed).unwrap().0, AuthMethod::Entra);
}

#[test]
fn service_connectors_principal_and_identity_are_taken_over() {
    let facts = |variables: &[(&str, &str)]| {
        let list = ModelList::parse("f", "a: { model: azure/d }").unwrap();
        let environment = variables.iter().copied().collect();
        let registry = Registry::new(list, Config::default(), environment, registry::tests::entra()).unwrap();
        registry.facts("a").unwrap().auth.identity
    };
    let base = ("AZURE_OPENAI_BASE", "https://c.openai.azure.com/");
    let principal = [
        base,
        ("AZURE_OPENAI_CLIENTID", "c"),
        ("AZURE_OPENAI_TENANTID", "t"),
        ("AZURE_OPENAI_CLIENTSECRET", "canary"),
    ];
    let identity = facts(&principal);
    assert_eq!((identity.client_id.as_deref(), identity.tenant_id.as_deref()), (Some("c"), Some("t")));
    assert!(identity.client_secret.is_some());
    assert_eq!(facts(&principal[..2]).client_id.as_deref(), Some("c"));
    // What the webhook put there is the identity of the pod.
    let webhook = [base, ("AZURE_OPENAI_CLIENTID", "c"), ("AZURE_CLIENT_ID", "w")];
    assert_eq!(facts(&webhook).client_id, None);
}

#[test]
fn a_gateways_audience_is_that_of_the_authoritys_cloud() {
    let config = entra::Config {
        authority_host: Some("https://login.microsoftonline.us/".to_owned()),
        ..entra::Config::default()
    };
    let scope = |base: &str| {
        let list = ModelList::parse("f", &format!("a: {{ model: azure/d, api_base: \"{base}\" }}")).unwrap();
        let environment = [("AZURE_AD_TOKEN_AUTH", "true")].into();
        let entra = Entra::new(config.clone()).unwrap();
        Registry::new(list, Config::default(), environment, entra).unwrap().facts("a").unwrap().auth.scope
    };
    let public = "https://cognitiveservices.azure.com/.default";
    assert_eq!(scope("https://gateway.example").unwrap(), public.replace(".com", ".us"));
    assert_eq!(scope("https://c.openai.azure.com").unwrap(), public);
}

#[test]
fn an_audience_that_is_none_disables_the_entry() {
    let entry = format!("model: azure/d, api_base: \"{BASE}\", azure_scope: \"x y;z\"");
    let reason = auth(&entry, &[("AZURE_AD_TOKEN_AUTH", "true")]).unwrap_err();
    assert!(reason.contains("scope"), "{reason}");
}
