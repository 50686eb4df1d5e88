//! Label selectors: equality, sets, existence.

use std::collections::HashMap;

/// One requirement of a selector; an object matches when all hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Requirement {
    pub(super) fn matches(&self, labels: &HashMap<String, String>) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Missing(key) => !labels.contains_key(key),
        }
    }
}

/// The error is the text of the API server's 400.
pub(super) fn parse(selector: &str) -> Result<Vec<Requirement>, String> {
    if selector.trim().is_empty() {
        return Ok(Vec::new());
    }
    split(selector).into_iter().map(|part| requirement(part.trim())).collect()
}

/// At the commas that are not inside parentheses.
fn split(selector: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let at_comma = |character: char| {
        depth += i32::from(character == '(') - i32::from(character == ')');
        character == ',' && depth == 0
    };
    selector.split(at_comma).collect()
}

fn requirement(part: &str) -> Result<Requirement, String> {
    if let Some(missing) = part.strip_prefix('!') {
        return Ok(Requirement::Missing(key(missing)?));
    }
    if let Some((head, values)) = part.split_once('(') {
        return set(head.trim(), values);
    }
    if let Some((name, wrong)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key(name)?, vec![value(wrong)?]));
    }
    if let Some((name, right)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(key(name)?, vec![value(right)?]));
    }
    Ok(Requirement::Exists(key(part)?))
}

fn set(head: &str, values: &str) -> Result<Requirement, String> {
    let unparsable = || format!("unable to parse requirement: couldn't parse a set in `{head} (…)`");
    let (name, operator) = head.rsplit_once(char::is_whitespace).ok_or_else(unparsable)?;
    let values = values.trim().strip_suffix(')').ok_or_else(unparsable)?;
    let values = values.split(',').map(value).collect::<Result<Vec<_>, _>>()?;
    match operator {
        "in" => Ok(Requirement::In(key(name)?, values)),
        "notin" => Ok(Requirement::NotIn(key(name)?, values)),
        _ => Err(unparsable()),
    }
}

fn key(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let prefix_fits = prefix.is_none_or(|prefix| !prefix.is_empty() && prefix.len() <= 253 && plain(prefix));
    if !name.is_empty() && name.len() <= 63 && plain(name) && prefix_fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "unable to parse requirement: <nil>: Invalid value: {text:?}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        ))
    }
}

fn value(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.len() <= 63 && plain(text) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "unable to parse requirement: values[0]: Invalid value: {text:?}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        ))
    }
}

fn plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_match_as_the_api_server_matches_them() {
        let labels =
            HashMap::from([("app".to_owned(), "web".to_owned()), ("tier".to_owned(), String::new())]);
        for (selector, expected) in [
            ("", true),
            ("app=web", true),
            ("app == web , tier", true),
            ("app!=web", false),
            ("absent!=x", true),
            ("app in (api, web)", true),
            ("app notin (api,web)", false),
            ("absent notin (x)", true),
            ("!app", false),
            ("! absent", true),
            ("app,absent", false),
            ("tier=", true),
            ("kubernetes.io/name", false),
            ("app in (web),tier notin (a,b),!x", true),
        ] {
            let parsed = parse(selector).unwrap();
            assert_eq!(parsed.iter().all(|requirement| requirement.matches(&labels)), expected, "{selector}");
        }
    }

    #[test]
    fn a_selector_that_does_not_parse_is_an_error() {
        for selector in [
            "app in web",
            "app in (web",
            "=x",
            "a=b=c",
            ",",
            "a,,b",
            "a b",
            "app within (x)",
            "é=x",
            "a in b (c)",
        ] {
            assert!(parse(selector).is_err(), "{selector}");
        }
    }
}
