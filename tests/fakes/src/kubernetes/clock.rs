//! A recording moved in time, so that its `recordedAt` is now: what was a minute old is a minute old.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// Length of `2026-11-16T15:29:20Z`.
const TIME: usize = 20;

/// The text with every quoted point in time that much later.
pub(super) fn moved(text: &str, age: SignedDuration) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('"') {
        let (before, after) = rest.split_at(at + 1);
        result.push_str(before);
        rest = after;
        // Only whole strings: `"2026-11-16T15:29:20Z"`, with or without a fraction.
        let Some(end) = after.find('"').filter(|end| (TIME..=TIME + 10).contains(end)) else { continue };
        let Some((inside, behind)) = after.split_at_checked(end) else { continue };
        let Ok(time) = inside.parse::<Timestamp>() else { continue };
        let Ok(later) = time.checked_add(age) else { continue };
        let digits = if inside.contains('.') { 6 } else { 0 };
        // Writing to a string can not fail.
        let _ = write!(result, "{later:.digits$}");
        rest = behind;
    }
    result.push_str(rest);
    result
}

/// The time that a log line begins with or holds as its first field, as applications write it in UTC.
pub(super) fn of_line(line: &str, recorded: Timestamp) -> Option<Timestamp> {
    let start = line.trim_start_matches("{\"ts\": \"").trim_start_matches("time=\"");
    iso(start).or_else(|| klog(start, recorded))
}

/// `2026-11-16T15:29:05.5Z`, `2026-11-16 15:29:05,000`.
fn iso(text: &str) -> Option<Timestamp> {
    let digits = |byte: &u8| byte.is_ascii_digit() || b"-:.,T ".contains(byte);
    let end = text.bytes().position(|byte| !digits(&byte)).unwrap_or(text.len());
    let written = text.get(..end)?.trim_end().trim_end_matches([',', '.', ':']).replacen(' ', "T", 1);
    let written = written.split(' ').next()?.replace(',', ".");
    utc(written.parse().ok()?)
}

/// `I1016 12:28:52.024538`: no year.
fn klog(text: &str, recorded: Timestamp) -> Option<Timestamp> {
    if !text.starts_with(['I', 'W', 'E', 'F']) {
        return None;
    }
    let year = recorded.to_zoned(TimeZone::UTC).year();
    let (month, day, time) = (text.get(1..3)?, text.get(3..5)?, text.get(5..21)?.trim());
    utc(format!("{year}-{month}-{day}T{time}").parse().ok()?)
}

fn utc(time: DateTime) -> Option<Timestamp> {
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_strings_move_and_text_stays() {
        let text = r#"{"at":"2026-11-16T15:29:20Z","exact":"2026-11-16T15:29:20.123456Z","note":"of 2026-11-16T15:29:20Z"}"#;
        let later = moved(text, SignedDuration::from_secs(60));
        assert_eq!(
            later,
            r#"{"at":"2026-11-16T15:30:20Z","exact":"2026-11-16T15:30:20.123456Z","note":"of 2026-11-16T15:29:20Z"}"#
        );
    }

    #[test]
    fn a_line_tells_its_time_as_applications_write_it() {
        let recorded: Timestamp = "2026-11-16T15:29:20Z".parse().unwrap();
        for (line, time) in [
            ("2026-11-16 15:23:17,000 INFO [worker] starting", Some("2026-11-16T15:23:17Z")),
            ("{\"ts\": \"2026-11-15T02:00:03.331Z\", \"level\": \"info\"}", Some("2026-11-15T02:00:03.331Z")),
            ("2026-11-15T02:00:03Z started", Some("2026-11-15T02:00:03Z")),
            ("I1016 12:28:52.024538 1 main.go:386] \"Starting\"", Some("2026-10-16T12:28:52.024538Z")),
            ("Exception in thread main", None),
            ("I'm no klog line", None),
            ("", None),
        ] {
            assert_eq!(of_line(line, recorded), time.map(|time| time.parse().unwrap()), "{line}");
        }
    }
}
