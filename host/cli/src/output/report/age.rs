//! How long ago something was, told by the report's own clock. Its times are always UTC and of whole seconds.

const DAY: i64 = 86_400;

/// `14 min`; none when a time is not of the report's form, or lies ahead.
pub(super) fn age(since: &str, now: &str) -> Option<String> {
    let seconds = seconds(now)?.checked_sub(seconds(since)?).filter(|seconds| *seconds >= 0)?;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / DAY);
    Some(match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..DAY => format!("{hours} h {} min", minutes % 60),
        DAY.. => format!("{days} d {} h", hours % 24),
    })
}

/// Seconds since 1970 of `2026-01-31T12:00:00Z`.
fn seconds(time: &str) -> Option<i64> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    // Years begin in March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469;
    Some(days * DAY + hour * 3600 + minute * 60 + second)
}

/// Three numbers of at most four digits.
fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let parts: Option<Vec<i64>> =
        text.split(separator).map(|part| part.parse::<u16>().ok().map(i64::from)).collect();
    parts?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_by_the_reports_own_clock() {
        let now = "2024-03-01T00:00:10Z";
        assert_eq!(age("2024-03-01T00:00:00Z", now).as_deref(), Some("10 s"));
        assert_eq!(age("2024-02-29T23:46:10Z", now).as_deref(), Some("14 min"));
        assert_eq!(age("2024-02-29T21:55:10Z", now).as_deref(), Some("2 h 5 min"));
        assert_eq!(age("2024-02-28T00:00:10Z", now).as_deref(), Some("2 d 0 h"));
        assert_eq!(age("2023-12-31T23:00:10Z", now).as_deref(), Some("60 d 1 h"));
    }

    #[test]
    fn a_time_that_is_none_or_lies_ahead_has_no_age() {
        let now = "2026-01-02T00:00:00Z";
        for wrong in ["2026-01-03T00:00:00Z", "yesterday", "", "2026-01-01", "2026-01-01T00:00:00.5Z"] {
            assert_eq!(age(wrong, now), None, "{wrong}");
        }
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
    }
}
