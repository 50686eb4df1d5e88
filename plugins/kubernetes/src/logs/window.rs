//! The time window of a log request.

use holmes_plugin::ToolError;

use crate::age::{self, Now};

/// Seven days: HolmesGPT's default.
pub(crate) const DEFAULT: i64 = 604_800;

/// From and to, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Inclusive.
    pub start: i64,
    /// Inclusive.
    pub end: i64,
    /// Did the caller ask for an end?
    pub ended: bool,
}

impl Window {
    /// `start` is RFC 3339 or negative seconds before the end, `end` RFC 3339 or negative seconds before now.
    pub(crate) fn parse(start: Option<&str>, end: Option<&str>, now: Now) -> Result<Self, ToolError> {
        let given =
            |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (start, end) = (given(start), given(end));
        let ended = end.as_deref().is_some_and(|end| end != "0");
        let end = match end {
            Some(text) => moment(&text, now.seconds())?,
            None => now.seconds(),
        };
        let start = match start {
            Some(text) => moment(&text, end)?,
            None => end - DEFAULT,
        };
        if start >= end {
            return Err(ToolError::invalid(format!(
                "the window is empty: it starts at {} and ends at {}",
                age::rfc3339(start),
                age::rfc3339(end)
            )));
        }
        Ok(Self { start, end, ended })
    }

    /// Is the moment inside? A line without a time is.
    pub(crate) fn holds(self, micros: Option<i64>) -> bool {
        micros.is_none_or(|micros| (self.start..=self.end).contains(&micros.div_euclid(1_000_000)))
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} to {}", age::rfc3339(self.start), age::rfc3339(self.end))
    }
}

fn moment(text: &str, before: i64) -> Result<i64, ToolError> {
    if let Ok(seconds) = text.parse::<i64>() {
        // A positive number can only be a slip of the same meaning, or seconds since 1970.
        return Ok(if seconds > 1_000_000_000 {
            seconds
        } else {
            before.saturating_sub(seconds.saturating_abs())
        });
    }
    age::parse(text).ok_or_else(|| {
        ToolError::invalid(format!(
            "`{}` is not a time: expected RFC 3339 as `2026-01-31T12:00:00Z`, or seconds back as `-3600`",
            text.escape_debug()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn a_window_is_relative_or_absolute() {
        let now = Now::of(&Fixture::new().host());
        let all = Window::parse(None, None, now).unwrap();
        assert_eq!(all.end - all.start, DEFAULT);
        let hour = Window::parse(Some("-3600"), Some("2026-11-16T12:00:00Z"), now).unwrap();
        assert_eq!(hour.to_string(), "2026-11-16T11:00:00Z to 2026-11-16T12:00:00Z");
        assert!(hour.ended);
        assert!(Window::parse(Some("yesterday"), None, now).unwrap_err().message.contains("RFC 3339"));
        assert!(Window::parse(Some("2030-01-01T00:00:00Z"), None, now).is_err());
    }
}
