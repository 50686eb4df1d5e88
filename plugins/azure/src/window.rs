//! From when to when a tool looks: what the model asked for, within what the service keeps.

use holmes_plugin::{Host, ToolError};

use crate::moment;

/// An hour in seconds.
pub(crate) const HOUR: i64 = 3600;

/// A day in seconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// What a service allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Seconds from start to end at most.
    pub(crate) longest: i64,
    /// Seconds back from now at most.
    pub(crate) oldest: i64,
}

/// A window of time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its beginning.
    pub(crate) start: i64,
    /// Its end: now, or earlier.
    pub(crate) end: i64,
}

impl Window {
    /// Reads the two arguments; what is left out makes a window of a day.
    pub(crate) fn read(
        host: &Host,
        start: Option<&str>,
        end: Option<&str>,
        bounds: Bounds,
    ) -> Result<Self, ToolError> {
        let now = moment::now(host);
        let start = start.map(|text| read(text, "START_TIME")).transpose()?;
        let end = end.map(|text| read(text, "END_TIME")).transpose()?;
        let (start, end) = match (start, end) {
            (Some(start), Some(end)) => (start, end.min(now)),
            (Some(start), None) if bounds.longest < now - start => (start, start + bounds.longest),
            (Some(start), None) => (start, now),
            (None, end) => {
                let end = end.unwrap_or(now).min(now);
                (end - DAY, end)
            }
        };
        let told = moment::rfc3339(now);
        if start >= end {
            return Err(ToolError::invalid(format!(
                "START_TIME has to be before END_TIME and before now ({told})"
            )));
        }
        if end - start > bounds.longest {
            let hours = bounds.longest / HOUR;
            return Err(ToolError::invalid(format!(
                "the window may be {hours} hours long at most; ask for a part of it"
            )));
        }
        if now - start > bounds.oldest {
            let days = bounds.oldest / DAY;
            return Err(ToolError::invalid(format!("Azure keeps this for {days} days; now is {told}")));
        }
        Ok(Self { start, end })
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} to {}", moment::rfc3339(self.start), moment::rfc3339(self.end))
    }
}

fn read(text: &str, argument: &str) -> Result<i64, ToolError> {
    moment::parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
        ToolError::invalid(format!("{argument} `{shown}` is not a moment such as 2026-11-20T06:00:00Z"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::testing::Canned;

    const BOUNDS: Bounds = Bounds { longest: DAY, oldest: 30 * DAY };

    /// At 2026-11-20T09:30:00Z.
    fn window(start: Option<&str>, end: Option<&str>) -> Result<String, ToolError> {
        let host = Canned::new().at(1_795_167_000_000).host();
        Window::read(&host, start, end, BOUNDS).map(|window| window.to_string())
    }

    #[test]
    fn what_is_left_out_makes_a_day() {
        let today = "2026-11-19T09:30:00Z to 2026-11-20T09:30:00Z";
        assert_eq!(window(None, None).unwrap(), today);
        assert_eq!(window(None, Some("2027-01-01T00:00:00Z")).unwrap(), today);
        let early = "2026-11-10T00:00:00Z to 2026-11-11T00:00:00Z";
        assert_eq!(window(Some("2026-11-10T00:00:00Z"), None).unwrap(), early);
        assert_eq!(window(None, Some("2026-11-11T00:00:00Z")).unwrap(), early);
    }

    #[test]
    fn a_window_outside_the_bounds_says_which() {
        let table = [
            (Some("2026-11-18T00:00:00Z"), Some("2026-11-20T00:00:00Z"), "24 hours"),
            (Some("2026-10-01T00:00:00Z"), None, "30 days"),
            (Some("2026-11-20T10:00:00Z"), None, "before now"),
            (Some("2026-11-19T10:00:00Z"), Some("2026-11-19T10:00:00Z"), "before END_TIME"),
            (Some("yesterday"), None, "START_TIME `yesterday`"),
        ];
        for (start, end, expected) in table {
            let error = window(start, end).unwrap_err();
            assert!(error.message.contains(expected), "{error}");
        }
    }
}
