//! Entra's numbers. Microsoft changes them now and then, so an unknown one keeps Entra's own words.

use super::{
    Advice, Context,
    environment::validity,
    federation::{self, Mismatch},
    shell::{plain, quote},
    transient,
};
use crate::{AuthError, AuthErrorKind};

/// What an error with this number means.
pub(super) fn advise(code: u32, error: &AuthError, context: &Context<'_>) -> Advice {
    match code {
        70_021 => federation::advise(Mismatch::Any, context),
        700_211 => federation::advise(Mismatch::Issuer, context),
        700_212 => federation::advise(Mismatch::Audience, context),
        700_213 => federation::advise(Mismatch::Subject, context),
        700_024 => assertion_time(context),
        90_061 => issuer_unreachable(context),
        700_016 | 7_000_229 | 90_002 | 900_023 | 50_194 => directory(code, context),
        7_000_215 | 7_000_222 | 700_027 => secret(code, context),
        500_011 | 70_011 | 1_002_012 => scope(code, error),
        53_003 | 50_005 => Advice::new(
            "conditional-access",
            format!("a Conditional Access policy refuses this identity (AADSTS{code}): {}", error.message),
            "let the policy accept this identity, or the place it asks from; the sign-in log names the policy",
        ),
        90_006 | 90_012 | 90_024 | 90_033 => transient(error),
        _ if error.kind == AuthErrorKind::Transient => transient(error),
        _ => Advice::new(
            "entra-error",
            error.message.clone(),
            format!("look the number up: https://login.microsoftonline.com/error?code={code}"),
        ),
    }
}

/// Tenant, client and service principal.
fn directory(code: u32, context: &Context<'_>) -> Advice {
    let client = plain(context.client_id().unwrap_or("(none)"));
    let tenant = plain(context.tenant_id().unwrap_or("(none)"));
    match code {
        700_016 => Advice::new(
            "client-unknown",
            format!("the tenant {tenant} knows no client {client}"),
            "compare AZURE_CLIENT_ID with the identity's client id (not its object id): az identity show \
             --resource-group RESOURCE_GROUP --name IDENTITY_NAME --query '{clientId:clientId,tenantId:tenantId}'",
        ),
        7_000_229 => Advice::new(
            "service-principal-missing",
            format!("the client {client} has no service principal in the tenant {tenant}"),
            format!("az ad sp create --id {}", quote(context.client_id().unwrap_or("CLIENT_ID"))),
        ),
        90_002 => Advice::new(
            "tenant-unknown",
            format!("there is no tenant {tenant}"),
            "set AZURE_TENANT_ID (or the entry's `tenant_id`) to: az account show --query tenantId --output tsv; \
             a sovereign cloud also wants AZURE_AUTHORITY_HOST",
        ),
        50_194 => Advice::new(
            "tenant-missing",
            format!("the client {client} belongs to one tenant and was asked for without it"),
            "set AZURE_TENANT_ID (or the entry's `tenant_id`) to the client's tenant",
        ),
        _ => Advice::new(
            "tenant-malformed",
            format!("`{tenant}` is neither a tenant's id nor one of its domains"),
            "set AZURE_TENANT_ID (or the entry's `tenant_id`) to: az account show --query tenantId --output tsv",
        ),
    }
}

fn secret(code: u32, context: &Context<'_>) -> Advice {
    let client = plain(context.client_id().unwrap_or("(none)"));
    let reset = format!(
        "az ad app credential reset --id {} --append",
        quote(context.client_id().unwrap_or("CLIENT_ID"))
    );
    match code {
        7_000_215 => Advice::new(
            "secret-wrong",
            format!("the secret is not one of the client {client}"),
            format!("use the secret's value, not its id; for a new one: {reset}"),
        ),
        7_000_222 => {
            Advice::new("secret-expired", format!("the secret of the client {client} has expired"), reset)
        }
        _ => Advice::new(
            "certificate-rejected",
            format!("the certificate is not one of the client {client}, or its signature is not valid"),
            format!(
                "add the certificate to the client: az ad app credential reset --id {} --cert @CERTIFICATE.pem \
                 --append",
                quote(context.client_id().unwrap_or("CLIENT_ID"))
            ),
        ),
    }
}

fn scope(code: u32, error: &AuthError) -> Advice {
    match code {
        500_011 => Advice::new(
            "resource-unknown",
            error.message.clone(),
            "the scope names a resource that this tenant does not have: check `azure_scope`, \
             AZURE_COGNITIVE_SERVICES_SCOPE and AZURE_SCOPE, and the cloud",
        ),
        1_002_012 => Advice::new(
            "scope-without-default",
            error.message.clone(),
            "end the scope in `/.default` (https://cognitiveservices.azure.com/.default)",
        ),
        _ => Advice::new(
            "scope-invalid",
            error.message.clone(),
            "give one scope, a resource with `/.default` at its end (https://cognitiveservices.azure.com/.default)",
        ),
    }
}

fn assertion_time(context: &Context<'_>) -> Advice {
    let times = context.facts().map(|facts| validity(facts, context));
    let times = times.unwrap_or_else(|| "its times are not known here".to_owned());
    Advice::new(
        "assertion-time",
        format!("Entra got an assertion outside its validity: {times}"),
        "the token file is not renewed (a copy, or a `subPath` mount), or the clock of the node is wrong",
    )
}

fn issuer_unreachable(context: &Context<'_>) -> Advice {
    let issuer = context.facts().and_then(|facts| facts.issuer.as_deref()).unwrap_or("ISSUER_URL");
    let issuer = issuer.trim_end_matches('/');
    let document = |path: &str| quote(&format!("{issuer}/{path}"));
    Advice::new(
        "issuer-unreachable",
        format!("Entra can not read the keys of the token's issuer {}", plain(issuer)),
        format!(
            "both must answer from the internet: curl {} and curl {}; if they do not: az aks update \
             --resource-group RESOURCE_GROUP --name CLUSTER --enable-oidc-issuer",
            document(".well-known/openid-configuration"),
            document("openid/v1/jwks")
        ),
    )
}
