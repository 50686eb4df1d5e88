//! Pieces of text that come from a cluster, made safe to stand in a line of Markdown or of a shell.

use holmes_protocol::ObjectReference;
use jiff::Timestamp;
use serde_json::Value;

/// Longer values are cut: the line has to stay readable.
const MAX_VALUE: usize = 160;

/// Without line breaks and control characters.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// As code. A backtick inside would end it.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text).replace('`', "'");
    let mut short: String = text.chars().take(MAX_VALUE).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// A JSON value; strings without their quotes.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => code(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => code(&value.to_string()),
    }
}

/// `Kind/namespace/name`, with the container.
pub(super) fn object(object: &ObjectReference) -> String {
    let parts = [object.kind.as_str(), object.namespace.as_str(), object.name.as_str()];
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    match &object.container {
        Some(container) => format!("{} container {}", code(&name), code(container)),
        None => code(&name),
    }
}

/// `2 problems`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A time and how long ago that was, both told by the report and not by this machine's clock.
pub(super) fn age(since: &str, now: &str) -> String {
    let (Ok(start), Ok(end)) = (since.parse::<Timestamp>(), now.parse::<Timestamp>()) else {
        return one_line(since);
    };
    let seconds = end.as_second().saturating_sub(start.as_second());
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let ago = match seconds {
        i64::MIN..0 => return one_line(since),
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        86400.. => format!("{days} d {} h", hours % 24),
    };
    format!("{} ({ago})", one_line(since))
}

/// A command that a person can paste.
pub(super) fn shell(argv: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,%+".contains(c);
    let word = |word: &String| {
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_cluster_can_not_break_out_of_its_line() {
        assert_eq!(code("a`b\n# c\u{1b}[31m"), "`a'b # c [31m`");
        assert_eq!(code(&"x".repeat(200)).chars().count(), MAX_VALUE + 3);
    }

    #[test]
    fn commands_can_be_pasted() {
        let argv = ["kubectl", "get", "pod", "a b", "-o=jsonpath={.x}", "it's"].map(str::to_owned);
        assert_eq!(shell(&argv), r"kubectl get pod 'a b' '-o=jsonpath={.x}' 'it'\''s'");
    }

    #[test]
    fn ages_are_told_by_the_report() {
        let now = "2026-01-02T00:00:00Z";
        assert_eq!(age("2026-01-01T21:55:00Z", now), "2026-01-01T21:55:00Z (2 h 5 min)");
        assert_eq!(age("2025-12-30T00:00:00Z", now), "2025-12-30T00:00:00Z (3 d 0 h)");
        assert_eq!(age("2027-01-01T00:00:00Z", now), "2027-01-01T00:00:00Z");
        assert_eq!(age("yesterday", now), "yesterday");
    }
}
