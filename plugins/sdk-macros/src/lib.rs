//! The macros of `holmes-plugin`: `#[tool]` turns a function into a tool, `toolset!` exports a crate's tools.

mod tool;
mod toolset;

use proc_macro::TokenStream;

/// Makes a tool of a function `fn name(host: &Host, arguments: Arguments) -> Result<Output, ToolError>`.
///
/// The function's doc comment is what the model is told; the argument struct, which derives `Deserialize`
/// and `JsonSchema`, gives the schema. The attribute says what a call may do: `#[tool(read_only)]`,
/// `#[tool(mutating)]` or `#[tool(destructive)]`.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Exports the tools of a crate: `toolset!(list_pods, tools::describe_pod);`.
///
/// Name, version and description come from `toolset.toml` beside `Cargo.toml`; `instructions.md`, if there
/// is one, is what the model is told about the toolset as a whole.
#[proc_macro]
pub fn toolset(input: TokenStream) -> TokenStream {
    toolset::expand(input.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a struct (or an enum for a field of one) the arguments of a tool: it can be read from JSON, and
/// its fields' doc comments become the schema's descriptions. An `Option` field may be left out.
#[proc_macro_attribute]
pub fn arguments(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    quote::quote! {
        #[derive(
            Debug,
            ::holmes_plugin::serde::Deserialize,
            ::holmes_plugin::schemars::JsonSchema,
        )]
        #[serde(crate = "::holmes_plugin::serde")]
        #[schemars(crate = "::holmes_plugin::schemars")]
        #item
    }
    .into()
}
