//! Moments. "Now" is the host's: frozen at the moment of recording for a recording.

use holmes_plugin::Host;
use jiff::Timestamp;

/// The host's now, in seconds since 1970.
pub(crate) fn now(host: &Host) -> i64 {
    i64::try_from(host.now_unix_ms() / 1000).unwrap_or(i64::MAX)
}

/// A moment of an answer or an argument, in seconds since 1970.
pub(crate) fn parse(moment: &str) -> Option<i64> {
    moment.trim().parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "<unknown>".to_owned(), |moment| moment.to_string())
}

/// A moment of an answer without its fraction of a second; as it is, if it can not be read.
pub(crate) fn short(moment: &str) -> String {
    parse(moment).map_or_else(|| moment.to_owned(), rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azures_seven_digit_fractions_are_read() {
        assert_eq!(short("2026-11-20T08:41:10.4821934Z"), "2026-11-20T08:41:10Z");
        assert_eq!(short("yesterday"), "yesterday");
        assert_eq!(parse("2026-11-20T09:00:00+01:00"), parse("2026-11-20T08:00:00Z"));
    }
}
