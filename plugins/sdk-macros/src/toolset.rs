//! `toolset!`: reads `toolset.toml` and `instructions.md`, and exports the tools.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use serde::Deserialize;
use syn::{Error, Path as TypePath, Result, Token, punctuated::Punctuated};

/// The part of `toolset.toml` that the component tells about itself; the host checks the rest.
#[derive(Deserialize)]
struct Manifest {
    toolset: Toolset,
}

#[derive(Deserialize)]
struct Toolset {
    name: String,
    version: String,
    description: String,
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let tools = syn::parse::Parser::parse2(Punctuated::<TypePath, Token![,]>::parse_terminated, input)?;
    #[expect(clippy::disallowed_methods, reason = "cargo tells a macro in which crate it is expanded")]
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let manifest_path = folder.join("toolset.toml");
    let manifest = manifest(&manifest_path)?;
    let Toolset { name, version, description } = manifest.toolset;
    let instructions_path = folder.join("instructions.md");
    let instructions = if instructions_path.exists() {
        let path = text(&instructions_path);
        quote!(::core::option::Option::Some(include_str!(#path).trim_ascii()))
    } else {
        quote!(::core::option::Option::None)
    };
    let manifest_text = text(&manifest_path);
    let tools: Vec<&TypePath> = tools.iter().collect();
    Ok(quote! {
        /// The toolset of this crate.
        #[derive(Debug)]
        pub struct Component;

        // Rebuilds the crate when the manifest changes.
        const _: &str = include_str!(#manifest_text);

        impl ::holmes_plugin::Toolset for Component {
            fn describe() -> ::holmes_plugin::ToolsetDescription {
                ::holmes_plugin::ToolsetDescription {
                    name: #name,
                    version: #version,
                    description: #description,
                    instructions: #instructions,
                    tools: ::std::vec![#(<#tools as ::holmes_plugin::Tool>::describe()),*],
                }
            }

            fn invoke(
                host: &::holmes_plugin::Host,
                tool: &str,
                arguments: &str,
            ) -> ::core::result::Result<::holmes_plugin::Output, ::holmes_plugin::ToolError> {
                #(
                    if tool == <#tools as ::holmes_plugin::Tool>::NAME {
                        return ::holmes_plugin::dispatch::<#tools>(host, arguments);
                    }
                )*
                ::core::result::Result::Err(::holmes_plugin::ToolError::new(
                    ::holmes_plugin::ErrorKind::Unsupported,
                    ::std::format!("this toolset has no tool `{tool}`"),
                ))
            }
        }

        #[cfg(target_family = "wasm")]
        #[expect(unsafe_code, reason = "the exports of a component are made of raw functions")]
        mod exports {
            type Exported = ::holmes_plugin::private::Exported<super::Component>;
            ::holmes_plugin::private::bindings::export!(
                Exported with_types_in ::holmes_plugin::private::bindings
            );
        }
    })
}

fn manifest(path: &Path) -> Result<Manifest> {
    let failed =
        |error: &dyn std::fmt::Display| Error::new(Span::call_site(), format!("{}: {error}", path.display()));
    let source = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    toml::from_str(&source).map_err(|error| failed(&error))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
