//! The time that a log query covers: a duration back from now, or from one moment to another (ISO 8601).

use crate::{ToolError, azure::name::shown};

const DAY: u64 = 24 * 60 * 60;

/// A timespan as Log Analytics reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timespan(String);

impl Timespan {
    /// The last 24 hours.
    pub fn day() -> Self {
        Self("P1D".to_owned())
    }

    /// Reads `PT6H`, `P2D`, or `2026-11-20T06:00:00Z/2026-11-20T09:00:00Z`.
    pub fn parse(text: &str) -> Result<Self, ToolError> {
        let text = text.trim();
        let fits = match text.split_once('/') {
            Some((start, end)) => is_moment(start) && is_moment(end),
            None => seconds(text).is_some_and(|seconds| (1..=730 * DAY).contains(&seconds)),
        };
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(ToolError::invalid(format!(
            "`{}` is not a timespan: write a duration such as PT6H or P2D, or two moments such as \
             2026-11-20T06:00:00Z/2026-11-20T09:00:00Z",
            shown(text)
        )))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The seconds of a duration in days, hours, minutes and seconds: months and years have no length of their own.
fn seconds(text: &str) -> Option<u64> {
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (text.strip_prefix('P')?, ""),
    };
    let mut total = 0_u64;
    for (part, units) in [(days, "D"), (time, "HMS")] {
        let (mut number, mut allowed) = (String::new(), units);
        for character in part.chars() {
            if character.is_ascii_digit() {
                number.push(character);
                continue;
            }
            // Units come in order, each once: what was passed over may not follow.
            let (_, after) = allowed.split_once(character)?;
            allowed = after;
            let unit = match character {
                'D' => DAY,
                'H' => 3600,
                'M' => 60,
                _ => 1,
            };
            total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
            number.clear();
        }
        if !number.is_empty() {
            return None;
        }
    }
    Some(total)
}

/// `2026-11-20T06:00:00Z`, with or without a fraction: the service judges the calendar.
fn is_moment(text: &str) -> bool {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let Some(rest) = text.strip_suffix('Z') else { return false };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    let shaped = whole.len() == SHAPE.len()
        && whole.chars().zip(SHAPE.chars()).all(|(character, shape)| {
            if shape == '0' { character.is_ascii_digit() } else { character == shape }
        });
    shaped && (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_intervals_are_read() {
        for good in
            ["PT6H", "P1D", "P1DT12H", "PT90M", "PT1H30M5S", "2026-11-20T06:00:00Z/2026-11-20T09:00:00.5Z"]
        {
            assert_eq!(Timespan::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn what_is_not_a_timespan_is_refused() {
        let bad = [
            "",
            "P",
            "PT",
            "6h",
            "PT6",
            "P1M",
            "PT1M1H",
            "P-1D",
            "P1DT",
            "P99999999999999999999D",
            "P1000D",
            "PT0S",
            "2026-11-20/2026-11-21",
            "2026-11-20T06:00:00Z",
            "2026-11-20T06:00:00+02:00/2026-11-20T09:00:00Z",
        ];
        for text in bad {
            assert!(Timespan::parse(text).is_err(), "{text}");
        }
    }
}
