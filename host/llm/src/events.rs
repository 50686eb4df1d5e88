//! A stream of events out of a future that reports its progress.
//!
//! The future runs only while the stream is polled, so dropping the stream cancels the request.

use std::{pin::pin, task::Poll};

use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{ChatEvent, ChatReply, LlmError};

/// Takes the events before the end; remembers whether a piece of the answer was among them.
#[derive(Debug)]
pub(crate) struct Progress {
    sender: UnboundedSender<ChatEvent>,
    delivered: bool,
}

impl Progress {
    /// Delivers a piece of the text.
    pub(crate) fn text(&mut self, piece: String) {
        if !piece.is_empty() {
            self.delivered = true;
            self.send(ChatEvent::TextDelta(piece));
        }
    }

    /// Delivers anything.
    pub(crate) fn send(&self, event: ChatEvent) {
        // The receiver lives as long as the stream; without it nobody polls us either.
        drop(self.sender.send(event));
    }

    /// Whether somebody has read a part of the answer: then the call can not be repeated.
    pub(crate) fn delivered(&self) -> bool {
        self.delivered
    }

    fn channel() -> (Self, UnboundedReceiver<ChatEvent>) {
        let (sender, receiver) = unbounded_channel();
        (Self { sender, delivered: false }, receiver)
    }
}

/// The stream of what `work` reports, and then of what it returns.
pub(crate) fn stream<'a, F>(work: impl FnOnce(Progress) -> F) -> BoxStream<'a, Result<ChatEvent, LlmError>>
where
    F: Future<Output = Result<ChatReply, LlmError>> + Send + 'a,
{
    let (progress, mut receiver) = Progress::channel();
    let mut work = Box::pin(work(progress));
    let mut result = None;
    let events = stream::poll_fn(move |context| {
        if let Poll::Ready(Some(event)) = receiver.poll_recv(context) {
            return Poll::Ready(Some(Ok(event)));
        }
        if result.is_none() {
            match pin!(&mut work).poll(context) {
                Poll::Ready(done) => result = Some(Some(done.map(ChatEvent::Finished))),
                Poll::Pending => {
                    return match receiver.poll_recv(context) {
                        Poll::Ready(Some(event)) => Poll::Ready(Some(Ok(event))),
                        Poll::Ready(None) | Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
        match receiver.poll_recv(context) {
            Poll::Ready(Some(event)) => Poll::Ready(Some(Ok(event))),
            Poll::Ready(None) | Poll::Pending => Poll::Ready(result.as_mut().and_then(Option::take)),
        }
    });
    boxed(events)
}

fn boxed<'a>(
    events: impl Stream<Item = Result<ChatEvent, LlmError>> + Send + 'a,
) -> BoxStream<'a, Result<ChatEvent, LlmError>> {
    events.fuse().boxed()
}
