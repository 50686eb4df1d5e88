//! The answer while it is written: on a terminal, text appears as it comes, and is not printed a second time.

use anyhow::Result;
use holmes_protocol::Event;

use super::{markdown::Renderer, printer::Printer};

/// What of the current message is on the terminal already.
#[derive(Debug)]
pub(crate) struct Live {
    enabled: bool,
    renderer: Renderer,
    shown: String,
}

impl Live {
    /// Shows nothing unless stdout is a terminal that wants the answer as text.
    pub(crate) fn new(enabled: bool) -> Self {
        Self { enabled, renderer: Renderer::default(), shown: String::new() }
    }

    /// Takes the next event.
    pub(crate) fn show(&mut self, event: &Event, printer: Printer) -> Result<()> {
        match event {
            Event::ModelStarted { .. } => {
                self.shown.clear();
                self.renderer = Renderer::default();
            }
            Event::TextDelta { text, .. } if self.enabled => {
                self.shown.push_str(text);
                printer.answer(&format!("{}\n", self.renderer.render(text)))?;
            }
            Event::TextDelta { .. }
            | Event::Retry { .. }
            | Event::FellBack { .. }
            | Event::AssistantMessage { .. }
            | Event::ToolStarted { .. }
            | Event::ToolFinished { .. }
            | Event::Usage { .. } => {}
        }
        Ok(())
    }

    /// What of the final text is not on the terminal yet.
    pub(crate) fn rest<'a>(&self, text: &'a str) -> &'a str {
        let shown = self.shown.trim_end();
        if shown.is_empty() { text } else { text.strip_prefix(shown).map_or(text, str::trim_start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_is_not_shown_again_and_anything_else_is() {
        let live = |shown: &str| Live { shown: shown.to_owned(), ..Live::new(true) };
        assert_eq!(live("web is down\n").rest("web is down\n\nfindings"), "findings");
        assert_eq!(live("let me look\n").rest("web is down"), "web is down");
        assert_eq!(live("").rest("web is down"), "web is down");
    }
}
