//! The projected service account token: read from the file that `AZURE_FEDERATED_TOKEN_FILE` names.
//!
//! Kubelet replaces the file, so it is read for every exchange and never kept.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::jwt::Claims;
use crate::{AuthError, AuthErrorKind};

/// Projected tokens have one to two kilobytes; a file of this size is something else.
const LONGEST: u64 = 16 * 1024;

/// What the file holds.
#[derive(Debug)]
pub(super) struct TokenFile {
    /// The token, without white space around it.
    pub(super) assertion: SecretString,
    /// What it says.
    pub(super) facts: TokenFacts,
}

/// What a projected token says about itself. It is not verified here; Entra does that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TokenFacts {
    /// `iss`: the cluster's OIDC issuer. A slash at its end counts.
    pub issuer: Option<String>,
    /// `sub`: `system:serviceaccount:NAMESPACE:NAME`.
    pub subject: Option<String>,
    /// `aud`.
    pub audience: Option<String>,
    /// `nbf`, in seconds since 1970.
    pub not_before: Option<u64>,
    /// `exp`, in seconds since 1970.
    pub expires: Option<u64>,
    /// The file has white space around the token: whoever wrote it was not kubelet.
    pub has_white_space: bool,
}

impl TokenFacts {
    /// Whether its time is over.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Why there is no projected token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFileError {
    /// There is no such file.
    #[error("the token file `{}` of AZURE_FEDERATED_TOKEN_FILE does not exist", .0.display())]
    Missing(PathBuf),
    /// The process may not read it, or it is no file.
    #[error("the token file `{}` of AZURE_FEDERATED_TOKEN_FILE can not be read ({reason})", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// There is nothing in it.
    #[error("the token file `{}` of AZURE_FEDERATED_TOKEN_FILE is empty", .0.display())]
    Empty(PathBuf),
    /// No projected token is that long.
    #[error("the token file `{}` of AZURE_FEDERATED_TOKEN_FILE is over 16 KiB, which no projected token is", .0.display())]
    TooLong(PathBuf),
    /// What it holds has not the form of a token.
    #[error("the token file `{}` of AZURE_FEDERATED_TOKEN_FILE does not hold a JWT", .0.display())]
    NotAToken(PathBuf),
}

impl From<TokenFileError> for AuthError {
    fn from(error: TokenFileError) -> Self {
        Self::new(AuthErrorKind::Configuration, error.to_string())
    }
}

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<TokenFile, TokenFileError> {
    let bytes = read_bounded(path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            return TokenFileError::Missing(path.to_owned());
        }
        TokenFileError::Unreadable { path: path.to_owned(), reason: error.to_string() }
    })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        return Err(TokenFileError::TooLong(path.to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| TokenFileError::NotAToken(path.to_owned()))?;
    let text = SecretString::from(text);
    parse(&text, path)
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(text: &SecretString, path: &Path) -> Result<TokenFile, TokenFileError> {
    let whole = text.expose_secret();
    let token = whole.trim();
    if token.is_empty() {
        return Err(TokenFileError::Empty(path.to_owned()));
    }
    let claims = Claims::peek(token).ok_or_else(|| TokenFileError::NotAToken(path.to_owned()))?;
    let has_white_space = token.len() != whole.len();
    if has_white_space {
        tracing::warn!(path = %path.display(), "the token file has white space around the token; it is ignored");
    }
    let facts = TokenFacts {
        issuer: claims.text("iss"),
        subject: claims.text("sub"),
        audience: claims.text("aud"),
        not_before: claims.seconds("nbf"),
        expires: claims.seconds("exp"),
        has_white_space,
    };
    Ok(TokenFile { assertion: SecretString::from(token.to_owned()), facts })
}

#[cfg(test)]
mod tests;
