//! Whether this machine has a metadata service: one short question, whose answer is kept.
//!
//! Without it, a laptop would wait for an address that nobody has there.

use std::{sync::Arc, time::Duration};

use azure_core::http::{HttpClient, Method, Request, Url};
use futures::StreamExt;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{AuthError, AuthErrorKind};

const ADDRESS: &str = "http://169.254.169.254";
const QUESTION: &str = "/metadata/identity/oauth2/token";
/// On a machine of Azure's the service is one hop away.
const LIMIT: Duration = Duration::from_secs(1);
/// How long a missing answer is believed: a service that was slow once, or came up after this process, is found.
const ABSENCE: Duration = Duration::from_mins(1);
/// What Docker Desktop's proxy answers in its place is a sentence.
const LONGEST_BODY: usize = 4096;

/// Where the service is: `AZURE_POD_IDENTITY_AUTHORITY_HOST`, or its fixed address.
///
/// # Errors
/// When the variable holds no address.
pub(super) fn host(given: Option<&str>) -> Result<Url, AuthError> {
    let given = given.map(str::trim).filter(|given| !given.is_empty()).unwrap_or(ADDRESS);
    let address = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
    match Url::parse(&address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) | Err(_) => {
            let message =
                "AZURE_POD_IDENTITY_AUTHORITY_HOST is no address; give one such as http://169.254.169.254";
            Err(AuthError::new(AuthErrorKind::Configuration, message))
        }
    }
}

/// What is known of the service.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Held while somebody asks, so that the others wait for the same answer.
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
enum Known {
    /// A machine does not lose its service.
    Present,
    Absent {
        reason: String,
        asked: Instant,
    },
}

impl Presence {
    /// Asks unless the answer is known.
    ///
    /// # Errors
    /// Why there is none, for people.
    pub(super) async fn check(&self, wire: &Arc<dyn HttpClient>, host: &Url) -> Result<(), String> {
        let mut known = self.known.lock().await;
        match known.as_ref() {
            Some(Known::Present) => return Ok(()),
            Some(Known::Absent { reason, asked }) if asked.elapsed() < ABSENCE => return Err(reason.clone()),
            Some(Known::Absent { .. }) | None => {}
        }
        let found = probe(wire, host).await;
        *known = Some(match &found {
            Ok(()) => Known::Present,
            Err(reason) => Known::Absent { reason: reason.clone(), asked: Instant::now() },
        });
        found
    }
}

/// Asks without the header that the service demands: any answer says that it is there.
///
/// # Errors
/// Why there is none, for people.
async fn probe(wire: &Arc<dyn HttpClient>, host: &Url) -> Result<(), String> {
    let mut url = host.clone();
    url.set_path(QUESTION);
    url.set_query(Some("api-version=2018-02-01"));
    let request = Request::new(url, Method::Get);
    let asked = async {
        let response =
            wire.execute_request(&request).await.map_err(|error| format!("does not answer ({error})"))?;
        let (status, _, mut stream) = response.deconstruct();
        if u16::from(status) != 403 {
            return Ok(());
        }
        let mut body = Vec::new();
        while let Some(Ok(chunk)) = stream.next().await {
            body.extend(chunk.iter().take(LONGEST_BODY.saturating_sub(body.len())));
            if body.len() >= LONGEST_BODY {
                break;
            }
        }
        if String::from_utf8_lossy(&body).contains("unreachable") {
            return Err("is not reachable from here".to_owned());
        }
        Ok(())
    };
    timeout(LIMIT, asked)
        .await
        .unwrap_or_else(|_| Err(format!("does not answer within {} s", LIMIT.as_secs())))
}
