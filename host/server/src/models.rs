//! The models by name, as the caller knows them: the server neither reads a model list nor holds a key.

use std::{fmt, sync::Arc};

use holmes_agent::ChatModel;

use crate::error::ApiError;

type Resolve = dyn Fn(&str) -> Result<Arc<dyn ChatModel>, String> + Send + Sync;

/// As much of an unknown name as is repeated to the client.
const NAME_CHARACTERS: usize = 100;

/// The models that clients may name.
#[derive(Clone)]
pub struct Models {
    names: Vec<String>,
    default: String,
    resolve: Arc<Resolve>,
}

impl fmt::Debug for Models {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.names).finish()
    }
}

impl Models {
    /// `names` in the order of the file; `resolve` finds one, or says in a sentence for clients why not.
    pub fn new(
        names: Vec<String>,
        default: impl Into<String>,
        resolve: impl Fn(&str) -> Result<Arc<dyn ChatModel>, String> + Send + Sync + 'static,
    ) -> Self {
        Self { names, default: default.into(), resolve: Arc::new(resolve) }
    }

    /// All names, in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Those that can be asked.
    pub(crate) fn usable(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).filter(|name| (self.resolve)(name).is_ok()).collect()
    }

    /// The model of a request. An unknown name never answers with another model.
    pub(crate) fn choose(&self, name: Option<&str>) -> Result<Arc<dyn ChatModel>, ApiError> {
        let name = name.filter(|name| !name.trim().is_empty()).unwrap_or(&self.default);
        (self.resolve)(name).map_err(|reason| {
            if self.names.iter().any(|known| known == name) {
                return ApiError::bad_request(reason);
            }
            let shown: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS).collect();
            let known: Vec<String> = self.names.iter().map(|known| format!("`{known}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            ApiError::bad_request(format!("unknown model `{shown}`; known models: {known}"))
        })
    }
}
