//! What lines must and must not match.

use holmes_plugin::ToolError;
use regex_lite::{Regex, RegexBuilder};

/// Patterns of one request.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    keep: Option<Regex>,
    drop: Option<Regex>,
    /// How a pattern was understood.
    pub notes: Vec<String>,
    told: String,
}

impl Filters {
    /// Empty patterns count as none.
    pub(crate) fn parse(keep: Option<&str>, drop: Option<&str>) -> Result<Self, ToolError> {
        let mut filters = Self::default();
        filters.keep = filters.pattern("filter", keep)?;
        filters.drop = filters.pattern("exclude_filter", drop)?;
        Ok(filters)
    }

    /// Is anything filtered at all?
    pub(crate) fn any(&self) -> bool {
        self.keep.is_some() || self.drop.is_some()
    }

    pub(crate) fn wants(&self, text: &str) -> bool {
        self.keep.as_ref().is_none_or(|keep| keep.is_match(text))
            && !self.drop.as_ref().is_some_and(|drop| drop.is_match(text))
    }

    /// A pattern that is no regular expression is taken literally, as people who search logs mean it.
    fn pattern(&mut self, label: &str, pattern: Option<&str>) -> Result<Option<Regex>, ToolError> {
        let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else { return Ok(None) };
        self.told.push_str(&format!(", {label} `{pattern}`"));
        let build = |text: &str| RegexBuilder::new(text).case_insensitive(true).build();
        if let Ok(regex) = build(pattern) {
            return Ok(Some(regex));
        }
        self.notes.push(format!("`{pattern}` is no regular expression and was searched literally"));
        build(&regex_lite::escape(pattern))
            .map(Some)
            .map_err(|error| ToolError::invalid(format!("{label} can not be used: {error}")))
    }
}

impl std::fmt::Display for Filters {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.told)
    }
}
