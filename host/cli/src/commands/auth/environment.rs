//! Check 1: which variables are there, and what their combination says. Names only, never a value.

use holmes_config::Environment;
use holmes_identity::entra::Examination;

use super::report::{Check, Status};
use crate::environment;

/// What decides about a credential of Azure.
const VARIABLES: [&str; 14] = [
    "AZURE_AD_TOKEN_AUTH",
    "AZURE_AD_TOKEN",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "AZURE_TOKEN_CREDENTIALS",
    "IDENTITY_ENDPOINT",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "AZURE_API_BASE",
    "AZURE_API_KEY",
    "AZURE_OPENAI_API_KEY",
];

/// Service Connector's families: the endpoint's variable, and those of its credential.
const FAMILIES: [(&str, [&str; 4]); 3] = [
    (
        "AZURE_OPENAI_BASE",
        ["AZURE_OPENAI_KEY", "AZURE_OPENAI_CLIENTID", "AZURE_OPENAI_CLIENTSECRET", "AZURE_OPENAI_TENANTID"],
    ),
    (
        "AZURE_AISERVICES_OPENAI_BASE",
        [
            "AZURE_AISERVICES_KEY",
            "AZURE_AISERVICES_CLIENTID",
            "AZURE_AISERVICES_CLIENTSECRET",
            "AZURE_AISERVICES_TENANTID",
        ],
    ),
    (
        "AZURE_COGNITIVESERVICES_ENDPOINT",
        [
            "AZURE_COGNITIVESERVICES_KEY",
            "AZURE_COGNITIVESERVICES_CLIENTID",
            "AZURE_COGNITIVESERVICES_CLIENTSECRET",
            "AZURE_COGNITIVESERVICES_TENANTID",
        ],
    ),
];

/// Advice that is about the shape of the environment.
pub(super) const ADVICE: [&str; 3] = ["webhook-missing", "client-id-missing", "identity-binding"];

/// The environment's shape; with an examination, what is missing in it.
pub(super) fn check(environment: &Environment, examination: Option<&Examination>) -> Check {
    const ID: &str = "environment";
    let families = FAMILIES.iter().flat_map(|(base, credential)| std::iter::once(base).chain(credential));
    let set: Vec<&str> =
        VARIABLES.iter().chain(families).filter(|name| environment.get(name).is_some()).copied().collect();
    let place = if environment.get(environment::IN_CLUSTER).is_some() { "in a pod" } else { "not in a pod" };
    let detail = match set.as_slice() {
        [] => format!("{place}; no variable of Azure is set"),
        _ => format!("{place}; set: {}", set.join(", ")),
    };
    let advice = examination
        .and_then(|examination| examination.advice.iter().find(|advice| ADVICE.contains(&advice.id)));
    let Some(advice) = advice else { return Check::pass(ID, ID, detail) };
    let has_token = examination.is_some_and(|examination| examination.failure.is_none());
    let status = if has_token { Status::Warn } else { Status::Fail };
    Check::new(ID, ID, status, format!("{}\n{detail}", advice.diagnosis))
        .cause(advice.id)
        .fix(advice.fix.clone())
}

/// The environment in which a connection with a customised endpoint variable looks like any other. Where a
/// family's credential is there, its endpoint is named, because the credential goes with it.
pub(crate) fn with_endpoint(variable: &str, process: &Environment) -> anyhow::Result<Environment> {
    let endpoint = process.get(variable).map(str::to_owned);
    let Some(endpoint) = endpoint else {
        anyhow::bail!(
            "`{}` of --endpoint-env is not set; is the connection's Secret in `envFrom` of this container?",
            super::text::visible(variable)
        );
    };
    let connected = FAMILIES
        .iter()
        .find(|(_, credential)| credential.iter().any(|name| process.get(name).is_some()))
        .map_or("AZURE_API_BASE", |(base, _)| *base);
    let bases = FAMILIES.iter().map(|(base, _)| *base).chain(["AZURE_API_BASE", "AZURE_AI_API_BASE"]);
    let replaced = bases.map(|base| {
        let value = if base == connected { endpoint.clone() } else { String::new() };
        (base.to_owned(), value)
    });
    Ok(environment::of_process_with(replaced))
}

#[cfg(test)]
mod tests {
    use holmes_identity::entra::Advice;

    use super::*;

    fn examination(advice: Vec<Advice>) -> Examination {
        Examination {
            scope: "https://cognitiveservices.azure.com/.default".to_owned(),
            source: None,
            failure: None,
            links: Vec::new(),
            token_file: None,
            claims: None,
            clock_offset_seconds: None,
            duration_milliseconds: 0,
            advice,
        }
    }

    #[test]
    fn variables_are_named_and_values_are_not() {
        let environment = Environment::from([("AZURE_CLIENT_SECRET", "hidden"), ("AZURE_CLIENT_ID", "")]);
        let check = check(&environment, None);
        assert_eq!(check.status, Status::Pass);
        assert_eq!(check.detail, "not in a pod; set: AZURE_CLIENT_SECRET");
    }

    #[test]
    fn a_webhook_that_did_not_run_is_a_warning_where_another_credential_works() {
        let advice = Advice {
            id: "webhook-missing",
            diagnosis: "the webhook did not change this pod".to_owned(),
            fix: Some("set the label".to_owned()),
        };
        let seen = examination(vec![advice]);
        let environment = Environment::from([("KUBERNETES_SERVICE_HOST", "10.0.0.1")]);
        let check = check(&environment, Some(&seen));
        assert_eq!((check.status, check.cause.as_deref()), (Status::Warn, Some("webhook-missing")));
        assert_eq!(check.fix.as_deref(), Some("set the label"));
        assert!(check.detail.ends_with("in a pod; no variable of Azure is set"), "{}", check.detail);
    }

    #[test]
    fn an_endpoint_variable_that_is_not_set_is_an_error() {
        let error = with_endpoint("MY_ENDPOINT", &Environment::default()).unwrap_err();
        assert!(error.to_string().contains("`MY_ENDPOINT` of --endpoint-env is not set"), "{error}");
    }

    #[test]
    fn the_endpoint_stands_where_its_credential_is_looked_for() {
        let process = Environment::from([("MY_ENDPOINT", "https://x"), ("AZURE_AISERVICES_KEY", "k")]);
        let seen = with_endpoint("MY_ENDPOINT", &process).unwrap();
        assert_eq!(seen.get("AZURE_AISERVICES_OPENAI_BASE"), Some("https://x"));
        assert_eq!(seen.get("AZURE_API_BASE"), None);
        let process = Environment::from([("MY_ENDPOINT", "https://x")]);
        let seen = with_endpoint("MY_ENDPOINT", &process).unwrap();
        assert_eq!(seen.get("AZURE_API_BASE"), Some("https://x"));
    }
}
