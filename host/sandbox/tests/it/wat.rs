//! Toolsets written by hand: a core module with one or two bad parts, linked into a real component.

use holmes_sandbox::{Manifest, PackedTool, describe_packed};
use serde_json::json;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::world::TOOL;

/// Never ends.
pub(crate) const LOOP: &str = "(loop $again (br $again)) unreachable";

/// The parts of a toolset's core module. The defaults are those of an honest one that answers "fine".
pub(crate) struct Core {
    /// Imports, in front of everything else.
    pub(crate) imports: &'static str,
    /// Pages of memory.
    pub(crate) memory: &'static str,
    /// What else the module holds, a start function for example.
    pub(crate) more: &'static str,
    /// Where the host may put strings.
    pub(crate) realloc: &'static str,
    /// Body of `describe`.
    pub(crate) describe: &'static str,
    /// Body of `invoke`; 1024 is the answer "fine".
    pub(crate) invoke: &'static str,
    /// What runs after the host has read the answer.
    pub(crate) post: &'static str,
    /// Bytes at 1024: a `no-data` whose message has four bytes at 2048.
    pub(crate) answer: &'static str,
    /// Bytes at 2048.
    pub(crate) text: &'static str,
}

impl Default for Core {
    fn default() -> Self {
        Self {
            imports: "",
            memory: "1",
            more: "",
            realloc: "(i32.const 4096)",
            describe: "unreachable",
            invoke: "(i32.const 1024)",
            post: "",
            answer: r"\01\00\00\00\00\08\00\00\04\00\00\00\00",
            text: "fine",
        }
    }
}

impl Core {
    /// The component, without a manifest.
    pub(crate) fn component(&self) -> Vec<u8> {
        let Self { imports, memory, more, realloc, describe, invoke, post, answer, text } = self;
        let tools = "holmes:toolset/tools@0.1.0";
        let module = format!(
            r#"(module
                {imports}
                (memory (export "memory") {memory})
                {more}
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "{tools}#describe") (result i32) {describe})
                (func (export "{tools}#check") (result i32) unreachable)
                (func (export "{tools}#invoke") (param i32 i32 i32 i32) (result i32) {invoke})
                (func (export "cabi_post_{tools}#invoke") (param i32) {post})
                (data (i32.const 1024) "{answer}")
                (data (i32.const 2048) "{text}"))"#
        );
        let mut module = ::wat::parse_str(module).expect("a module");
        let mut resolve = Resolve::default();
        let contract = include_str!("../../../../wit/toolset.wit");
        let package = resolve.push_source("toolset.wit", contract).expect("the contract");
        let world = resolve.select_world(&[package], Some("toolset")).expect("the world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
        let linked = ComponentEncoder::default().module(&module).and_then(|mut encoder| encoder.encode());
        linked.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The component with a manifest, as a host loads it.
    pub(crate) fn packed(&self) -> Vec<u8> {
        pack(self.component())
    }
}

/// A component from text that does not keep to the shape of [`Core`], with a manifest.
pub(crate) fn text(component: &str) -> Vec<u8> {
    pack(::wat::parse_str(component).expect("a component"))
}

/// What a component has to export to look like a toolset.
pub(crate) const TOOLS: &str = r#"(instance $none) (export "holmes:toolset/tools@0.1.0" (instance $none))"#;

/// `toolset.toml` of every guest written by hand.
pub(crate) const MANIFEST: &str = r#"
schema = 1
[toolset]
name = "by-hand"
version = "0.1.0"
contract = "0.1"
description = "Written by hand"
"#;

/// Adds the manifest's section without running any of the component, which `pack` would do.
pub(crate) fn pack(component: Vec<u8>) -> Vec<u8> {
    let tool = PackedTool {
        name: TOOL.parse().expect("a name"),
        description: "Attacks".to_owned(),
        input_schema: json!({"type": "object"}),
        side_effect: holmes_protocol::SideEffect::ReadOnly,
    };
    let manifest = Manifest::from_toml(MANIFEST).expect("a manifest");
    let packed = describe_packed(manifest, None, vec![tool]).expect("a description");
    with_section(component, &serde_json::to_vec(&packed).expect("JSON"))
}

/// Adds a section of any content.
pub(crate) fn with_section(mut component: Vec<u8>, data: &[u8]) -> Vec<u8> {
    CustomSection { name: "holmes:toolset".into(), data: data.into() }.append_to_component(&mut component);
    component
}
