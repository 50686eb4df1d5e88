//! The recording's "now" when it does not say: the newest time of something that had happened.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::object::Object;
use super::spool::Store;

/// Keys of moments in the past. Others may lie ahead: expiry of certificates, schedules, deadlines.
const PAST: [&[u8]; 16] = [
    b"creationTimestamp",
    b"time",
    b"timestamp",
    b"firstTimestamp",
    b"lastTimestamp",
    b"eventTime",
    b"lastObservedTime",
    b"startedAt",
    b"finishedAt",
    b"startTime",
    b"completionTime",
    b"lastScheduleTime",
    b"lastTransitionTime",
    b"lastHeartbeatTime",
    b"lastUpdateTime",
    b"renewTime",
];

pub(super) fn newest(objects: &BTreeMap<(String, String), Vec<Object>>, store: &Store) -> Option<Timestamp> {
    objects.values().flatten().filter_map(|object| newest_in(&object.raw(store).ok()?)).max()
}

/// Looks for `"key":"…Z"` in the bytes: parsing every object whole would cost more than all else at opening.
fn newest_in(raw: &[u8]) -> Option<Timestamp> {
    let mut newest = None;
    for (end, _) in raw.windows(2).enumerate().filter(|(_, pair)| *pair == b"Z\"") {
        let Some((before, text)) = raw.get(..=end).and_then(split_at_last_quote) else { continue };
        let before = before.trim_ascii_end();
        let Some(before) = before.strip_suffix(b":").map(<[u8]>::trim_ascii_end) else { continue };
        let Some((_, key)) = before.strip_suffix(b"\"").and_then(split_at_last_quote) else { continue };
        if PAST.contains(&key) {
            let time = std::str::from_utf8(text).ok().and_then(|text| text.parse::<Timestamp>().ok());
            newest = newest.max(time);
        }
    }
    newest
}

fn split_at_last_quote(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    // No time and no key in the table is longer.
    let near = bytes.len().saturating_sub(40);
    let quote = near + bytes.get(near..)?.iter().rposition(|byte| *byte == b'"')?;
    Some((bytes.get(..quote)?, bytes.get(quote + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_past_time_counts_and_an_expiry_does_not() {
        let raw = br#"{"metadata":{"creationTimestamp": "2026-01-01T00:00:00Z"},"status":{"lastTransitionTime":"2026-02-01T00:00:00Z",
            "notAfter":"2030-01-01T00:00:00Z","a":"Z","startedAt":"nonsenseZ"}}"#;
        assert_eq!(newest_in(raw).unwrap().to_string(), "2026-02-01T00:00:00Z");
        assert_eq!(newest_in(b"Z\"Z\"\"Z\""), None);
    }
}
