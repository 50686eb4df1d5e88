//! Which tables a query of Resource Graph reads: those that it begins with, joins, unites or looks up, however
//! deep. An operator that is not known here is refused, for it could read a table in its own way.

use super::words::{Word, cut};

/// Tables that describe resources and their health, and hold no secrets that masking does not know.
const TABLES: [&str; 6] = [
    "resources",
    "resourcecontainers",
    "resourcechanges",
    "healthresources",
    "alertsmanagementresources",
    "advisorresources",
];

/// Operators that read no table but in parentheses.
const OPERATORS: [&str; 23] = [
    "count",
    "distinct",
    "extend",
    "filter",
    "limit",
    "mv-expand",
    "mvexpand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "sample",
    "sort",
    "summarize",
    "take",
    "top",
    "top-nested",
    "where",
];

/// After these, what stands in parentheses may be a table.
const TAKERS: [&str; 7] = ["in", "has_any", "has_all", "toscalar", "materialize", "exists", "view"];

/// Functions that name a table, a store or a service.
const SOURCES: [&str; 11] = [
    "adx",
    "app",
    "arg",
    "cluster",
    "database",
    "datatable",
    "external_table",
    "externaldata",
    "resource",
    "table",
    "workspace",
];

/// Parentheses in parentheses, at most.
const DEEPEST: usize = 32;

/// Why a query is not sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// It may hold secrets, or is none.
    #[error("the table `{0}` of Resource Graph is not open to tools; these are: {tables}", tables = TABLES.join(", "))]
    Table(String),
    /// It could read anything.
    #[error("the operator `{0}` is not open to tools in a query of Resource Graph")]
    Operator(String),
    /// The service could understand it in another way.
    #[error("near `{0}` the query of Resource Graph can not be read for certain; write it more plainly")]
    Unclear(String),
}

impl Refused {
    pub(super) fn unclear(letter: char) -> Self {
        Self::Unclear(letter.escape_default().collect())
    }
}

/// What is still to be read.
struct Reader<'a> {
    rest: &'a [Word],
    depth: usize,
}

/// Whether every table that a query reads is open to tools.
pub(super) fn check(query: &str) -> Result<(), Refused> {
    let words = cut(query)?;
    let mut reader = Reader { rest: &words, depth: 0 };
    reader.pipeline()?;
    reader.rest.first().map_or(Ok(()), |word| Err(unclear(word)))
}

impl<'a> Reader<'a> {
    /// A table and what is done with its rows.
    fn pipeline(&mut self) -> Result<(), Refused> {
        if self.is_name("union") {
            self.next();
            self.union()?;
        } else {
            self.table()?;
        }
        self.operators()
    }

    /// The name of a table, or a pipeline in parentheses.
    fn table(&mut self) -> Result<(), Refused> {
        match self.next() {
            Some(Word::Sign('(')) => {
                self.deeper()?;
                self.pipeline()?;
                self.close()
            }
            Some(Word::Name(name)) if TABLES.contains(&name.as_str()) => Ok(()),
            Some(Word::Name(name)) => Err(Refused::Table(name.clone())),
            Some(word) => Err(unclear(word)),
            None => Err(Refused::Table(String::new())),
        }
    }

    fn operators(&mut self) -> Result<(), Refused> {
        while self.take('|') {
            let name = self.operator_name();
            match name.as_str() {
                "join" | "lookup" => {
                    self.parameters();
                    self.table()?;
                    if !self.is_name("on") {
                        return Err(Refused::Operator(name));
                    }
                    self.scalar()?;
                }
                "union" => self.union()?,
                _ if OPERATORS.contains(&name.as_str()) => self.scalar()?,
                _ => return Err(Refused::Operator(name)),
            }
        }
        Ok(())
    }

    fn union(&mut self) -> Result<(), Refused> {
        self.parameters();
        self.table()?;
        while self.take(',') {
            self.table()?;
        }
        match self.rest.first() {
            None | Some(Word::Sign('|' | ')')) => Ok(()),
            Some(word) => Err(unclear(word)),
        }
    }

    /// `mv-expand` is three words, and one name.
    fn operator_name(&mut self) -> String {
        let mut name = String::new();
        while let Some(Word::Name(part)) = self.rest.first() {
            self.next();
            name.push_str(part);
            let joined = matches!(name.as_str(), "mv" | "parse" | "project" | "top") && self.take('-');
            if !joined {
                break;
            }
            name.push('-');
        }
        name
    }

    /// `kind=leftouter`, `hint.strategy=broadcast`: names and signs up to the value after the last `=`.
    fn parameters(&mut self) {
        while let [Word::Name(_), after @ ..] = self.rest {
            let mut ahead = after;
            while let [Word::Sign('.'), Word::Name(_), after @ ..] = ahead {
                ahead = after;
            }
            let [Word::Sign('='), Word::Name(_), after @ ..] = ahead else { return };
            self.rest = after;
        }
    }

    /// Expressions, up to the next operator or the end of the parentheses.
    fn scalar(&mut self) -> Result<(), Refused> {
        // What stands before a parenthesis, with the `~` of `in~` left aside.
        let mut before = "";
        while let Some(word) = self.rest.first().filter(|word| !matches!(word, Word::Sign('|' | ')'))) {
            self.next();
            match word {
                Word::Sign('(') => {
                    if SOURCES.contains(&before) {
                        return Err(Refused::Table(before.to_owned()));
                    }
                    self.deeper()?;
                    self.parentheses(TAKERS.contains(&before))?;
                    self.close()?;
                    before = "";
                }
                Word::Name(name) => before = name,
                Word::Sign('~') => {}
                Word::Literal | Word::Sign(_) => before = "",
            }
        }
        Ok(())
    }

    /// What stands in parentheses: expressions, or a table where one may stand or where something is done with it.
    fn parentheses(&mut self, taken: bool) -> Result<(), Refused> {
        let mut depth = 0_usize;
        let mut piped = false;
        for word in self.rest {
            match word {
                Word::Sign('(') => depth += 1,
                Word::Sign(')') if depth == 0 => break,
                Word::Sign(')') => depth -= 1,
                // What is done with a table in inner parentheses is looked at there.
                Word::Sign('|') => piped |= depth == 0,
                Word::Name(_) | Word::Literal | Word::Sign(_) => {}
            }
        }
        let table = match self.rest {
            [Word::Name(name), Word::Sign(')'), ..] => {
                taken && !name.starts_with(|first: char| first.is_ascii_digit())
            }
            [Word::Sign('('), ..] => taken,
            _ => false,
        };
        if piped || table || self.is_name("union") { self.pipeline() } else { self.scalar() }
    }

    fn deeper(&mut self) -> Result<(), Refused> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(Refused::unclear('(')) } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), Refused> {
        self.depth = self.depth.saturating_sub(1);
        match self.next() {
            Some(Word::Sign(')')) => Ok(()),
            Some(word) => Err(unclear(word)),
            None => Err(Refused::unclear(')')),
        }
    }

    fn next(&mut self) -> Option<&'a Word> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take(&mut self, sign: char) -> bool {
        let taken = self.rest.first() == Some(&Word::Sign(sign));
        if taken {
            self.next();
        }
        taken
    }

    fn is_name(&self, expected: &str) -> bool {
        matches!(self.rest.first(), Some(Word::Name(name)) if name == expected)
    }
}

fn unclear(word: &Word) -> Refused {
    match word {
        Word::Name(name) => Refused::Unclear(name.clone()),
        Word::Literal => Refused::Unclear("a literal".to_owned()),
        Word::Sign(sign) => Refused::unclear(*sign),
    }
}
