//! Ages and moments. "Now" is the host's: frozen at the moment of recording for a recorded cluster.

use holmes_plugin::Host;
use jiff::Timestamp;

/// The moment that ages are counted from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now(i64);

impl Now {
    /// The host's now.
    pub(crate) fn of(host: &Host) -> Self {
        Self(i64::try_from(host.now_unix_ms() / 1000).unwrap_or(i64::MAX))
    }

    /// Seconds since 1970.
    pub(crate) fn seconds(self) -> i64 {
        self.0
    }

    /// Seconds since a moment of the API; none for an absent one.
    pub(crate) fn since(self, moment: &str) -> Option<i64> {
        parse(moment).map(|then| self.0 - then)
    }

    /// `5m20s`, as kubectl writes it.
    pub(crate) fn age(self, moment: &str) -> String {
        self.since(moment).map_or_else(|| "<unknown>".to_owned(), human)
    }
}

/// A moment of the API in seconds since 1970.
pub(crate) fn parse(moment: &str) -> Option<i64> {
    moment.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// RFC 3339 in UTC.
pub(crate) fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "<unknown>".to_owned(), |moment| moment.to_string())
}

/// A duration in at most two units, with kubectl's thresholds (`HumanDuration` of apimachinery).
pub(crate) fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let seconds = seconds.max(0);
    let two = |large: i64, large_unit: &str, small: i64, small_unit: &str| {
        let rest = seconds % large / small;
        let whole = format!("{}{large_unit}", seconds / large);
        if rest == 0 { whole } else { format!("{whole}{rest}{small_unit}") }
    };
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 => two(MINUTE, "m", 1, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(HOUR, "h", MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(DAY, "d", HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(YEAR, "y", DAY, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_kubectls() {
        let table = [
            (0, "0s"),
            (119, "119s"),
            (125, "2m5s"),
            (3_700, "61m"),
            (11_000, "3h3m"),
            (100_000, "27h"),
            (200_000, "2d7h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(human(seconds), expected);
        }
    }
}
