//! Requests to named upstreams. A toolset never names a host, a port or a credential.

use serde::de::DeserializeOwned;

use crate::{ErrorKind, ToolError};

/// The HTTP method. Anything but `Get` and `Head` is a write, and is refused unless a person approved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

/// A request to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The upstream's name, as in `toolset.toml`.
    pub upstream: String,
    /// What to do.
    pub method: Method,
    /// Absolute and not encoded, without a query.
    pub path: String,
    /// Not encoded; the host encodes.
    pub query: Vec<(String, String)>,
    /// Only those that the host allows.
    pub headers: Vec<(String, String)>,
    /// At most 1 MiB.
    pub body: Option<Vec<u8>>,
    /// A wish; the host's limit wins.
    pub timeout_ms: Option<u32>,
}

impl Request {
    /// A GET.
    pub fn get(upstream: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            upstream: upstream.into(),
            method: Method::Get,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
        }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn with_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }
}

/// The source of a body: the host, or a canned answer.
pub(crate) trait Body {
    fn read(&mut self, max_bytes: u32) -> Result<Option<Vec<u8>>, ToolError>;
}

/// An upstream's answer. Any status is an answer; only the lack of one is an error.
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Box<dyn Body>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// One read from the host: large enough that a page of a list takes few calls.
const CHUNK: u32 = 256 * 1024;

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers that the host lets through.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The next bytes, as soon as there is one. None at the end.
    pub fn read(&mut self, max_bytes: u32) -> Result<Option<Vec<u8>>, ToolError> {
        self.body.read(max_bytes)
    }

    /// The whole body.
    pub fn bytes(mut self) -> Result<Vec<u8>, ToolError> {
        let Some(mut all) = self.read(CHUNK)? else { return Ok(Vec::new()) };
        while let Some(chunk) = self.read(CHUNK)? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    /// The whole body as text; bytes that are not UTF-8 are replaced.
    pub fn text(self) -> Result<String, ToolError> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    /// The whole body as JSON.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, ToolError> {
        let status = self.status;
        serde_json::from_slice(&self.bytes()?).map_err(|error| {
            ToolError::new(
                ErrorKind::Internal,
                format!("the upstream's answer ({status}) is not the JSON expected"),
            )
            .with_detail(error)
        })
    }
}
