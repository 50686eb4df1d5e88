//! The environment as a value: read once from the process (in `cli`), passed on as an argument.
//!
//! An empty variable counts as unset everywhere: that is what `FOO=` in a shell or a chart means.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::ConfigError;

/// Variables and their values. `Debug` shows names only, because values are often secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of several variables that is set, with its name.
    pub fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|name| self.get(name).map(|value| (*name, value)))
    }

    /// A switch: `true`, `1`, `yes` or `on`, and their opposites, in any case.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Some(true)),
            "false" | "0" | "no" | "off" => Ok(Some(false)),
            _ => Err(ConfigError::variable(name, "`true` or `false`")),
        }
    }

    /// A number, or anything else that is parsed from one word.
    pub fn parsed<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, ConfigError> {
        self.get(name)
            .map(|value| value.trim().parse().map_err(|_| ConfigError::variable(name, expected)))
            .transpose()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables }
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for Environment {
    fn from(variables: [(K, V); N]) -> Self {
        variables.into_iter().collect()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_unset() {
        let environment = Environment::from([("A", ""), ("B", "b")]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.first(&["A", "B"]), Some(("B", "b")));
        assert_eq!(environment.switch("A").unwrap(), None);
    }

    #[test]
    fn switches_are_read_as_people_write_them() {
        for (text, expected) in [("yes", true), ("TRUE", true), ("1", true), ("No", false), ("0", false)] {
            assert_eq!(Environment::from([("S", text)]).switch("S").unwrap(), Some(expected), "{text}");
        }
        let error = Environment::from([("S", "maybe")]).switch("S").unwrap_err().to_string();
        assert!(error.contains('S') && !error.contains("maybe"), "{error}");
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Environment::from([("KEY", "canary-value")]));
        assert!(shown.contains("KEY") && !shown.contains("canary"), "{shown}");
    }
}
