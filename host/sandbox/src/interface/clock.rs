//! `clock`: coarse on purpose. Nothing here resolves less than a millisecond, so nothing here times secrets.

use std::time::{Duration, Instant};

use crate::{bindings::holmes::toolset::clock::Host, state::State};

impl Host for State {
    fn now_unix_ms(&mut self) -> wasmtime::Result<u64> {
        self.enter(0)?;
        Ok(self.moment())
    }

    fn monotonic_ms(&mut self) -> wasmtime::Result<u64> {
        self.enter(0)?;
        Ok(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    async fn sleep_ms(&mut self, duration: u32) -> wasmtime::Result<()> {
        self.enter(0)?;
        let entered = Instant::now();
        let cancellation = self.caller.cancellation.clone();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(duration.into())) => {}
            () = cancellation.cancelled() => {}
        }
        self.cpu.waited(entered);
        Ok(())
    }
}
