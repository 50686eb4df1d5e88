//! Link 1: a service principal of the environment, with a secret or a certificate; and a model entry's own.

use crate::{AuthError, AuthErrorKind};

use super::{
    Config,
    attempt::{Asked, Attempt, Refusal},
    authority::Authority,
    certificate,
    exchange::{Exchange, Proof},
    wire::Wires,
};

use secrecy::SecretString;

/// Asks with `AZURE_CLIENT_SECRET`, else with the certificate.
pub(super) async fn attempt(
    config: &Config,
    authority: &Authority,
    wires: &Wires,
    asked: Asked<'_>,
) -> Attempt {
    let (Some(tenant), Some(client)) = (asked.tenant, asked.client) else {
        return Err(Refusal::unavailable(missing(config, asked)));
    };
    // What the environment holds proves the environment's client and no other.
    if config.client_id.as_deref().is_some_and(|own| !own.eq_ignore_ascii_case(client)) {
        return Err(Refusal::unavailable("the model entry names another client than AZURE_CLIENT_ID"));
    }
    let exchange = Exchange { wire: &wires.entra, authority, tenant, client, scope: asked.scope };
    if let Some(secret) = &config.client_secret {
        return Ok(exchange.run(Proof::Secret(secret), "client secret").await?);
    }
    let Some(path) = &config.certificate_path else {
        return Err(Refusal::unavailable(missing(config, asked)));
    };
    let certificate = certificate::read(path, config.certificate_password.is_some()).await?;
    let audience = authority.token_endpoint(tenant);
    let assertion = certificate.assertion(&audience, client, config.send_certificate_chain)?;
    Ok(exchange.run(Proof::Assertion(&assertion), "certificate").await?)
}

/// A model entry's own service principal: no chain, no other way.
pub(super) async fn own_principal(
    secret: &SecretString,
    authority: &Authority,
    wires: &Wires,
    asked: Asked<'_>,
) -> Attempt {
    let (Some(tenant), Some(client)) = (asked.tenant, asked.client) else {
        let message = "a client_secret needs a tenant_id and a client_id beside it";
        return Err(AuthError::new(AuthErrorKind::Configuration, message).into());
    };
    let exchange = Exchange { wire: &wires.entra, authority, tenant, client, scope: asked.scope };
    Ok(exchange.run(Proof::Secret(secret), "client secret of the model entry").await?)
}

fn missing(config: &Config, asked: Asked<'_>) -> String {
    let proof = config.client_secret.is_some() || config.certificate_path.is_some();
    let missing = [
        (asked.tenant.is_none(), "AZURE_TENANT_ID"),
        (asked.client.is_none(), "AZURE_CLIENT_ID"),
        (!proof, "AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH"),
    ];
    let missing: Vec<_> = missing.iter().filter(|(missing, _)| *missing).map(|(_, name)| *name).collect();
    format!("not set: {}", missing.join(", "))
}
