//! Who answers in an entry's place: ours, no key of `HolmesGPT`'s.
//!
//! Another model answers where waiting does not help. It never hides a mistake in the configuration or a
//! missing right: those are for people to mend.

use std::sync::Arc;

use futures::{StreamExt, stream::BoxStream};

use super::{Entry, Model};
use crate::{
    ChatEvent, ChatModel, ChatReply, ChatRequest, LlmError, LlmErrorKind,
    events::{self, Progress},
};

/// Tries again of a transient failure, when somebody else could answer.
pub(super) const RETRIES: u32 = 2;

/// A model, and those that answer in its place.
struct WithFallback {
    first: Model,
    others: Vec<Model>,
    on_content_filter: bool,
}

/// Connects entries with those that they name. A name that is none disables the entry that has it.
pub(super) fn link(entries: &mut [Entry]) {
    let models: Vec<(String, Option<Model>)> = entries
        .iter()
        .map(|entry| (entry.name.clone(), entry.state.as_ref().ok().map(|ready| Arc::clone(&ready.model))))
        .collect();
    for entry in entries {
        let Ok(ready) = &mut entry.state else { continue };
        if ready.fallback.names.is_empty() {
            continue;
        }
        let mut others = Vec::new();
        let mut unknown = None;
        for name in &ready.fallback.names {
            match models.iter().find(|(known, _)| known == name && *known != entry.name) {
                Some((_, Some(model))) => others.push(Arc::clone(model)),
                // It is disabled and says why in its own line; this one works without it.
                Some((_, None)) => {
                    tracing::warn!(model = entry.name, fallback = name, "the fallback is disabled");
                }
                None => unknown = Some(name.clone()),
            }
        }
        if let Some(name) = unknown {
            entry.state = Err(format!("`fallback` names `{name}`, which is no other entry of the list"));
            continue;
        }
        let on_content_filter = ready.fallback.on_content_filter;
        ready.model = Arc::new(WithFallback { first: Arc::clone(&ready.model), others, on_content_filter });
    }
}

impl ChatModel for WithFallback {
    fn name(&self) -> &str {
        self.first.name()
    }

    /// What fits into every model that may have to answer.
    fn window(&self) -> u64 {
        self.others.iter().map(|other| other.window()).fold(self.first.window(), u64::min)
    }

    fn chat(&self, request: ChatRequest) -> BoxStream<'_, Result<ChatEvent, LlmError>> {
        events::stream(move |progress| self.run(request, progress))
    }
}

impl WithFallback {
    async fn run(&self, request: ChatRequest, mut progress: Progress) -> Result<ChatReply, LlmError> {
        let mut failed = match pass_on(&self.first, request.clone(), &mut progress).await {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        for other in &self.others {
            if progress.delivered() || !self.helps(failed.kind) {
                break;
            }
            tracing::warn!(model = self.name(), fallback = other.name(), reason = %failed, "another model answers");
            progress.send(ChatEvent::FellBack { model: other.name().to_owned(), reason: failed.message });
            failed = match pass_on(other, request.clone(), &mut progress).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
        }
        Err(failed)
    }

    fn helps(&self, kind: LlmErrorKind) -> bool {
        let waiting_is_over = matches!(
            kind,
            LlmErrorKind::QuotaExhausted
                | LlmErrorKind::RateLimited { .. }
                | LlmErrorKind::Unavailable
                | LlmErrorKind::IdentityUnavailable
                | LlmErrorKind::Cut
        );
        waiting_is_over || (kind == LlmErrorKind::ContentFiltered && self.on_content_filter)
    }
}

/// The events of a model, up to its end.
async fn pass_on(
    model: &Model,
    request: ChatRequest,
    progress: &mut Progress,
) -> Result<ChatReply, LlmError> {
    let mut events = model.chat(request);
    while let Some(event) = events.next().await {
        match event? {
            ChatEvent::TextDelta(piece) => progress.text(piece),
            ChatEvent::Finished(reply) => return Ok(reply),
            event @ (ChatEvent::Retry { .. } | ChatEvent::FellBack { .. }) => progress.send(event),
        }
    }
    Err(LlmError::new(LlmErrorKind::Cut, "the answer ended before it was complete"))
}
