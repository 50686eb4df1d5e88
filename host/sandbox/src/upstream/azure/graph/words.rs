//! Cuts a query of Resource Graph into words. It refuses whatever the service could cut otherwise, so that no
//! table hides in what looks like text here.

use super::query::Refused;

/// What a query is made of, as far as tables are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// In lower case: a table, a column, an operator, a function; numbers as well.
    Name(String),
    /// A string, a time, a GUID: nothing that could name a table.
    Literal,
    /// Anything else, letter by letter.
    Sign(char),
}

/// Functions in whose parentheses the service reads raw text up to the next closing one.
const RAW: [&str; 17] = [
    "bool", "boolean", "date", "datetime", "decimal", "double", "float", "guid", "int", "int32", "int64",
    "long", "real", "time", "timespan", "uniqueid", "uuid",
];

/// The signs that queries have.
const SIGNS: &str = "|(),=.<>!~+-*/%:[]{}$";

struct Reader<'a> {
    rest: &'a str,
    words: Vec<Word>,
}

/// The words of a query.
pub(super) fn cut(query: &str) -> Result<Vec<Word>, Refused> {
    // A query that somebody stored stands in braces, and the service puts it in before it reads anything.
    if query.contains("{{") {
        return Err(Refused::Unclear("{{".to_owned()));
    }
    let unix = query.replace("\r\n", "\n");
    let line_end = |letter: char| matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}');
    if let Some(odd) =
        unix.chars().find(|letter| line_end(*letter) || (letter.is_control() && !"\n\t".contains(*letter)))
    {
        return Err(Refused::unclear(odd));
    }
    let mut reader = Reader { rest: &unix, words: Vec::new() };
    while let Some(first) = reader.rest.chars().next() {
        reader.word(first)?;
    }
    Ok(reader.words)
}

impl Reader<'_> {
    fn word(&mut self, first: char) -> Result<(), Refused> {
        if first.is_ascii_whitespace() {
            self.skip(1);
        } else if self.rest.starts_with("//") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if first == '_' || first.is_ascii_alphanumeric() {
            self.name()?;
        } else if first == '\'' || first == '"' {
            self.string(first)?;
        } else if first == '@' {
            self.skip(1);
            let quote = self.rest.chars().next().filter(|quote| "'\"".contains(*quote));
            self.verbatim(quote.ok_or_else(|| Refused::unclear('@'))?)?;
        } else if SIGNS.contains(first) && !self.rest.starts_with("~~") {
            self.skip(1);
            self.words.push(Word::Sign(first));
        } else {
            return Err(Refused::unclear(first));
        }
        Ok(())
    }

    fn name(&mut self) -> Result<(), Refused> {
        let plain = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
        let end = self.rest.find(|letter| !plain(letter)).unwrap_or(self.rest.len());
        let name = self.rest.get(..end).unwrap_or_default().to_ascii_lowercase();
        self.skip(end);
        let after = self.rest.trim_start();
        if !RAW.contains(&name.as_str()) || !after.starts_with('(') {
            self.words.push(Word::Name(name));
            return Ok(());
        }
        let raw = after.split(')').next().unwrap_or_default();
        let inner = raw.trim_start_matches('(');
        let clear = |letter: char| letter.is_ascii_alphanumeric() || " .:-+{}".contains(letter);
        if raw.len() == after.len() || raw.len() - inner.len() > 1 || !inner.chars().all(clear) {
            return Err(Refused::Unclear(format!("{name}(")));
        }
        self.skip(self.rest.len() - after.len() + raw.len() + 1);
        self.words.push(Word::Literal);
        Ok(())
    }

    /// A string in which a backslash takes away the meaning of the next letter.
    fn string(&mut self, quote: char) -> Result<(), Refused> {
        let mut escaped = false;
        for (at, letter) in self.rest.char_indices().skip(1) {
            match letter {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if letter == quote => {
                    self.skip(at + 1);
                    self.words.push(Word::Literal);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(Refused::unclear(quote))
    }

    /// A string that ends at its quote; a doubled one is two strings here, side by side.
    fn verbatim(&mut self, quote: char) -> Result<(), Refused> {
        loop {
            let text = self.rest.get(1..).unwrap_or_default();
            let end = text
                .find([quote, '\n'])
                .filter(|end| text.get(*end..).is_some_and(|at| at.starts_with(quote)));
            self.skip(end.ok_or_else(|| Refused::unclear(quote))? + 2);
            if !self.rest.starts_with(quote) {
                self.words.push(Word::Literal);
                return Ok(());
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}
