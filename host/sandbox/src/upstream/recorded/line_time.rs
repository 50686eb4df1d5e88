//! The time of a log line. Recorded logs have no times of their own, so the line's text must tell.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// Loggers write the time first, or after an address; later it is likely to be the message's.
const MAX_SCANNED: usize = 160;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `now` gives klog's times their year.
pub(super) fn of(line: &[u8], now: Timestamp) -> Option<Timestamp> {
    let head = line.get(..line.len().min(MAX_SCANNED))?;
    klog(head, now).or_else(|| {
        (0..head.len()).filter(|at| starts_number(head, *at)).find_map(|at| {
            let rest = head.get(at..)?;
            iso(rest).or_else(|| day_first(rest))
        })
    })
}

fn starts_number(head: &[u8], at: usize) -> bool {
    let digit = |at: usize| head.get(at).is_some_and(u8::is_ascii_digit);
    digit(at) && (at == 0 || !digit(at - 1))
}

/// `I1118 16:22:03.123456`, in UTC on nodes.
fn klog(head: &[u8], now: Timestamp) -> Option<Timestamp> {
    let (level, rest) = head.split_first()?;
    if !matches!(level, b'I' | b'W' | b'E' | b'F') || rest.get(4) != Some(&b' ') {
        return None;
    }
    let (month, day) = (digits(rest, 0, 2)?, digits(rest, 2, 2)?);
    let year = Offset::UTC.to_datetime(now).year();
    let time = |year| at(year, month, day, rest.get(4..)?.trim_ascii_start(), 0);
    // A line of December read in January.
    time(year).filter(|time| *time <= now).or_else(|| time(year - 1))
}

/// `2026-11-18T16:22:03.123Z`, `2026-11-18 16:22:03,123`, `2026/11/18 16:22:03`, with or without an offset.
fn iso(rest: &[u8]) -> Option<Timestamp> {
    let separator = |at: usize| matches!(rest.get(at), Some(b'-' | b'/'));
    if !separator(4) || !separator(7) || !matches!(rest.get(10), Some(b'T' | b' ')) {
        return None;
    }
    let year = i16::try_from(digits(rest, 0, 4)?).ok()?;
    at(year, digits(rest, 5, 2)?, digits(rest, 8, 2)?, rest.get(11..)?, offset(rest.get(19..)?))
}

/// `18/Nov/2026:16:22:03 +0000`, `18 Nov 2026 16:22:03.000`.
fn day_first(rest: &[u8]) -> Option<Timestamp> {
    if !matches!(rest.get(2), Some(b'/' | b' ')) {
        return None;
    }
    let name = std::str::from_utf8(rest.get(3..6)?).ok()?;
    let month = i32::try_from(MONTHS.iter().position(|month| *month == name)? + 1).ok()?;
    let year = i16::try_from(digits(rest, 7, 4)?).ok()?;
    at(year, month, digits(rest, 0, 2)?, rest.get(12..)?, offset(rest.get(20..)?))
}

/// A date, then `16:22:03` with a fraction.
fn at(year: i16, month: i32, day: i32, clock: &[u8], offset: i32) -> Option<Timestamp> {
    if clock.get(2) != Some(&b':') || clock.get(5) != Some(&b':') {
        return None;
    }
    let part = |from| digits(clock, from, 2).and_then(|value| i8::try_from(value).ok());
    let fraction =
        clock.get(8..).and_then(|rest| rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")));
    let nanosecond = fraction.unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).take(9);
    let nanosecond = nanosecond
        .fold((0, 100_000_000), |(sum, unit), byte| (sum + i32::from(byte - b'0') * unit, unit / 10))
        .0;
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let time = Time::new(part(0)?, part(3)?, part(6)?, nanosecond).ok()?;
    Offset::from_seconds(offset).ok()?.to_timestamp(DateTime::from_parts(date, time)).ok()
}

/// `+0100` or `+01:00`, after an optional fraction; anything else is UTC, in which nodes run.
fn offset(rest: &[u8]) -> i32 {
    let fraction =
        rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
    let rest = rest.get(fraction..).unwrap_or_default().trim_ascii_start();
    let sign = match rest.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let minutes_at = if rest.get(3) == Some(&b':') { 4 } else { 3 };
    match (digits(rest, 1, 2), digits(rest, minutes_at, 2)) {
        (Some(hours), Some(minutes)) => sign * (hours * 3600 + minutes * 60),
        _ => 0,
    }
}

fn digits(bytes: &[u8], from: usize, count: usize) -> Option<i32> {
    let digits = bytes.get(from..from + count)?;
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_times_of_common_loggers_are_read() {
        let now: Timestamp = "2026-11-18T17:00:00Z".parse().unwrap();
        for (line, expected) in [
            ("2026-11-18T16:22:03.5Z started", Some("2026-11-18T16:22:03.5Z")),
            ("2026-11-18T17:22:03.123+0100 x", Some("2026-11-18T16:22:03.123Z")),
            ("2026-11-18T17:22:03+01:00 x", Some("2026-11-18T16:22:03Z")),
            ("2026-11-18 16:22:03,123 INFO x", Some("2026-11-18T16:22:03.123Z")),
            ("2026-11-18 16:22:03.123 UTC [1] LOG", Some("2026-11-18T16:22:03.123Z")),
            ("2026/11/18 16:22:03 [error] x", Some("2026-11-18T16:22:03Z")),
            (r#"{"ts": "2026-11-18T16:22:03.249Z", "app": "close"}"#, Some("2026-11-18T16:22:03.249Z")),
            (r#"10.0.0.1 - - [18/Nov/2026:16:22:03 +0000] "GET / HTTP/1.1""#, Some("2026-11-18T16:22:03Z")),
            ("1:M 18 Oct 2026 16:22:03.000 * Ready", Some("2026-10-18T16:22:03Z")),
            ("I1118 16:22:03.123456       1 main.go:1] x", Some("2026-11-18T16:22:03.123456Z")),
            ("E1231 16:22:03.000000       1 main.go:1] x", Some("2025-12-31T16:22:03Z")),
            ("[2026-11-18T16:22:03.000Z] info", Some("2026-11-18T16:22:03Z")),
            ("  at java.lang.Thread.run", None),
            ("2026-13-99T99:99:99Z", None),
        ] {
            assert_eq!(of(line.as_bytes(), now).map(|time| time.to_string()).as_deref(), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "[0-9IWE:/ TZ.,+-]{0,40}|\\PC{0,40}") {
            let _ = of(line.as_bytes(), Timestamp::MAX);
        }
    }
}
