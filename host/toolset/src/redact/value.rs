//! How far a value reaches, and whether it can be a credential at all.

/// A value is looked at so far; every search ahead is bounded, so that the whole stays linear.
const LONGEST: usize = 2048;

/// How far an unquoted value may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the end of the word.
    Word,
    /// The name leads its line: to the end of the line.
    Line,
    /// A header's value: to the next quote, or the end of the line.
    Header,
}

/// Where a value stands in its text.
pub(super) struct Value {
    /// Where what is replaced begins: after an opening quote.
    pub(super) start: usize,
    /// Where it ends: before the closing quote.
    pub(super) end: usize,
    /// In quotes.
    pub(super) quoted: bool,
    /// A list: its replacement needs quotes of its own.
    list: bool,
}

impl Value {
    pub(super) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The placeholder as it has to be spelt in this place.
    pub(super) fn written(&self, text: &str, placeholder: &str) -> String {
        if !self.list {
            return placeholder.to_owned();
        }
        let content = self.text(text).trim_start();
        let quote: String =
            content.chars().take_while(|letter| matches!(letter, '\\' | '"' | '\'')).take(4).collect();
        format!("{quote}{placeholder}{quote}")
    }
}

/// The value after a separator; none when there is no scalar on the line and no block below it.
pub(super) fn after(text: &str, from: usize, separator: u8, reach: Reach) -> Option<Value> {
    let mut value = near(text, from, separator, reach)?;
    // A value longer than the window goes on to where a quoted or a plain one has to end.
    if value.end >= text.floor_char_boundary(from.saturating_add(LONGEST)) {
        let rest = text.get(value.end..).unwrap_or_default();
        let more =
            if value.quoted { rest.find(['"', '\'', '\n']) } else { rest.find([' ', '\n', '"', '\'']) };
        value.end = value.end.saturating_add(more.unwrap_or(rest.len()));
    }
    Some(value)
}

fn near(text: &str, from: usize, separator: u8, reach: Reach) -> Option<Value> {
    let rest = text.get(from..text.floor_char_boundary(from.saturating_add(LONGEST)))?;
    let blanks = rest.len().saturating_sub(rest.trim_start_matches([' ', '\t']).len());
    // `host:port` and `a::b` are no pairs of YAML, but JSON and logs leave the blank out.
    if separator == b'=' && rest.starts_with('=') || separator == b':' && rest.starts_with([':', '/']) {
        return None;
    }
    let start = from.saturating_add(blanks);
    let rest = rest.get(blanks..)?;
    let slashes = rest.bytes().take_while(|byte| *byte == b'\\').count();
    let quote =
        rest.get(slashes..).and_then(|rest| rest.chars().next()).filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        let open = slashes.saturating_add(1);
        let inner = rest.get(open..)?;
        let end = closing(inner, quote, slashes);
        let start = start.saturating_add(open);
        return Some(Value { start, end: start.saturating_add(end), quoted: true, list: false });
    }
    match rest.chars().next()? {
        '[' => {
            let inner = rest.get(1..)?;
            let end = inner.find([']', '\n'])?;
            let start = start.saturating_add(1);
            let content = inner.get(..end)?.trim_start_matches([' ', '\\']);
            content.starts_with(['"', '\'']).then(|| Value {
                start,
                end: start.saturating_add(end),
                quoted: true,
                list: true,
            })
        }
        '{' | '\n' | '\r' => None,
        '|' | '>' if reach == Reach::Line && separator == b':' => block(text, start),
        _ => {
            let end = plain(rest, separator, reach);
            (end > 0).then(|| Value { start, end: start.saturating_add(end), quoted: false, list: false })
        }
    }
}

/// Where a quoted value ends. A quote with more backslashes before it than the opening one is part of it.
fn closing(inner: &str, quote: char, slashes: usize) -> usize {
    let mut run = 0_usize;
    for (at, letter) in inner.char_indices() {
        if letter == '\\' {
            run = run.saturating_add(1);
        } else if letter == quote && run <= slashes {
            return at.saturating_sub(run);
        } else if letter == '\n' {
            return at;
        } else {
            run = 0;
        }
    }
    inner.len()
}

