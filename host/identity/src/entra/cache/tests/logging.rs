//! What the operator reads: a line for every refresh that failed, and never a token.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::source::{Answer, Scripted, ask, pass};
use crate::{AuthErrorKind, entra::clock::OffsetWatch};

/// Keeps every line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Log {
    fn warnings(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|(level, _)| *level <= Level::WARN).map(|(_, line)| line.clone()).collect()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("holmes_identity")
    }

    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push((*event.metadata().level(), line.0));
    }

    fn enter(&self, _span: &span::Id) {}

    fn exit(&self, _span: &span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_failing_refresh_is_one_line_and_no_line_has_a_token() {
    let log = Log::default();
    let _subscriber = tracing::subscriber::set_default(log.clone());
    let source = Scripted::always(Answer::token(3600));
    let slot = source.slot();
    ask(&slot).await.unwrap();
    source.henceforth(Answer::fails(AuthErrorKind::Transient));
    pass(3600 - 350).await;
    for _ in 0..25 {
        ask(&slot).await.unwrap();
        pass(1).await;
    }
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for part in ["refused 2", "token_still_valid=true", "next_attempt_seconds=30", "failures=1"] {
        assert!(warnings[0].contains(part), "{warnings:?}");
    }
    pass(400).await;
    for _ in 0..20 {
        ask(&slot).await.unwrap_err();
    }
    assert_eq!(log.warnings().len(), 2, "callers who share a failure share its line");
    source.henceforth(Answer::token(3600));
    pass(10).await;
    ask(&slot).await.unwrap();
    let lines = format!("{:?}", log.0.lock().unwrap());
    assert!(lines.contains("new Entra token") && !lines.contains("token-"), "{lines}");
}

#[test]
fn a_wrong_clock_is_one_line_with_the_offset() {
    let log = Log::default();
    let _subscriber = tracing::subscriber::set_default(log.clone());
    let watch = OffsetWatch::default();
    watch.observe(Some(-75));
    watch.observe(Some(-76));
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("75 s ahead of Entra's"), "{warnings:?}");
}
