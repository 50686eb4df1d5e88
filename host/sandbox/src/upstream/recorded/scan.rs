//! Takes JSON apart as it streams by: lists into their items, without ever holding a list.
//!
//! Only the ends of objects are looked for. What is between them is parsed by whoever needs it.

use std::io::{self, BufRead};

use super::source::Stop;

/// Larger than any object that etcd takes (1.5 MiB), with room for pretty printing.
const MAX_OBJECT: usize = 16 << 20;

/// A part of a document.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// An object of a list's `items`, or of an array.
    Item(&'a [u8]),
    /// A whole object; a list comes after its items and without them.
    Document(&'a [u8]),
}

/// Why scanning ended early.
#[derive(Debug)]
pub(super) enum Problem {
    /// The text ends within a document.
    CutOff,
    /// There is something else than JSON.
    NotJson,
    /// One object is larger than any can be.
    TooLarge,
    /// What somebody who takes the parts objects to.
    Refused(String),
    /// Reading has to stop; that is no property of the text.
    Stopped(Stop),
}

impl Problem {
    /// For a warning about the file.
    pub(super) fn text(self) -> Result<String, Stop> {
        match self {
            Self::CutOff => Ok("it ends within an object".to_owned()),
            Self::NotJson => Ok("it is not JSON".to_owned()),
            Self::TooLarge => Ok(format!("an object is larger than {} MiB", MAX_OBJECT >> 20)),
            Self::Refused(text) => Ok(text),
            Self::Stopped(stop) => Err(stop),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Stopped(Stop::Broken(error))
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

/// Reads documents until the end or, what is left to the caller, a byte that begins none.
pub(super) fn documents(
    reader: &mut dyn BufRead,
    visit: &mut dyn FnMut(Part<'_>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut buffer = Vec::new();
    loop {
        match next(reader, b"")? {
            Some(b'{') => {
                document(reader, &mut buffer, visit)?;
                visit(Part::Document(&buffer))?;
            }
            Some(b'[') => {
                reader.consume(1);
                items(reader, &mut buffer, visit)?;
            }
            _ => return Ok(()),
        }
        buffer.clear();
    }
}

/// The next byte that is neither white space nor one of `skipped`; it is not taken.
fn next(reader: &mut dyn BufRead, skipped: &[u8]) -> io::Result<Option<u8>> {
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let found = chunk.iter().position(|byte| !byte.is_ascii_whitespace() && !skipped.contains(byte));
        let Some(at) = found else {
            let length = chunk.len();
            reader.consume(length);
            continue;
        };
        let byte = chunk.get(at).copied();
        reader.consume(at);
        return Ok(byte);
    }
}

/// Reads an object without its `items`, which are visited.
fn document(
    reader: &mut dyn BufRead,
    envelope: &mut Vec<u8>,
    visit: &mut dyn FnMut(Part<'_>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut balance = Balance::default();
    let mut item = Vec::new();
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Err(Problem::CutOff);
        }
        let (taken, stop) = balance.advance(chunk, true);
        envelope.extend_from_slice(chunk.get(..taken).unwrap_or_default());
        reader.consume(taken);
        if envelope.len() > MAX_OBJECT {
            return Err(Problem::TooLarge);
        }
        match stop {
            Pause::Closed => return Ok(()),
            Pause::List if ends_with_items(envelope) => {
                items(reader, &mut item, visit)?;
                envelope.push(b']');
                balance.depth -= 1;
            }
            Pause::List | Pause::Chunk => {}
        }
    }
}

/// Is the list that has just begun the one of the key `items`?
fn ends_with_items(envelope: &[u8]) -> bool {
    let before = envelope.strip_suffix(b"[").map(<[u8]>::trim_ascii_end);
    let key = before.and_then(|before| before.strip_suffix(b":")).map(<[u8]>::trim_ascii_end);
    let before = key.and_then(|key| key.strip_suffix(b"\"items\""));
    before.is_some_and(|before| !before.ends_with(b"\\"))
}

/// The objects up to the `]`, which is taken.
fn items(
    reader: &mut dyn BufRead,
    item: &mut Vec<u8>,
    visit: &mut dyn FnMut(Part<'_>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    loop {
        match next(reader, b",")? {
            Some(b'{') => {
                object(reader, item)?;
                visit(Part::Item(item))?;
                item.clear();
            }
            Some(b']') => {
                reader.consume(1);
                return Ok(());
            }
            Some(_) => return Err(Problem::NotJson),
            None => return Err(Problem::CutOff),
        }
    }
}

fn object(reader: &mut dyn BufRead, into: &mut Vec<u8>) -> Result<(), Problem> {
    let mut balance = Balance::default();
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Err(Problem::CutOff);
        }
        let (taken, stop) = balance.advance(chunk, false);
        into.extend_from_slice(chunk.get(..taken).unwrap_or_default());
        reader.consume(taken);
        if into.len() > MAX_OBJECT {
            return Err(Problem::TooLarge);
        }
        if matches!(stop, Pause::Closed) {
            return Ok(());
        }
    }
}

/// Where in its brackets a scan is.
#[derive(Default)]
struct Balance {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

enum Pause {
    /// The chunk is used up.
    Chunk,
    /// The object is closed.
    Closed,
    /// A list has begun right inside the object.
    List,
}

impl Balance {
    /// How many bytes belong to the object, and why no more.
    fn advance(&mut self, chunk: &[u8], at_lists: bool) -> (usize, Pause) {
        let mut at = 0;
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            if self.escaped {
                self.escaped = false;
                at += 1;
                continue;
            }
            if self.in_string {
                let Some(end) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else { break };
                self.escaped = rest.get(end) == Some(&b'\\');
                self.in_string = self.escaped;
                at += end + 1;
                continue;
            }
            let Some(found) = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
            else {
                break;
            };
            at += found + 1;
            match rest.get(found) {
                Some(b'"') => self.in_string = true,
                Some(b'{') => self.depth += 1,
                Some(b'[') => {
                    self.depth += 1;
                    if at_lists && self.depth == 2 {
                        return (at, Pause::List);
                    }
                }
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (at, Pause::Closed);
                    }
                }
            }
        }
        (chunk.len(), Pause::Chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn parts(text: &str, buffer: usize) -> Result<Vec<String>, Problem> {
        let mut parts = Vec::new();
        let mut reader = BufReader::with_capacity(buffer, text.as_bytes());
        documents(&mut reader, &mut |part| {
            parts.push(match part {
                Part::Item(bytes) => format!("item {}", String::from_utf8_lossy(bytes)),
                Part::Document(bytes) => format!("document {}", String::from_utf8_lossy(bytes)),
            });
            Ok(())
        })?;
        Ok(parts)
    }

    #[test]
    fn lists_come_apart_wherever_a_read_ends() {
        let text = r#" {"kind":"PodList","x":[1,["items"]],"items" : [ {"a":"}\"]\\"} ,{"b":{"items":[{}]}}], "z":{}} [{"c":1}]{"d":[]} = "#;
        let expected = [
            r#"item {"a":"}\"]\\"}"#,
            r#"item {"b":{"items":[{}]}}"#,
            r#"document {"kind":"PodList","x":[1,["items"]],"items" : [], "z":{}}"#,
            r#"item {"c":1}"#,
            r#"document {"d":[]}"#,
        ];
        for buffer in 1..text.len() {
            assert_eq!(parts(text, buffer).unwrap(), expected, "{buffer}");
        }
    }

    #[test]
    fn a_text_that_ends_early_or_is_no_json_is_told() {
        for text in ["{", "{\"items\":[{\"a\":1}", "[{}", "{\"items\":[{}],", "{\"a\":\"}"] {
            assert!(matches!(parts(text, 3), Err(Problem::CutOff)), "{text}");
        }
        assert!(matches!(parts("{\"items\":[1]}", 3), Err(Problem::NotJson)));
        assert_eq!(parts("nothing", 3).unwrap(), Vec::<String>::new());
    }
}
