//! Link 2: the token that Kubernetes projects for this pod's service account, exchanged.
//!
//! The file is read for every exchange, so that a rotated token is never missed.

use std::path::Path;

use secrecy::SecretString;

use crate::{AuthError, AuthErrorKind};

use super::{
    Config,
    attempt::{Asked, Attempt, Refusal},
    authority::Authority,
    exchange::{Exchange, Proof},
    token_file,
    wire::Wires,
};

/// Entra: the assertion is outside its validity.
const ASSERTION_OUT_OF_TIME: u32 = 700_024;
const SOURCE: &str = "projected token";

pub(super) async fn attempt(
    config: &Config,
    authority: &Authority,
    wires: &Wires,
    asked: Asked<'_>,
) -> Attempt {
    if let Some(name) = config.identity_binding.first() {
        let message = format!(
            "identity bindings ({name} is set) are not supported here; use a federated credential on the \
             managed identity and remove the binding's annotations from the pod"
        );
        return Err(Refusal::failed(AuthErrorKind::Configuration, message));
    }
    let (Some(path), Some(client), Some(tenant)) = (&config.federated_token_file, asked.client, asked.tenant)
    else {
        return Err(Refusal::Unavailable(missing(config, asked)));
    };
    let exchange = Exchange { wire: &wires.entra, authority, tenant, client, scope: asked.scope };
    let assertion = read(path)?;
    match exchange.run(Proof::Assertion(&assertion), SOURCE).await {
        // The kubelet may have put a new token there while the old one was on its way.
        Err(error) if error.aadsts == Some(ASSERTION_OUT_OF_TIME) => {
            let assertion = read(path)?;
            Ok(exchange.run(Proof::Assertion(&assertion), SOURCE).await?)
        }
        result => Ok(result?),
    }
}

/// Which variable is missing; in a pod, what on the pod or the service account would have set it.
fn missing(config: &Config, asked: Asked<'_>) -> String {
    let missing = [
        (config.federated_token_file.is_none(), "AZURE_FEDERATED_TOKEN_FILE"),
        (asked.client.is_none(), "AZURE_CLIENT_ID"),
        (asked.tenant.is_none(), "AZURE_TENANT_ID"),
    ];
    let missing: Vec<_> = missing.iter().filter(|(missing, _)| *missing).map(|(_, name)| *name).collect();
    let mut reason = format!("not set: {}", missing.join(", "));
    if config.federated_token_file.is_none() && config.in_pod {
        reason.push_str(
            "; the webhook did not change this pod: it needs the label `azure.workload.identity/use: \"true\"` \
             on the pod itself, before the pod is created",
        );
    } else if config.federated_token_file.is_some() && asked.client.is_none() {
        reason.push_str(
            "; the service account needs the annotation `azure.workload.identity/client-id`, and the pod a restart",
        );
    }
    reason
}

/// A few hundred bytes from memory, so the read does not leave the task.
fn read(path: &Path) -> Result<SecretString, AuthError> {
    Ok(token_file::read(path)?.assertion)
}
