//! The models by name, as the caller knows them: the server neither reads a model list nor holds a key.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use holmes_agent::ChatModel;

use crate::error::ApiError;

type Resolve = dyn Fn(&str) -> Result<Arc<dyn ChatModel>, String> + Send + Sync;

/// As much of an unknown name as is repeated to the client.
const NAME_CHARACTERS: usize = 100;

/// The models that clients may name. A clone is the same list.
#[derive(Clone)]
pub struct Models(Arc<RwLock<Arc<Known>>>);

/// The models of one reading of the list.
struct Known {
    names: Vec<String>,
    default: String,
    resolve: Box<Resolve>,
}

impl fmt::Debug for Models {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.known().names).finish()
    }
}

impl Models {
    /// `names` in the order of the file; `resolve` finds one, or says in a sentence for clients why not.
    pub fn new(
        names: Vec<String>,
        default: impl Into<String>,
        resolve: impl Fn(&str) -> Result<Arc<dyn ChatModel>, String> + Send + Sync + 'static,
    ) -> Self {
        let known = Known { names, default: default.into(), resolve: Box::new(resolve) };
        Self(Arc::new(RwLock::new(Arc::new(known))))
    }

    /// Takes over another reading of the list. Investigations that have begun keep their model.
    pub fn replace(&self, other: &Self) {
        let known = other.known();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// All names, in the order of the file.
    pub fn names(&self) -> Vec<String> {
        self.known().names.clone()
    }

    /// Those that can be asked.
    pub(crate) fn usable(&self) -> Vec<String> {
        let known = self.known();
        known.names.iter().filter(|name| (known.resolve)(name).is_ok()).cloned().collect()
    }

    /// The model of a request. An unknown name never answers with another model.
    pub(crate) fn choose(&self, name: Option<&str>) -> Result<Arc<dyn ChatModel>, ApiError> {
        let all = self.known();
        let name = name.filter(|name| !name.trim().is_empty()).unwrap_or(&all.default);
        (all.resolve)(name).map_err(|reason| {
            if all.names.iter().any(|known| known == name) {
                return ApiError::bad_request(reason);
            }
            let shown: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS).collect();
            let known: Vec<String> = all.names.iter().map(|known| format!("`{known}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            ApiError::bad_request(format!("unknown model `{shown}`; known models: {known}"))
        })
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
