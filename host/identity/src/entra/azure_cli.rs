//! Link 5: whoever is signed in with `az`.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_identity::{AzureCliCredential, AzureCliCredentialOptions};

use crate::{AuthError, AuthErrorKind};

use super::{
    attempt::{Asked, Attempt, Refusal},
    command::{self, Ended, Runner},
    sentence, tool,
};

/// Runs `az account get-access-token` unless there is no `az`.
pub(super) async fn attempt(runner: Arc<Runner>, asked: Asked<'_>) -> Attempt {
    if command::find(runner.path(), "az").is_none() {
        return Err(Refusal::unavailable("`az` is not on PATH"));
    }
    let options = AzureCliCredentialOptions {
        tenant_id: asked.tenant.map(str::to_owned),
        executor: Some(Arc::<Runner>::clone(&runner)),
        ..AzureCliCredentialOptions::default()
    };
    let unusable = |_| Refusal::failed(AuthErrorKind::Configuration, "`az` can not be asked for this tenant");
    let credential = AzureCliCredential::new(Some(options)).map_err(unusable)?;
    let answer = credential.get_token(&[asked.scope], None).await;
    answer.map(|token| tool::obtained(&token, "az")).map_err(|_| refusal(runner.ended()))
}

fn refusal(ended: Option<Ended>) -> Refusal {
    let said = match ended {
        Some(Ended::Badly(_, said)) => said,
        Some(ended) => return tool::refusal("az", &ended),
        None => {
            let message = "`az` did not print a token that can be read; is it 2.54 or later?";
            return Refusal::failed(AuthErrorKind::Configuration, message);
        }
    };
    let line = sentence::one_line(&said, &[]);
    let signed_out = said.contains("az login") || said.contains("az account set");
    if signed_out && !said.contains("AADSTS") {
        return Refusal::Unavailable(format!("`az` is not signed in: {line}"));
    }
    let error = AuthError::new(AuthErrorKind::Refused, format!("`az` failed: {line}"));
    AuthError { aadsts: tool::number_in(&said), ..error }.into()
}
