//! The generated host side of the contract, and nothing else.

wasmtime::component::bindgen!({
    path: "../../wit/toolset.wit",
    world: "toolset",
    imports: {
        // These wait for an upstream or for time, on a fiber: the guest blocks, the thread does not.
        "holmes:toolset/http@0.1.0.send": async | trappable,
        "holmes:toolset/http@0.1.0.send-all": async | trappable,
        "holmes:toolset/http@0.1.0.[method]response.read": async | trappable,
        "holmes:toolset/clock@0.1.0.sleep-ms": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "holmes:toolset/http@0.1.0.response": crate::interface::http::Response },
});
