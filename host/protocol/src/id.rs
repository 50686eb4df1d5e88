//! Identifiers as types: a tool's name can not be passed where a call's id is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A name that breaks the rules of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a valid {kind}: expected {expected}")]
pub struct InvalidName {
    kind: &'static str,
    name: String,
    expected: &'static str,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    return Ok(Self(text.to_owned()));
                }
                let name = text.chars().take(80).flat_map(char::escape_debug).collect();
                Err(InvalidName { kind: $kind, name, expected: $expected })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

fn starts_lower(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
}

identifier!(
    /// A toolset's name, unique in a host: `[a-z][a-z0-9-]{0,23}`.
    ToolsetName,
    "toolset name",
    "a lower-case letter, then at most 23 lower-case letters, digits or `-`",
    |text| {
        starts_lower(text)
            && text.len() <= 24
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    }
);

identifier!(
    /// A tool's name as the model sees it: `[a-z][a-z0-9_]{0,63}`, which every model API accepts.
    ToolName,
    "tool name",
    "a lower-case letter, then at most 63 lower-case letters, digits or `_`",
    |text| {
        starts_lower(text)
            && text.len() <= 64
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    }
);

identifier!(
    /// The model's own id of one tool call; opaque, but short and printable because it is echoed back.
    ToolCallId,
    "tool call id",
    "1 to 128 printable ASCII characters",
    |text| !text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic())
);

identifier!(
    /// Names one investigation in logs and audit records.
    InvestigationId,
    "investigation id",
    "1 to 64 letters, digits or `-`",
    |text| {
        !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_model_apis_or_terminals_would_trip_over_are_refused() {
        for bad in ["", "Echo", "9lives", "e c", "kubern\u{435}tes", "a\u{200b}b", &"a".repeat(65)] {
            assert!(bad.parse::<ToolName>().is_err(), "{bad:?}");
            assert!(bad.parse::<ToolsetName>().is_err(), "{bad:?}");
        }
        assert!("kubectl_describe".parse::<ToolName>().is_ok());
        assert!("k8s-workloads".parse::<ToolsetName>().is_ok());
    }

    #[test]
    fn a_refusal_escapes_what_it_quotes() {
        let error = "a\u{202e}b\n".parse::<ToolName>().unwrap_err().to_string();
        assert!(!error.contains('\u{202e}') && !error.contains('\n'), "{error}");
    }
}
