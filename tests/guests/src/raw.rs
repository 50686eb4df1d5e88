//! The generated bindings, for what the SDK would never say.

#[cfg(target_family = "wasm")]
pub(crate) use component::{batch, emit_blob, emit_data, emit_rows};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{batch, emit_blob, emit_data, emit_rows};

#[cfg(target_family = "wasm")]
mod component {
    use std::collections::BTreeMap;

    use holmes_plugin::private::bindings::holmes::toolset::{
        context,
        http::{self, Method, Request},
        types::{Blob, Content, Table},
    };

    pub(crate) fn emit_data(json: &str) -> bool {
        context::emit(&Content::Data(json.to_owned()))
    }

    pub(crate) fn emit_rows(rows: usize) -> bool {
        context::emit(&Content::Table(Table { columns: Vec::new(), rows: vec![Vec::new(); rows] }))
    }

    pub(crate) fn emit_blob(mime: &str) -> bool {
        context::emit(&Content::Blob(Blob { mime: mime.to_owned(), bytes: Vec::new() }))
    }

    /// How often each kind of end came, for example `invalid-arguments: 10000`.
    pub(crate) fn batch(upstream: &str, path: &str, size: usize) -> String {
        let request = Request {
            upstream: upstream.to_owned(),
            method: Method::Get,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
        };
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        for answer in http::send_all(&vec![request; size]) {
            let end = match answer {
                Ok(response) => response.status().to_string(),
                Err(error) => format!("{:?}", error.kind),
            };
            *ends.entry(end).or_default() += 1;
        }
        format!("{ends:?}")
    }
}

/// Natively there is no host to pour into.
#[cfg(not(target_family = "wasm"))]
mod native {
    pub(crate) fn emit_data(_json: &str) -> bool {
        false
    }

    pub(crate) fn emit_rows(_rows: usize) -> bool {
        false
    }

    pub(crate) fn emit_blob(_mime: &str) -> bool {
        false
    }

    pub(crate) fn batch(_upstream: &str, _path: &str, _size: usize) -> String {
        String::new()
    }
}
