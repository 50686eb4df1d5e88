//! What a guest may import: the list, complete.

mod clock;
mod config;
mod context;
pub(crate) mod http;
mod log;

use wasmtime::{Engine, component::Linker};

use crate::{bindings::Toolset, scan::Wasi, state::State};

/// Gives [`State`] to the generated glue.
struct Access;

impl wasmtime::component::HasData for Access {
    type Data<'a> = &'a mut State;
}

/// Links the contract, and the empty WASI for components that import some.
pub(crate) fn linker(engine: &Engine, wasi: Wasi) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    Toolset::add_to_linker::<State, Access>(&mut linker, |state| state)?;
    if wasi == Wasi::Empty {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    }
    Ok(linker)
}

/// The contract's `types` interface has no functions.
impl crate::bindings::holmes::toolset::types::Host for State {}
