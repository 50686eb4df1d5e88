//! Why a configuration was refused: file, line, key, what was expected, and the nearest right word.
//!
//! No error quotes a value, because any value may be a secret.

use std::{fmt, io};

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("can not read `{file}`")]
    Read {
        /// As it was named.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The text does not have the expected shape.
    #[error("{0}")]
    Invalid(Box<Invalid>),
    /// A variable of the environment does not fit.
    #[error("the variable `{name}` has a wrong value: expected {expected}")]
    Variable {
        /// The variable.
        name: String,
        /// What would fit.
        expected: String,
    },
}

impl ConfigError {
    /// A variable that does not fit.
    pub fn variable(name: &str, expected: &str) -> Self {
        Self::Variable { name: name.to_owned(), expected: expected.to_owned() }
    }
}

/// What is wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// As it was named.
    pub file: String,
    /// From 1, when the place is known.
    pub line: Option<u64>,
    /// For example `models.fast.temperature`; empty for the whole document.
    pub key: String,
    /// What is wrong, and what was expected.
    pub problem: String,
    /// The nearest right word.
    pub nearest: Option<String>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(formatter, ": `{}`", self.key)?;
        }
        write!(formatter, ": {}", self.problem)?;
        match &self.nearest {
            Some(nearest) => write!(formatter, ", did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}
