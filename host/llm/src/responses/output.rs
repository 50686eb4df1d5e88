//! The list of an answer's items: where each piece belongs, and what is made of all of them.

use std::{collections::BTreeMap, mem};

use holmes_protocol::{Carried, ToolCall};

use super::{
    item::{Part, Pending, PendingCall},
    wire::Item,
};

/// A carried item's own key for where it stood: 0 before the text, n before the n-th call. Never sent.
pub(crate) const POSITION: &str = "position";

/// Several messages of one answer are remarks and the answer proper: paragraphs.
const BETWEEN_MESSAGES: &str = "\n\n";

/// The output items by their index.
#[derive(Debug, Default)]
pub(crate) struct Output {
    items: BTreeMap<u64, Pending>,
    /// The message whose text was delivered last.
    speaking: Option<u64>,
}

impl Output {
    /// Takes a new item; returns the text in it.
    pub(crate) fn add(&mut self, index: Option<u64>, item: Item) -> String {
        let index =
            index.unwrap_or_else(|| self.items.keys().last().map_or(0, |last| last.saturating_add(1)));
        let item = Pending::from(item);
        let text = item.part.text().to_owned();
        self.items.insert(index, item);
        self.spoken(index, text)
    }

    /// Takes an item that is whole now; returns the text that had not arrived before.
    pub(crate) fn settle(&mut self, index: Option<u64>, item: Item) -> String {
        let mut item = Pending::from(item);
        let index = self.place(index, &item.id);
        let earlier = self.items.remove(&index).map_or(Part::Other, |earlier| earlier.part);
        let text = item.part.text().strip_prefix(earlier.text()).unwrap_or_default().to_owned();
        item.part.fill(earlier);
        self.items.insert(index, item);
        self.spoken(index, text)
    }

    /// Takes the whole list in place of what arrived before.
    pub(crate) fn replace(&mut self, items: Vec<Item>) {
        self.items = (0..).zip(items.into_iter().map(Pending::from)).collect();
    }

    /// Appends to a message's text; returns what to deliver.
    pub(crate) fn push_text(&mut self, index: Option<u64>, id: &str, text: &str) -> String {
        let index = self.place(index, id);
        match &mut self.items.entry(index).or_insert_with(|| Pending::new(id)).part {
            Part::Message(message) => message.push_str(text),
            part @ (Part::Call(_) | Part::Reasoning(_) | Part::Other) => {
                *part = Part::Message(text.to_owned());
            }
        }
        self.spoken(index, text.to_owned())
    }

    /// Appends to a call's arguments.
    pub(crate) fn push_arguments(&mut self, index: Option<u64>, id: &str, arguments: &str) {
        self.change_call(index, id, |call| call.arguments.push_str(arguments));
    }

    /// Takes the arguments that are whole now.
    pub(crate) fn settle_arguments(&mut self, index: Option<u64>, id: &str, name: String, arguments: String) {
        self.change_call(index, id, |call| {
            if call.name.is_empty() {
                call.name = name;
            }
            if !arguments.is_empty() {
                call.arguments = arguments;
            }
        });
    }

    /// The text of all messages.
    pub(crate) fn text(&self) -> String {
        let texts = self.items.values().map(|item| item.part.text()).filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join(BETWEEN_MESSAGES)
    }

    /// The calls in the model's order, and the reasoning, each with its place among text and calls.
    pub(crate) fn into_calls(self, origin: &str) -> (Vec<ToolCall>, Vec<Carried>) {
        let (mut calls, mut carried) = (Vec::new(), Vec::new());
        let mut position = 0_u64;
        for (index, item) in self.items {
            match item.part {
                Part::Message(text) if !text.is_empty() => position = position.max(1),
                Part::Call(call) => {
                    calls.push(call.into_call(index));
                    position = position.max(1).saturating_add(1);
                }
                Part::Reasoning(Some(mut item)) => {
                    if position > 0
                        && let Some(fields) = item.as_object_mut()
                    {
                        fields.insert(POSITION.to_owned(), position.into());
                    }
                    carried.push(Carried { origin: origin.to_owned(), item });
                }
                Part::Message(_) | Part::Reasoning(None) | Part::Other => {}
            }
        }
        (calls, carried)
    }

    fn change_call(&mut self, index: Option<u64>, id: &str, change: impl FnOnce(&mut PendingCall)) {
        let index = self.place(index, id);
        let item = self.items.entry(index).or_insert_with(|| Pending::new(id));
        let mut call = match mem::replace(&mut item.part, Part::Other) {
            Part::Call(call) => call,
            Part::Message(_) | Part::Reasoning(_) | Part::Other => PendingCall::default(),
        };
        change(&mut call);
        item.part = Part::Call(call);
    }

    /// Where a piece belongs. Without an index the item's id says it, and without both it is the last one's.
    fn place(&self, index: Option<u64>, id: &str) -> u64 {
        let named = || self.items.iter().find(|(_, item)| !id.is_empty() && item.id == id);
        let last = || self.items.keys().last().copied().unwrap_or_default();
        index.or_else(|| named().map(|(index, _)| *index)).unwrap_or_else(last)
    }

    /// A piece of text as it is delivered: a new message begins a paragraph.
    fn spoken(&mut self, index: u64, text: String) -> String {
        if text.is_empty() {
            return text;
        }
        match self.speaking.replace(index) {
            Some(before) if before != index => format!("{BETWEEN_MESSAGES}{text}"),
            Some(_) | None => text,
        }
    }
}
