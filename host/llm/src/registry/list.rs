//! `HolmesGPT`'s model list: a map whose order counts.

use std::fmt;

use holmes_config::ConfigError;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

/// `HolmesGPT`'s model list, in the file's order, before templates are resolved.
#[derive(Clone, Default)]
pub struct ModelList {
    pub(super) entries: Vec<(String, Value)>,
}

impl ModelList {
    /// Reads a list; `file` is only named in errors. An empty file is an empty list.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        Ok(holmes_config::parse::<Option<Self>>(file, text)?.unwrap_or_default())
    }
}

impl fmt::Debug for ModelList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.entries.iter().map(|(name, _)| name)).finish()
    }
}

impl<'de> Deserialize<'de> for ModelList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = ModelList;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a mapping from a name to a model")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ModelList, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(ModelList { entries })
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
