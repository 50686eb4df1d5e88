//! Asks a provider for its list of models: address and credential are proven, and no token is spent.

use http::StatusCode;
use reqwest::Url;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    Deployment,
    attempt::no_credential,
    failure::{Remedy, classify},
};
use crate::LlmError;

impl Deployment {
    /// How many models the provider lists; none when it has nothing at that path, as gateways have not.
    pub(crate) async fn models(&self, url: &Url) -> Result<Option<usize>, LlmError> {
        let deadline = Instant::now() + self.settings.request_timeout;
        let mut tried = false;
        loop {
            let signed = timeout_at(deadline, self.endpoint.sign()).await;
            let (headers, stamp) =
                signed.map_err(|_| self.too_slow().error)?.map_err(|error| no_credential(error).error)?;
            let sent =
                timeout_at(deadline, self.transport.client(url)?.get(url.clone()).headers(headers).send())
                    .await;
            let response =
                sent.map_err(|_| self.too_slow().error)?.map_err(|error| self.unreachable(error).error)?;
            let (status, headers) = (response.status(), response.headers().clone());
            let text = self.whole(response, deadline).await.map_err(|failure| failure.error)?;
            if status.is_success() {
                let body: Value = serde_json::from_str(&text).unwrap_or_default();
                return Ok(body.get("data").and_then(Value::as_array).map(Vec::len));
            }
            if status == StatusCode::NOT_FOUND || status == StatusCode::METHOD_NOT_ALLOWED {
                return Ok(None);
            }
            let dialect = self.endpoint.routes.first.0;
            let failure = classify(status, &headers, &text, &self.endpoint, dialect).signed_by(stamp);
            let Some(Remedy::NewCredential(stamp)) = failure.remedy else { return Err(failure.error) };
            if tried || !self.endpoint.authorizer.refused(stamp) {
                return Err(failure.error);
            }
            tried = true;
        }
    }
}
