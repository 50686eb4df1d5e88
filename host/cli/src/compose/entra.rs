//! Entra from the environment: whom the host can sign for, before any model or upstream asks.

use anyhow::Result;
use holmes_config::Environment;
use holmes_identity::entra::{Config, Entra};
use secrecy::SecretString;

use crate::environment;

/// Variables of AKS identity bindings, which the credential does not know.
const IDENTITY_BINDING: [&str; 4] = [
    "AZURE_KUBERNETES_TOKEN_PROXY",
    "AZURE_KUBERNETES_SNI_NAME",
    "AZURE_KUBERNETES_CA_FILE",
    "AZURE_KUBERNETES_CA_DATA",
];

/// The one cache of tokens of this process.
///
/// # Errors
/// Says which variable can not be right.
pub(crate) fn entra(environment: &Environment) -> Result<Entra> {
    Ok(Entra::new(config(environment)?)?)
}

fn config(environment: &Environment) -> Result<Config> {
    let text = |name| environment.get(name).map(|value: &str| value.trim().to_owned());
    let secret = |name| environment.get(name).map(|value| SecretString::from(value.to_owned()));
    Ok(Config {
        tenant_id: text("AZURE_TENANT_ID"),
        client_id: text("AZURE_CLIENT_ID"),
        client_secret: secret("AZURE_CLIENT_SECRET"),
        certificate_path: text("AZURE_CLIENT_CERTIFICATE_PATH").map(Into::into),
        certificate_password: secret("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
        send_certificate_chain: environment.switch("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")?.unwrap_or(false),
        federated_token_file: text("AZURE_FEDERATED_TOKEN_FILE").map(Into::into),
        authority_host: text("AZURE_AUTHORITY_HOST"),
        token_credentials: text("AZURE_TOKEN_CREDENTIALS"),
        identity_endpoint: text("IDENTITY_ENDPOINT"),
        identity_header: secret("IDENTITY_HEADER"),
        imds_host: text("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
        identity_binding: IDENTITY_BINDING
            .iter()
            .filter(|name| environment.get(name).is_some())
            .map(|name| (*name).to_owned())
            .collect(),
        path: environment.get("PATH").map(Into::into),
        in_pod: environment.get(environment::IN_CLUSTER).is_some(),
    })
}
