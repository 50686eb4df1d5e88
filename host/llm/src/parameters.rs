//! Request parameters: the entry's, the defaults, and what a deployment turned out not to take.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{Settings, dialect::Dialect, windows};

/// Azure charges `max_tokens` against the tokens per minute before a word is written, so it is modest.
const MAX_OUTPUT: u64 = 8_192;
/// Reasoning counts as output: with less, hard questions end before the first visible word.
const MAX_REASONING_OUTPUT: u64 = 32_768;
/// What reasoning models answer 400 to.
const SAMPLING: [&str; 7] = [
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
];
/// What the host itself decides, whatever a refusal says.
const FIXED: [&str; 5] = ["model", "messages", "input", "instructions", "tools"];

/// What an entry says about its requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// Unknown keys of the entry; `null` removes a default.
    pub(crate) fields: Map<String, Value>,
    /// `allowed_openai_params`: sent even to a reasoning model.
    pub(crate) forced: Vec<String>,
    /// The deployment's or model's name.
    pub(crate) name: String,
    /// `base_model`: what the deployment really is; over its name.
    pub(crate) base_model: Option<String>,
    /// Whether the provider is one that charges or cuts by the output limit.
    pub(crate) limit_output: bool,
}

impl Wishes {
    /// What the model is, as far as is known: `base_model`, a name that says something, or what an answer said.
    pub(crate) fn model<'a>(&'a self, learnt: &'a Learnt) -> &'a str {
        let says_nothing = || windows::window(&self.name).is_none();
        let seen = learnt.seen.as_deref().filter(|_| says_nothing());
        self.base_model.as_deref().or(seen).unwrap_or(&self.name)
    }

    /// The parameters of every request to `model`, before refusals taught anything.
    pub(crate) fn parameters(&self, settings: &Settings, window: u64, model: &str) -> Map<String, Value> {
        let reasons = windows::reasons(model);
        let refuses_sampling = reasons || windows::samples_by_itself(model);
        let mut parameters = Map::new();
        if let Some(temperature) = settings.temperature.filter(|_| !refuses_sampling) {
            parameters.insert("temperature".to_owned(), temperature.into());
        }
        if let Some(effort) = settings.reasoning_effort.as_ref().filter(|_| reasons) {
            parameters.insert("reasoning_effort".to_owned(), effort.as_str().into());
        }
        let asked =
            ["max_tokens", "max_completion_tokens"].iter().any(|name| self.fields.contains_key(*name));
        if let Some(thinking) = settings.thinking.as_ref().filter(|_| windows::thinks(model)) {
            parameters.insert("thinking".to_owned(), thinking.clone());
        }
        let modest = if refuses_sampling { MAX_REASONING_OUTPUT } else { MAX_OUTPUT };
        let limit = settings.max_output.or(self.limit_output.then(|| modest.min(window / 4)));
        if let Some(limit) = limit.filter(|_| !asked) {
            parameters.insert("max_tokens".to_owned(), limit.into());
        }
        for (name, value) in &self.fields {
            if value.is_null() {
                parameters.remove(name);
            } else {
                parameters.insert(name.clone(), value.clone());
            }
        }
        // A reasoning model that is told not to reason samples like any other.
        let effort = parameters.get("reasoning_effort").and_then(Value::as_str);
        if refuses_sampling && effort != Some("none") {
            let forced = |name: &str| self.forced.iter().any(|forced| forced == name);
            parameters.retain(|name, _| forced(name) || !SAMPLING.contains(&name.as_str()));
        }
        if reasons {
            rename_limit(&mut parameters);
        }
        parameters
    }
}

/// What refusals taught about a deployment; kept for the life of the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Learnt {
    /// The protocol that the deployment asked for.
    pub(crate) dialect: Option<Dialect>,
    /// The model behind the deployment, by its own name.
    seen: Option<String>,
    renamed_limit: bool,
    dropped: BTreeSet<String>,
}

impl Learnt {
    /// Takes note of the model that answered, and of the protocol that had to be tried for it.
    pub(crate) fn answered(&mut self, model: &str, tried: Option<Dialect>) {
        self.dialect = tried.or(self.dialect);
        if !model.is_empty() && self.seen.as_deref() != Some(model) {
            self.seen = Some(model.to_owned());
        }
    }

