//! Values that a name gives away: `password: x`, `"password":"x"`, `PASSWORD=x`, `--password x`, and an
//! environment list's `name: DB_PASSWORD` followed by `value: x`.

use super::{
    Redactor,
    names::{self, Likeness},
    patch::Patch,
    value::{self, Reach, Value},
};

/// Deeper indentation than this is not looked for.
const INDENT: usize = 120;

/// A name before a separator.
struct Name<'t> {
    text: &'t str,
    /// In quotes, as in JSON.
    quoted: bool,
    /// Only blanks, `- ` or `export ` before it on its line.
    leads: bool,
}

/// Replaces values by the names before them.
pub(super) fn redact(redactor: &Redactor, text: &str) -> Option<(String, usize)> {
    let mut patch = Patch::new(text);
    let mut listed: Option<&str> = None;
    let mut done = 0_usize;
    let flags = text.contains("--");
    for (at, byte) in text.bytes().enumerate() {
        if at < done {
            continue;
        }
        let name = match byte {
            b':' | b'=' => name_before(text, at),
            b' ' if flags => flag_before(text, at),
            _ => None,
        };
        let Some(name) = name else { continue };
        let entry = listed.take();
        let own = names::likeness(name.text);
        if own.is_none() && !matches!(name.text, "value" | "Value" | "name" | "Name" | "key" | "Key") {
            continue;
        }
        let found = value::after(text, at.saturating_add(1), byte, reach(&name, byte));
        let about = match (name.text, entry) {
            ("value" | "Value", Some(entry)) => Some((entry, Likeness::Strong)),
            ("name" | "Name" | "key" | "Key", _) => {
                listed = found
                    .as_ref()
                    .map(|value| value.text(text))
                    .filter(|text| names::likeness(text).is_some());
                continue;
            }
            (text, _) => own.map(|likeness| (text, likeness)),
        };
        let (Some((about, likeness)), Some(value)) = (about, found) else { continue };
        if !is_secret(&name, byte, likeness, &value, text) {
            continue;
        }
        let kind = if byte == b' ' { "arg" } else { names::kind(about) };
        let placeholder = redactor.placeholder(kind, value.text(text).as_bytes());
        patch.replace(value.start, value.end, &value.written(text, &placeholder));
        done = value.end;
    }
    patch.finish()
}

fn reach(name: &Name<'_>, separator: u8) -> Reach {
    if separator == b':' && names::kind(name.text) == "header" {
        Reach::Header
    } else if name.leads {
        Reach::Line
    } else {
        Reach::Word
    }
}

/// Is this value a credential? Names alone do not tell: prose, references and sizes stand there as well.
fn is_secret(name: &Name<'_>, separator: u8, likeness: Likeness, value: &Value, text: &str) -> bool {
    let content = value.text(text);
    if value::is_harmless(content) || holds_pairs(content) {
        return false;
    }
    if separator == b' ' && content.starts_with('-') {
        return false;
    }
    // Go writes JSON; a quoted word before a colon in prose has no quoted value after it.
    if name.quoted && !name.leads && !value.quoted {
        return content.parse::<f64>().is_ok() && likeness == Likeness::Strong;
    }
    let prose = separator == b':' && !value.quoted && !name.leads;
    match likeness {
        Likeness::Strong => !(prose && value::is_word_of_prose(content)),
        Likeness::Weak if value.quoted || separator == b'=' || separator == b' ' => {
            !value::is_small_number(content)
        }
        Likeness::Weak if name.leads => !value::is_small_number(content) && !content.contains(' '),
        Likeness::Weak => value::looks_random(content),
    }
}

/// A connection string keeps its host: its own pairs are looked at one by one.
fn holds_pairs(content: &str) -> bool {
    if content.contains("://") && content.contains("<redacted:") {
        return true;
    }
    let lower = content.to_ascii_lowercase();
    lower.contains(';')
        && ["password=", "pwd=", "accountkey=", "accesskey="].iter().any(|pair| lower.contains(pair))
}

fn name_before(text: &str, separator: usize) -> Option<Name<'_>> {
    let head = text.get(..separator)?;
    let unquoted = head.strip_suffix(['"', '\'']);
    let body = unquoted.unwrap_or(head);
    let body =
        if unquoted.is_some() { body.trim_end_matches('\\') } else { body.trim_end_matches([' ', '\t']) };
    let start = body
        .len()
        .saturating_sub(body.bytes().rev().take(129).take_while(|byte| is_name_byte(*byte)).count());
    let mut name = body.get(start..)?;
    let before = body.get(..start)?;
    if unquoted.is_none() && before.ends_with('\\') && name.starts_with(['n', 't', 'r']) {
        name = name.get(1..)?;
    }
    if name.is_empty() {
        return None;
    }
    let leads = leads_its_line(before);
    Some(Name { text: name.trim_start_matches('-'), quoted: unquoted.is_some(), leads })
}

/// Looks back a bounded way: a line may be megabytes long.
fn leads_its_line(before: &str) -> bool {
    let from = before.floor_char_boundary(before.len().saturating_sub(INDENT));
    let near = before.get(from..).unwrap_or_default();
    let line = match near.rsplit_once('\n') {
        Some((_, line)) => line,
        None if from == 0 => near,
        None => return false,
    };
    let line = line.trim_start_matches("export ");
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'"' | b'\'' | b'?'))
}

fn flag_before(text: &str, blank: usize) -> Option<Name<'_>> {
    let head = text.get(..blank)?;
    let start =
        head.len().saturating_sub(head.bytes().rev().take(64).take_while(|byte| is_name_byte(*byte)).count());
    let name = head.get(start..)?.strip_prefix("--")?;
    (!name.is_empty()).then_some(Name { text: name, quoted: false, leads: false })
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
