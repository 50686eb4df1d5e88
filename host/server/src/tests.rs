//! The router without a socket, a scripted model and a fake toolset. Only draining needs a listener.

mod access;
mod chat;
mod drain;
mod errors;
mod fakes;
mod history;
mod status;
mod stream;
mod triage;
