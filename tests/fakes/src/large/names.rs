//! What differs from copy to copy: names, uids, addresses.

use std::fmt::{self, Write as _};

/// Which copy is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) seed: u32,
    /// The copy's number; the recording itself is 0.
    pub(super) copy: usize,
    /// The group of nodes that it runs on.
    pub(super) group: usize,
}

/// One thing that is different in every copy, as it is in the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A namespace, or an object whose name is its own in the whole cluster.
    Name(String),
    Uid(String),
    /// The range of addresses, and the place in the copy's share of it.
    Address(u8, usize),
    Node(String),
    /// The address of the node of this place in its group.
    NodeAddress(usize),
}

impl Token {
    fn write(&self, into: &mut String, place: Place) -> fmt::Result {
        let number = u32::try_from(place.copy).unwrap_or(u32::MAX);
        match self {
            Self::Name(name) => write!(into, "{name}-{:04x}", place.copy),
            Self::Uid(uid) => {
                let head =
                    uid.get(..8).and_then(|head| u32::from_str_radix(head, 16).ok()).unwrap_or_default();
                // Injective: no two copies get one uid.
                let mixed = head ^ number.wrapping_mul(0x9e37_79b1) ^ place.seed.wrapping_mul(0x85eb_ca6b);
                write!(into, "{mixed:08x}{}", uid.get(8..).unwrap_or_default())
            }
            Self::Address(range, ordinal) => {
                write!(into, "10.{}.{}.{ordinal}", usize::from(*range) + place.copy / 256, place.copy % 256)
            }
            Self::Node(name) => {
                let (stem, digits) = name.split_at(name.len().saturating_sub(6));
                let digits = digits.parse::<usize>().unwrap_or_default() + place.group * 10;
                write!(into, "{stem}{digits:06}")
            }
            Self::NodeAddress(ordinal) => {
                write!(into, "10.{}.{}.{}", 225 + place.group / 250, place.group % 250, ordinal + 4)
            }
        }
    }
}

/// An object's text, cut where tokens stand in it.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<(String, Option<Token>)>,
}

impl Template {
    /// `tokens`: what to look for, and what it is.
    pub(super) fn new(text: &str, tokens: &[(String, Token)]) -> Self {
        let mut found: Vec<(usize, usize, &Token)> = Vec::new();
        for (needle, token) in tokens {
            found.extend(text.match_indices(needle.as_str()).map(|(at, _)| (at, needle.len(), token)));
        }
        // Of two that begin together the longer one is meant: `10.244.0.1` is not in `10.244.0.12`.
        found.sort_by_key(|(at, length, _)| (*at, usize::MAX - *length));
        let mut pieces = Vec::new();
        let mut done = 0;
        for (at, length, token) in found {
            if at >= done {
                pieces.push((text.get(done..at).unwrap_or_default().to_owned(), Some(token.clone())));
                done = at + length;
            }
        }
        pieces.push((text.get(done..).unwrap_or_default().to_owned(), None));
        Self { pieces }
    }

    pub(super) fn write(&self, into: &mut String, place: Place) {
        for (text, token) in &self.pieces {
            into.push_str(text);
            if let Some(token) = token {
                // A string takes whatever is written to it.
                let _ = token.write(into, place);
            }
        }
    }
}
