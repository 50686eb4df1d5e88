//! Bytes into server-sent events: any split, any line end, `data:` with and without a space.

/// More than any provider puts into one event; protects memory from a server that never ends one.
const MAX_EVENT_BYTES: usize = 8 << 20;

/// An event grew beyond any sensible size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {MAX_EVENT_BYTES} bytes")]
pub(crate) struct TooLarge;

/// Collects bytes until an event is whole. Only `data` is kept: no chat protocol needs the other fields.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    data: Option<String>,
    after_carriage_return: bool,
}

impl Decoder {
    /// Takes the next bytes; returns the data of the events they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLarge> {
        let mut events = Vec::new();
        for byte in bytes {
            let follows_carriage_return = std::mem::take(&mut self.after_carriage_return);
            match byte {
                b'\n' if follows_carriage_return => {}
                b'\n' | b'\r' => {
                    self.after_carriage_return = *byte == b'\r';
                    events.extend(self.end_line());
                }
                _ => self.line.push(*byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > MAX_EVENT_BYTES {
                return Err(TooLarge);
            }
        }
        Ok(events)
    }

    /// The end of the bytes. Some servers leave the last empty line out.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let last = self.end_line();
        last.or_else(|| self.data.take())
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        // A line is whole here, so a character that was split between reads is whole as well.
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        let value = line.strip_prefix("data:").or_else(|| (line == "data").then_some(""))?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], step: usize) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for piece in bytes.chunks(step) {
            events.extend(decoder.feed(piece).unwrap());
        }
        events.extend(decoder.finish());
        events
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_split_and_lines_end() {
        let text = ": hello\n\ndata: {\"a\":\"größe 🚀\"}\n\nevent: x\nid: 1\ndata:two\ndata: lines\n\ndata: [DONE]\n\n";
        let expected = ["{\"a\":\"größe 🚀\"}", "two\nlines", "[DONE]"];
        for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace('\n', "\r")] {
            for step in [1, 2, 3, 7, 1000] {
                assert_eq!(decode(text.as_bytes(), step), expected, "{step}");
            }
        }
    }

    #[test]
    fn the_last_empty_line_may_be_missing() {
        assert_eq!(decode(b"data: a\n\ndata: [DONE]", 4), ["a", "[DONE]"]);
        assert_eq!(decode(b"data: a\n\ndata: [DONE]\n", 4), ["a", "[DONE]"]);
        assert_eq!(decode(b"data", 4), [""]);
        assert!(decode(b"", 1).is_empty());
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut decoder = Decoder::default();
        let piece = vec![b'x'; 1 << 20];
        assert!((0..9).any(|_| decoder.feed(&piece).is_err()));
    }
}