/// A block scalar: the lines below that are indented deeper than the name.
fn block(text: &str, marker: usize) -> Option<Value> {
    let line_start = text.get(..marker)?.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let depth = indent(text.get(line_start..)?);
    let start = text.get(marker..)?.find('\n')?.saturating_add(marker).saturating_add(1);
    let mut end = start;
    for line in text.get(start..)?.split_inclusive('\n') {
        if !line.trim().is_empty() && indent(line) <= depth {
            break;
        }
        end = end.saturating_add(line.len());
    }
    let body = text.get(start..end)?;
    let trimmed = body.trim_end().len();
    let blanks = indent(body);
    (trimmed > blanks).then(|| Value {
        start: start.saturating_add(blanks),
        end: start.saturating_add(trimmed),
        quoted: true,
        list: false,
    })
}

fn indent(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start_matches([' ', '\t']).len())
}

/// Where an unquoted value ends.
fn plain(rest: &str, separator: u8, reach: Reach) -> usize {
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    if reach == Reach::Header {
        return line.split(['"', '\'']).next().unwrap_or_default().trim_end_matches([' ', '\\']).len();
    }
    let leads = reach == Reach::Line;
    let whole_line = leads && (separator == b':' || (separator == b'=' && !line.contains(['=', ';', '"'])));
    if whole_line && separator == b':' && !line.contains("\\n") {
        return line.split(" #").next().unwrap_or_default().trim_end().len();
    }
    let mut letters = line.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let ends = match letter {
            ' ' | '\t' => !whole_line,
            '"' | '\'' | ';' | '&' | '`' => true,
            '\\' => matches!(next, Some('n' | 'r' | 't' | '"' | '\\')),
            ',' => next.is_none_or(char::is_whitespace) || starts_pair(line.get(at.saturating_add(1)..)),
            ')' | ']' | '}' => next.is_none_or(|next| !next.is_alphanumeric()),
            _ => false,
        };
        if ends {
            return line.get(..at).unwrap_or_default().trim_end().len();
        }
    }
    line.trim_end().len()
}

fn starts_pair(rest: Option<&str>) -> bool {
    let rest = rest.unwrap_or_default();
    let name = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        .count();
    name > 0 && rest.get(name..).is_some_and(|rest| rest.starts_with(['=', ':']))
}

/// Nothing, a reference, a size, or a placeholder from before.
pub(super) fn is_harmless(content: &str) -> bool {
    let content = content.trim();
    let bare = content.trim_matches(['"', '\'', '\\', ',']);
    bare.is_empty()
        || (bare.starts_with("<redacted:") && bare.ends_with('>') && bare.matches('<').count() == 1)
        || (bare.starts_with("<set to the key") || bare.starts_with("<unset") || bare.starts_with("<none"))
        || (bare.starts_with("$(") && bare.ends_with(')'))
        || (bare.starts_with("${") && bare.ends_with('}'))
        || (bare.starts_with("{{") && bare.ends_with("}}"))
        || bare.bytes().all(|byte| byte == b'*')
        || bare.strip_suffix(" bytes").is_some_and(|size| size.bytes().all(|byte| byte.is_ascii_digit()))
        || matches!(
            bare,
            "null"
                | "nil"
                | "<nil>"
                | "none"
                | "None"
                | "true"
                | "false"
                | "~"
                | "{}"
                | "[]"
                | "redacted"
                | "REDACTED"
        )
}

/// A count or a duration rather than a credential.
pub(super) fn is_small_number(content: &str) -> bool {
    content.len() <= 6 && content.bytes().all(|byte| byte.is_ascii_digit())
}

/// A word that follows `password:` in messages such as `invalid password: must not be empty`.
pub(super) fn is_word_of_prose(content: &str) -> bool {
    const WORDS: [&str; 24] = [
        "not",
        "no",
        "is",
        "was",
        "failed",
        "invalid",
        "must",
        "expected",
        "unexpected",
        "missing",
        "required",
        "cannot",
        "could",
        "the",
        "a",
        "an",
        "authentication",
        "error",
        "unable",
        "wrong",
        "too",
        "unauthorized",
        "denied",
        "access",
    ];
    WORDS.contains(&content)
}

/// Letters with digits, or a mix of upper and lower case in something long.
pub(super) fn looks_random(content: &str) -> bool {
    let digit = content.bytes().any(|byte| byte.is_ascii_digit());
    let letter = content.bytes().any(|byte| byte.is_ascii_alphabetic());
    let upper = content.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    let lower = content.bytes().any(|byte| byte.is_ascii_lowercase());
    content.len() >= 8
        && ((digit && letter) || (content.len() >= 16 && upper && lower) || content.len() >= 24)
}
