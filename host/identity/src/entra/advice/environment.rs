//! What can be wrong before anybody is asked: the webhook did not run, or what it left can not be used.

use super::{
    Advice, Context,
    federation::{AUDIENCE, service_account},
    shell::{plain, quote},
};
use crate::entra::{TokenFacts, TokenFileError};

/// Everything that stands out; the first is the most likely cause of a failure.
pub(super) fn observe(context: &Context<'_>) -> Vec<Advice> {
    let found = [
        webhook(context),
        client_id(context),
        file(context),
        audience(context),
        expiry(context),
        white_space(context),
        identity_binding(context),
    ];
    found.into_iter().flatten().collect()
}

/// What of it explains that there is no token.
pub(super) fn cause(context: &Context<'_>) -> Option<Advice> {
    let found = [webhook(context), client_id(context), file(context), identity_binding(context)];
    found.into_iter().flatten().next()
}

/// A client is named, in a pod, and there is neither a projected token nor another credential for it.
fn webhook(context: &Context<'_>) -> Option<Advice> {
    let config = context.config;
    let is_missing = config.in_pod
        && context.client_id().is_some()
        && config.federated_token_file.is_none()
        && config.client_secret.is_none()
        && context.identity.client_secret.is_none()
        && config.certificate_path.is_none()
        && config.identity_endpoint.is_none();
    is_missing.then(|| {
        Advice::new(
            "webhook-missing",
            "AZURE_CLIENT_ID is set but AZURE_FEDERATED_TOKEN_FILE is not: the workload identity webhook did not \
             change this pod",
            "set the label `azure.workload.identity/use: \"true\"` on the pod template (not on the ServiceAccount) \
             and make a new pod; if it is there: the pod is older than the label, the namespace is excluded, the \
             container is in `azure.workload.identity/skip-containers`, or the add-on is off \
             (az aks update --resource-group RESOURCE_GROUP --name CLUSTER --enable-oidc-issuer \
             --enable-workload-identity)",
        )
    })
}

fn client_id(context: &Context<'_>) -> Option<Advice> {
    let is_missing = context.config.federated_token_file.is_some() && context.client_id().is_none();
    is_missing.then(|| {
        let (namespace, name) = context.facts().and_then(service_account).unwrap_or(("NAMESPACE", "SERVICE_ACCOUNT"));
        Advice::new(
            "client-id-missing",
            "AZURE_FEDERATED_TOKEN_FILE is set but AZURE_CLIENT_ID is not: the ServiceAccount has no annotation \
             `azure.workload.identity/client-id`",
            format!(
                "kubectl annotate serviceaccount {} --namespace {} azure.workload.identity/client-id=CLIENT_ID\n\
                 then make a new pod: the webhook runs only then",
                quote(name),
                quote(namespace)
            ),
        )
    })
}

fn file(context: &Context<'_>) -> Option<Advice> {
    let error = context.token_file?.as_ref().err()?;
    let (id, fix) = match error {
        TokenFileError::Missing(_) => (
            "token-file-missing",
            "is the volume of the projected token mounted into this container? The webhook adds it to a pod with \
             the label `azure.workload.identity/use: \"true\"`",
        ),
        TokenFileError::Unreadable { .. } => (
            "token-file-unreadable",
            "set `fsGroup` in the pod's securityContext (for example 65534), so that a user other than root may \
             read projected tokens",
        ),
        TokenFileError::Empty(_) => {
            ("token-file-empty", "kubelet writes the token; see the events of the pod")
        }
        TokenFileError::TooLong(_) => (
            "token-file-too-long",
            "AZURE_FEDERATED_TOKEN_FILE must name the projected service account token",
        ),
        TokenFileError::NotAToken(_) => (
            "token-file-not-a-token",
            "AZURE_FEDERATED_TOKEN_FILE must name the projected service account token, a JWT",
        ),
    };
    Some(Advice::new(id, error.to_string(), fix))
}

fn audience(context: &Context<'_>) -> Option<Advice> {
    let facts = context.facts()?;
    let audience = facts.audience.as_deref().unwrap_or_default();
    (!audience.split_whitespace().any(|audience| audience == AUDIENCE)).then(|| {
        Advice::new(
            "token-audience",
            format!("the projected token's audience is `{}`, not `{AUDIENCE}`", plain(audience)),
            format!(
                "leave the projection to the webhook, or set `audience: {AUDIENCE}` in the volume; a pod with an \
                 identity binding gets another audience, which only its proxy accepts"
            ),
        )
    })
}

fn expiry(context: &Context<'_>) -> Option<Advice> {
    let facts = context.facts().filter(|facts| facts.is_expired(context.now))?;
    Some(Advice::new(
        "token-file-expired",
        format!("the projected token is over: {}", validity(facts, context)),
        "kubelet replaces it at 80 % of its life: is the file a copy (`subPath` mounts are never renewed), or is \
         the clock wrong?",
    ))
}

fn white_space(context: &Context<'_>) -> Option<Advice> {
    context.facts().filter(|facts| facts.has_white_space).map(|_| {
        Advice::new(
            "token-file-white-space",
            "the token file has white space around the token; it is ignored here, other programs fail",
            "write the file without a line end (printf, not echo)",
        )
    })
}

fn identity_binding(context: &Context<'_>) -> Option<Advice> {
    let variables = &context.config.identity_binding;
    (!variables.is_empty()).then(|| {
        Advice::new(
            "identity-binding",
            format!("identity bindings are not supported yet ({} is set)", plain(&variables.join(", "))),
            "use a federated credential for this ServiceAccount instead of an identity binding",
        )
    })
}

/// From when to when a projected token is valid, beside the local time.
pub(super) fn validity(facts: &TokenFacts, context: &Context<'_>) -> String {
    let moment = |seconds: Option<u64>| {
        let timestamp = seconds.and_then(|seconds| i64::try_from(seconds).ok());
        let timestamp = timestamp.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        timestamp.map_or_else(|| "missing".to_owned(), |timestamp| timestamp.to_string())
    };
    let now = context.now.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_secs());
    format!("nbf {}, exp {}, now {}", moment(facts.not_before), moment(facts.expires), moment(now))
}
