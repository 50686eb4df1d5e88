//! What an answer without objects means to the reader.

use serde_json::Value;

use crate::{ErrorKind, Response, ToolError};

/// Why a read of the cluster gave nothing. Forbidden is its own answer: it never means "does not exist".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// A served kind, but no such object.
    NotFound(String),
    /// The cluster does not serve this kind.
    NoSuchKind(String),
    /// The cluster, or the host's policy, does not permit the read.
    Forbidden(String),
    /// The cluster refused the credential.
    Unauthorized(String),
    /// Time-out, overload or a broken answer.
    Unavailable(String),
    /// The recording did not capture this.
    NotRecorded(String),
    /// The request itself made no sense to the cluster (a bad selector, an expired page).
    Invalid(String),
}

impl ReadError {
    /// The text for a person or a model.
    pub fn message(&self) -> &str {
        match self {
            Self::NotFound(text)
            | Self::NoSuchKind(text)
            | Self::Forbidden(text)
            | Self::Unauthorized(text)
            | Self::Unavailable(text)
            | Self::NotRecorded(text)
            | Self::Invalid(text) => text,
        }
    }
}

impl From<ReadError> for ToolError {
    fn from(error: ReadError) -> Self {
        let kind = match &error {
            ReadError::NotFound(_) | ReadError::NoSuchKind(_) | ReadError::NotRecorded(_) => {
                ErrorKind::NotFound
            }
            ReadError::Forbidden(_) => ErrorKind::PolicyDenied,
            ReadError::Unauthorized(_) => ErrorKind::Unauthorized,
            ReadError::Unavailable(_) => ErrorKind::Unavailable,
            ReadError::Invalid(_) => ErrorKind::InvalidArguments,
        };
        Self { retryable: kind == ErrorKind::Unavailable, ..Self::new(kind, error.message()) }
    }
}

pub(super) fn read_json(answer: Result<Response, ToolError>) -> Result<Value, ReadError> {
    let response = succeeded(answer)?;
    response.json().map_err(|error| ReadError::Unavailable(error.message))
}

pub(super) fn read_text(answer: Result<Response, ToolError>) -> Result<String, ReadError> {
    let response = succeeded(answer)?;
    response.text().map_err(|error| ReadError::Unavailable(error.message))
}

pub(super) fn succeeded(answer: Result<Response, ToolError>) -> Result<Response, ReadError> {
    let response = answer.map_err(|error| {
        if error.kind == ErrorKind::PolicyDenied {
            ReadError::Forbidden(error.message)
        } else if error.kind == ErrorKind::Unauthorized {
            ReadError::Unauthorized(error.message)
        } else {
            ReadError::Unavailable(error.message)
        }
    })?;
    if (200..300).contains(&response.status()) { Ok(response) } else { Err(refusal(response)) }
}

/// Reads a `Status` into what it means for the reader.
fn refusal(response: Response) -> ReadError {
    let code = response.status();
    let status: Value = response.json().unwrap_or(Value::Null);
    let message = status.get("message").and_then(Value::as_str).unwrap_or_default();
    let message =
        if message.is_empty() { format!("the API server answered {code}") } else { message.to_owned() };
    let reason = status.get("reason").and_then(Value::as_str).unwrap_or_default();
    match code {
        // The API server answers an unknown path with a bare 404 of no particular object.
        404 if reason == "NotRecorded" => ReadError::NotRecorded(message),
        404 if status.pointer("/details/name").is_some() => ReadError::NotFound(message),
        404 => ReadError::NoSuchKind(message),
        401 => ReadError::Unauthorized(message),
        403 => ReadError::Forbidden(message),
        400 | 410 | 422 => ReadError::Invalid(message),
        _ => ReadError::Unavailable(message),
    }
}