    /// Takes note of a parameter that was refused. False when the next body would have it too: then the refusal
    /// stands. What another call has learnt meanwhile is news for the body that went out before.
    pub(crate) fn refuse(&mut self, parameter: &str, body: &Map<String, Value>) -> bool {
        // `reasoning.effort` is refused with all of `reasoning`.
        let parameter = parameter.split(['.', '[']).next().unwrap_or_default();
        if FIXED.contains(&parameter) || !body.contains_key(parameter) {
            return false;
        }
        if parameter == "max_tokens" {
            self.renamed_limit = true;
        } else {
            self.dropped.insert(parameter.to_owned());
        }
        true
    }

    /// Applies what is known to a body.
    pub(crate) fn apply(&self, body: &mut Map<String, Value>) {
        if self.renamed_limit {
            rename_limit(body);
        }
        body.retain(|name, _| !self.dropped.contains(name));
        if !body.contains_key("stream") {
            body.remove("stream_options");
        }
    }
}

fn rename_limit(parameters: &mut Map<String, Value>) {
    if let Some(limit) = parameters.remove("max_tokens") {
        parameters.entry("max_completion_tokens").or_insert(limit);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters(base_model: &str, fields: &Value) -> Value {
        let fields = fields.as_object().cloned().unwrap_or_default();
        let wishes = Wishes { fields, limit_output: true, ..Wishes::default() };
        wishes.parameters(&Settings::default(), 200_000, base_model).into()
    }

    #[test]
    fn parameters_follow_entry_model_and_defaults() {
        for (model, fields, expected) in [
            ("gpt-4.1", json!({}), json!({"temperature": 1e-8, "max_tokens": 8192})),
            ("gpt-4.1", json!({"temperature": null, "max_tokens": null}), json!({})),
            (
                "gpt-4.1",
                json!({"temperature": 1, "seed": 7, "max_tokens": 5}),
                json!({"temperature": 1, "seed": 7, "max_tokens": 5}),
            ),
            ("gpt-5", json!({"temperature": 1, "top_p": 1}), json!({"max_completion_tokens": 32768})),
            ("o3", json!({"max_tokens": 5}), json!({"max_completion_tokens": 5})),
            (
                "gpt-5.1",
                json!({"reasoning_effort": "none", "temperature": 1}),
                json!({"reasoning_effort": "none", "temperature": 1, "max_completion_tokens": 32768}),
            ),
        ] {
            assert_eq!(parameters(model, &fields), expected, "{model} {fields}");
        }
        let wishes = Wishes { forced: vec!["temperature".into()], ..Wishes::default() };
        let wishes = Wishes { fields: json!({"temperature": 1}).as_object().unwrap().clone(), ..wishes };
        let parameters = wishes.parameters(&Settings::default(), 1000, "gpt-5");
        assert_eq!(Value::Object(parameters), json!({"temperature": 1}));
    }

    #[test]
    fn what_a_model_is_comes_from_the_entry_its_name_or_its_first_answer() {
        let mut learnt = Learnt::default();
        let named = |name: &str| Wishes { name: name.into(), ..Wishes::default() };
        assert_eq!(named("prod").model(&learnt), "prod");
        learnt.answered("gpt-5-2025-08-07", None);
        assert_eq!(named("prod").model(&learnt), "gpt-5-2025-08-07");
        assert_eq!(named("gpt-4o-prod").model(&learnt), "gpt-4o-prod");
        let stated = Wishes { base_model: Some("o3".into()), ..named("prod") };
        assert_eq!(stated.model(&learnt), "o3");
    }

    #[test]
    fn learns_max_completion_tokens() {
        let body =
            json!({"max_tokens": 5, "temperature": 1, "model": "m", "stream": true, "stream_options": {}});
        let mut body = body.as_object().unwrap().clone();
        let mut learnt = Learnt::default();
        assert!(learnt.refuse("max_tokens", &body) && learnt.refuse("temperature", &body));
        assert!(!learnt.refuse("model", &body) && !learnt.refuse("unknown", &body));
        // Two calls that were under way with it.
        assert!(learnt.refuse("temperature", &body) && learnt.refuse("max_tokens", &body));
        assert!(learnt.refuse("stream", &body));
        learnt.apply(&mut body);
        assert_eq!(Value::Object(body), json!({"max_completion_tokens": 5, "model": "m"}));
    }
}
