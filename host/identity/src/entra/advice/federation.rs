//! No federated credential matches the projected token: what Entra compared, and the command that adds one.

use super::{
    Advice, Context,
    shell::{plain, quote},
};
use crate::entra::TokenFacts;

/// What the webhook projects and what Entra expects of a workload.
pub(super) const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The part of the token that no federated credential has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mismatch {
    Any,
    Issuer,
    Audience,
    Subject,
}

/// For AADSTS70021, 700211, 700212 and 700213.
pub(super) fn advise(mismatch: Mismatch, context: &Context<'_>) -> Advice {
    let (id, what) = match mismatch {
        Mismatch::Any => {
            ("federation-missing", "no federated credential of this identity matches the projected token")
        }
        Mismatch::Issuer => (
            "federation-issuer",
            "no federated credential of this identity has the token's issuer; a slash at the end counts",
        ),
        Mismatch::Audience => {
            ("federation-audience", "no federated credential of this identity has the token's audience")
        }
        Mismatch::Subject => (
            "federation-subject",
            "no federated credential of this identity has the token's subject (namespace and name of the ServiceAccount)",
        ),
    };
    let compared = match context.facts() {
        Some(facts) => format!(
            ": iss `{}`, sub `{}`, aud `{}`",
            value(facts.issuer.as_deref()),
            value(facts.subject.as_deref()),
            value(facts.audience.as_deref())
        ),
        None => String::new(),
    };
    let client = context.client_id().map(|client| format!(" (client {})", plain(client))).unwrap_or_default();
    let command = command(context.facts());
    let fix = format!(
        "{command}\nthen wait up to two minutes: a new federated credential is not known everywhere at once"
    );
    Advice::new(id, format!("{what}{client}{compared}"), fix)
}

fn value(claim: Option<&str>) -> String {
    plain(claim.unwrap_or("missing"))
}

/// Complete but for the identity's name and resource group, which no token tells.
fn command(facts: Option<&TokenFacts>) -> String {
    let issuer = facts.and_then(|facts| facts.issuer.as_deref()).unwrap_or("ISSUER_URL");
    let subject = facts.and_then(|facts| facts.subject.as_deref());
    let audiences = facts.and_then(|facts| facts.audience.as_deref()).unwrap_or(AUDIENCE);
    let audiences: Vec<String> = audiences.split_whitespace().map(quote).collect();
    format!(
        "az identity federated-credential create --name {} --identity-name IDENTITY_NAME \
         --resource-group RESOURCE_GROUP --issuer {} --subject {} --audiences {}",
        quote(&name(subject)),
        quote(issuer),
        quote(subject.unwrap_or("system:serviceaccount:NAMESPACE:NAME")),
        audiences.join(" ")
    )
}

/// Azure allows letters, digits, `-` and `_`, 3 to 120 of them, and none but a letter or digit in front.
fn name(subject: Option<&str>) -> String {
    let account =
        subject.and_then(|subject| subject.strip_prefix("system:serviceaccount:")).unwrap_or_default();
    let allowed = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let account: String = account.chars().map(allowed).take(100).collect();
    format!("holmes-{account}").trim_end_matches('-').to_owned()
}

/// Namespace and name of the service account in a subject.
pub(super) fn service_account(facts: &TokenFacts) -> Option<(&str, &str)> {
    facts.subject.as_deref()?.strip_prefix("system:serviceaccount:")?.split_once(':')
}
