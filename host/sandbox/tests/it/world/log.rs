//! Every event of the sandbox, as the operator's log would get it.

use std::{
    fmt::Debug,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

static LINES: Mutex<Vec<Vec<String>>> = Mutex::new(Vec::new());

/// The fields' values of every event whose fields hold `marker`.
pub(crate) fn with(marker: &str) -> Vec<Vec<String>> {
    let found = |line: &&Vec<String>| line.iter().any(|value| value.contains(marker));
    lines().iter().filter(found).cloned().collect()
}

/// Begins to listen; events before this are lost.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).expect("the only one"));
}

fn lines() -> MutexGuard<'static, Vec<Vec<String>>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("holmes_sandbox")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut values = Values(Vec::new());
        event.record(&mut values);
        lines().push(values.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Values(Vec<String>);

impl Visit for Values {
    fn record_str(&mut self, _: &Field, value: &str) {
        self.0.push(value.to_owned());
    }

    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        self.0.push(format!("{value:?}"));
    }
}
