//! One line of a log: when, from which container, what. Merged by time, repetitions folded.

use crate::age;

/// A line, or several equal ones in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Microseconds since 1970, if the line or one before it told.
    pub micros: Option<i64>,
    /// What the kubelet wrote in front, shortened to milliseconds; empty if it wrote nothing.
    pub stamp: String,
    /// Which stream it is from: an index.
    pub stream: usize,
    /// Without the kubelet's timestamp.
    pub text: String,
    /// How many equal lines this one stands for.
    pub repeated: usize,
}

/// The lines of one stream. A line without a time inherits the one before it: it continues it.
pub(crate) fn parse(stream: usize, text: &str) -> Vec<Line> {
    let mut last = None;
    text.lines()
        .map(|raw| {
            let (first, rest) = raw.split_once(' ').unwrap_or((raw, ""));
            let kubelet = first.parse::<jiff::Timestamp>().ok();
            let micros = kubelet.map(jiff::Timestamp::as_microsecond).or_else(|| own_time(raw));
            last = micros.or(last);
            let (stamp, text) = match kubelet {
                Some(moment) => (format!("{:.3}", moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")), rest),
                None => (String::new(), raw),
            };
            Line { micros: last, stamp, stream, text: text.to_owned(), repeated: 1 }
        })
        .collect()
}

/// A time that the program itself wrote in front: `2026-11-16 15:29:05,123`.
fn own_time(raw: &str) -> Option<i64> {
    let text = raw.trim_start_matches('[');
    let date = text.get(..10)?;
    let time = text.get(11..19)?;
    let seconds = age::parse(&format!("{date}T{time}Z"))?;
    let fraction: String = text
        .get(19..)
        .and_then(|rest| rest.strip_prefix([',', '.']))
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).take(6).collect())
        .unwrap_or_default();
    let micros: i64 = format!("{fraction:0<6}").parse().unwrap_or_default();
    Some(seconds * 1_000_000 + micros)
}

/// All lines by time; the order within a stream stays. Streams without any time come first.
pub(crate) fn merge(streams: Vec<Vec<Line>>) -> Vec<Line> {
    let mut all: Vec<Line> = streams.into_iter().flatten().collect();
    all.sort_by_key(|line| line.micros);
    all
}

/// Folds equal lines of one stream that follow each other.
pub(crate) fn fold(lines: Vec<Line>) -> Vec<Line> {
    let mut folded: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        match folded.last_mut() {
            Some(last) if last.stream == line.stream && bare(&last.text) == bare(&line.text) => {
                last.repeated += line.repeated;
            }
            _ => folded.push(line),
        }
    }
    folded
}

/// The text without a time of its own, so that equal messages are equal.
fn bare(text: &str) -> &str {
    if own_time(text).is_none() {
        return text;
    }
    let rest = text.trim_start_matches('[').get(19..).unwrap_or_default();
    rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, ',' | '.' | 'Z' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelets_time_is_taken_off_and_a_continuation_inherits_it() {
        let lines = parse(0, "2026-11-16T15:29:05.123456789Z boom\n  at main\n");
        assert_eq!(lines[0].text, "boom");
        assert_eq!(lines[0].stamp, "2026-11-16T15:29:05.123Z");
        assert_eq!(lines[1].text, "  at main");
        assert_eq!(lines[1].micros, lines[0].micros);
    }

    #[test]
    fn streams_merge_by_time_and_repetitions_fold() {
        let a = parse(
            0,
            "2026-11-16 15:00:01,000 tick\n2026-11-16 15:00:02,000 tick\n2026-11-16 15:00:05,000 tock",
        );
        let b = parse(1, "2026-11-16T15:00:03Z other");
        let texts: Vec<(String, usize)> =
            fold(merge(vec![a, b])).into_iter().map(|line| (line.text, line.repeated)).collect();
        let expected =
            [("2026-11-16 15:00:01,000 tick", 2), ("other", 1), ("2026-11-16 15:00:05,000 tock", 1)];
        assert_eq!(texts, expected.map(|(text, count)| (text.to_owned(), count)));
    }
}
