//! Messages as servers really send them: any field may be missing or null.

use serde::Deserialize;
use serde_json::{Map, Value};

/// An event of a stream, or a whole answer, which is the event `message`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// Of `message_start`: the answer without its content.
    pub(crate) message: Option<Head>,
    /// Of a block's events: its place in the answer.
    pub(crate) index: Option<u64>,
    /// Of `content_block_start`: the block, mostly empty. Kept as it came, because some blocks go back.
    pub(crate) content_block: Option<Map<String, Value>>,
    /// Of `content_block_delta` and `message_delta`.
    pub(crate) delta: Option<Delta>,
    /// Of `message_delta`: the counts so far.
    pub(crate) usage: Option<Usage>,
    /// Of a whole answer.
    pub(crate) model: Option<String>,
    /// Of a whole answer.
    pub(crate) content: Option<Vec<Map<String, Value>>>,
    /// Of a whole answer.
    pub(crate) stop_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Delta {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) thinking: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) partial_json: Option<String>,
    /// Of `message_delta`, which has no type of delta.
    pub(crate) stop_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Usage {
    /// Neither read from the cache nor written to it.
    pub(crate) input_tokens: Option<u64>,
    pub(crate) cache_creation_input_tokens: Option<u64>,
    pub(crate) cache_read_input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct OutputDetails {
    pub(crate) thinking_tokens: Option<u64>,
}

impl Usage {
    /// Takes later counts in. They are totals, and some servers send zeros or nothing for what they said before.
    pub(crate) fn update(&mut self, later: Self) {
        self.input_tokens = self.input_tokens.max(later.input_tokens);
        self.cache_creation_input_tokens =
            self.cache_creation_input_tokens.max(later.cache_creation_input_tokens);
        self.cache_read_input_tokens = self.cache_read_input_tokens.max(later.cache_read_input_tokens);
        self.output_tokens = self.output_tokens.max(later.output_tokens);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details.take());
    }
}
