//! `#[tool(…)]`: a type named like the function implements `Tool` beside it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Meta, Result, Type, spanned::Spanned};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let side_effect = side_effect(attribute)?;
    let function: ItemFn = syn::parse2(item)?;
    let arguments = arguments(&function)?;
    let description = description(&function)?;
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let text = name.to_string();
    let summary = format!("The tool `{text}`, as `toolset!` names it.");
    Ok(quote! {
        #function

        #[doc = #summary]
        #[expect(non_camel_case_types, reason = "a tool's type bears the tool's name")]
        #[derive(Debug)]
        #visibility struct #name {}

        impl ::holmes_plugin::Tool for #name {
            type Arguments = #arguments;
            const NAME: &'static str = #text;
            const DESCRIPTION: &'static str = #description;
            const SIDE_EFFECT: ::holmes_plugin::SideEffect = ::holmes_plugin::SideEffect::#side_effect;

            fn call(
                host: &::holmes_plugin::Host,
                arguments: #arguments,
            ) -> ::core::result::Result<::holmes_plugin::Output, ::holmes_plugin::ToolError> {
                #name(host, arguments)
            }
        }
    })
}

fn side_effect(attribute: TokenStream) -> Result<Ident> {
    let span = attribute.span();
    let declared = syn::parse2::<Ident>(attribute).map(|ident| (ident.to_string(), ident.span()));
    match declared {
        Ok((name, span)) if name == "read_only" => Ok(Ident::new("ReadOnly", span)),
        Ok((name, span)) if name == "mutating" => Ok(Ident::new("Mutating", span)),
        Ok((name, span)) if name == "destructive" => Ok(Ident::new("Destructive", span)),
        _ => Err(Error::new(span, "say what the tool may do: `read_only`, `mutating` or `destructive`")),
    }
}

fn arguments(function: &ItemFn) -> Result<Type> {
    let mut inputs = function.sig.inputs.iter();
    match (inputs.next(), inputs.next(), inputs.next()) {
        (Some(_), Some(FnArg::Typed(arguments)), None) => Ok((*arguments.ty).clone()),
        _ => Err(Error::new(
            function.sig.span(),
            "a tool is `fn name(host: &Host, arguments: Arguments) -> Result<Output, ToolError>`",
        )),
    }
}

/// The doc comment, its lines joined as they stand.
fn description(function: &ItemFn) -> Result<String> {
    let lines: Vec<String> = function.attrs.iter().filter_map(doc_line).collect();
    let text = lines.join("\n").trim().to_owned();
    if text.is_empty() {
        let message = "a tool needs a doc comment: it is what the model is told";
        return Err(Error::new(function.sig.ident.span(), message));
    }
    Ok(text)
}

/// The text of a `#[doc = "…"]`, which is what a doc comment is.
fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident("doc").then(|| text.value().trim().to_owned())
}
