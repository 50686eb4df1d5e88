//! The store of one call: every limit of the call is armed here, and nowhere else.

use wasmtime::{Engine, Store, UpdateDeadline};

use crate::state::{Reached, State};

/// Handles above those of responses: a call lends one of them at a time.
const LENT: usize = 16;

/// A store whose memory, tables, CPU time, handles and bytes per host call end where the state's limits say.
pub(crate) fn armed(engine: &Engine, state: State) -> Store<State> {
    let limits = state.shared.limits;
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.space);
    store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes).unwrap_or(usize::MAX));
    // Lending one takes a handle too. The table of responses is what counts, and what has words for it.
    store.set_max_component_handles(limits.handles + LENT);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |context| {
        if context.data().cpu.spent() > limits.cpu {
            return Err(Reached::Cpu(limits.cpu).into());
        }
        // Gives the thread to other guests, and lets the deadline stop this one.
        Ok(UpdateDeadline::Yield(1))
    });
    store
}
