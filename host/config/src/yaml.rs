//! YAML into a type, strictly; an error names file, line and key.
//!
//! The parser's budgets against YAML bombs are left on, duplicate keys are refused, and no error carries
//! a piece of the text.

use std::{fs, path::Path};

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Options, with_deserializer_from_str_with_options};

use crate::{ConfigError, Invalid, nearest};

/// Larger than any configuration, small enough to be read without a thought.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Reads a file.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let file = path.display().to_string();
    let read = || {
        let size = fs::metadata(path)?.len();
        if size > MAX_FILE_BYTES {
            return Err(std::io::Error::other(format!("{size} bytes, expected at most {MAX_FILE_BYTES}")));
        }
        fs::read_to_string(path)
    };
    let text = read().map_err(|source| ConfigError::Read { file: file.clone(), source })?;
    parse(&file, &text)
}

/// Reads a text; `file` is only named in errors.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ConfigError> {
    let mut track = serde_path_to_error::Track::new();
    let options = serde_saphyr::options! { with_snippet: false };
    let parsed = parse_tracked(text, options, &mut track);
    parsed.map_err(|error| {
        let error = error.without_snippet();
        let (problem, nearest) = describe(error);
        let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
        let path = track.path();
        let key = if path.iter().next().is_none() { String::new() } else { path.to_string() };
        ConfigError::Invalid(Box::new(Invalid { file: file.to_owned(), line, key, problem, nearest }))
    })
}

fn parse_tracked<T: DeserializeOwned>(
    text: &str,
    options: Options,
    track: &mut serde_path_to_error::Track,
) -> Result<T, Error> {
    with_deserializer_from_str_with_options(text, options, |deserializer| {
        T::deserialize(serde_path_to_error::Deserializer::new(deserializer, track))
    })
}

/// The problem in words, without any value of the file.
#[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum is non-exhaustive")]
fn describe(error: &Error) -> (String, Option<String>) {
    let (problem, near) = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let near = nearest(field, expected.iter().copied()).map(str::to_owned);
            let listed = if near.is_none() && !expected.is_empty() {
                format!("unknown key `{field}`, expected one of {}", quoted(expected))
            } else {
                format!("unknown key `{field}`")
            };
            (listed, near)
        }
        Error::SerdeUnknownVariant { expected, .. } => {
            (format!("unknown value, expected one of {}", quoted(expected)), None)
        }
        Error::SerdeMissingField { field, .. } => (format!("the key `{field}` is missing"), None),
        Error::SerdeInvalidType { unexpected, expected, .. } => {
            (format!("{} does not fit, expected {expected}", kind(unexpected)), None)
        }
        Error::SerdeInvalidValue { expected, .. } => (format!("wrong value, expected {expected}"), None),
        Error::SerdeInvalidLength { expected, .. } => (format!("wrong length, expected {expected}"), None),
        Error::InvalidScalar { ty, .. } => (format!("wrong value, expected {ty}"), None),
        Error::NullIntoString { .. } => ("nothing is here, expected a string".to_owned(), None),
        Error::Unexpected { expected, .. } => (format!("expected {expected}"), None),
        Error::DuplicateMappingKey { key: Some(key), .. } => (format!("the key `{key}` is here twice"), None),
        Error::DuplicateMappingKey { .. } => ("a key is here twice".to_owned(), None),
        Error::Eof { .. } => ("the file is empty or ends too early".to_owned(), None),
        Error::MultipleDocuments { .. } => ("expected one YAML document, found several".to_owned(), None),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            ("the YAML is too large, too deep, or has too many aliases".to_owned(), None)
        }
        // The parser wraps whatever went wrong behind an alias, its limits included.
        Error::AliasError { .. } => {
            ("an alias does not fit here, or there are too many aliases".to_owned(), None)
        }
        Error::UnknownAnchor { .. } => ("an alias names an anchor that does not exist".to_owned(), None),
        _ => ("not valid YAML here".to_owned(), None),
    };
    (problem, near)
}

/// "string \"x\"" without the value: the word before it.
fn kind(unexpected: &str) -> &str {
    unexpected.split([' ', '`', '"', ':']).find(|word| !word.is_empty()).unwrap_or("this")
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Model {
        model: String,
        #[serde(default)]
        temperature: Option<f64>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        models: BTreeMap<String, Model>,
    }

    fn refusal(text: &str) -> String {
        parse::<File>("holmes.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_fits_is_read() {
        let file: File = parse("f", "models:\n  fast: { model: azure/x, temperature: 0 }\n").unwrap();
        assert_eq!(file.models["fast"], Model { model: "azure/x".into(), temperature: Some(0.0) });
    }

    #[test]
    fn an_unknown_key_names_file_line_key_and_the_nearest_right_one() {
        assert_eq!(
            refusal("models:\n  fast:\n    modle: x\n"),
            "holmes.yaml:3: `models.fast.modle`: unknown key `modle`, did you mean `model`?"
        );
        let far = refusal("models:\n  fast:\n    banana: x\n");
        assert!(far.ends_with("unknown key `banana`, expected one of `model`, `temperature`"), "{far}");
    }

    #[test]
    fn a_wrong_value_names_its_key_and_is_never_quoted() {
        let error = refusal("models:\n  fast:\n    model: x\n    temperature: canary-secret\n");
        assert!(error.starts_with("holmes.yaml:4: `models.fast.temperature`: "), "{error}");
        let error = error + &refusal("models: canary-secret\n") + &refusal("models: [canary-secret\n");
        assert!(!error.contains("canary"), "{error}");
    }

    #[test]
    fn a_missing_key_a_double_key_and_an_empty_file_are_named() {
        assert!(refusal("models:\n  fast: {}\n").contains("the key `model` is missing"));
        assert!(refusal("models: {}\nmodels: {}\n").contains("twice"));
        assert!(refusal("").contains("holmes.yaml"), "{}", refusal(""));
    }

    #[test]
    fn a_yaml_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let items = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(
                &["a", &level.to_string(), ": &a", &level.to_string(), " [", &items, "]\n"].concat(),
            );
        }
        let error = parse::<serde_json::Value>("bomb.yaml", &text).unwrap_err().to_string();
        assert!(error.contains("too many aliases"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = load::<File>(Path::new("/nonexistent/holmes.yaml")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/holmes.yaml"));
    }
}
