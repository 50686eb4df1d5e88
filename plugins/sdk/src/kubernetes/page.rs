//! One page of a list, parsed once, and without what nobody asked for.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{ReadError, Resource, refusal::succeeded};
use crate::{Response, ToolError};

/// One page of a list.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Objects of the page, each with `apiVersion` and `kind` filled in.
    pub items: Vec<Value>,
    /// Where the next page begins.
    pub continue_token: Option<String>,
    /// How many objects follow, if the server tells.
    pub remaining: Option<u64>,
}

/// How much of every object is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Full,
    Lean,
}

/// Annotations that repeat the whole object, or a secret in clear text.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub(super) fn parse(
    resource: &Resource,
    detail: Detail,
    answer: Result<Response, ToolError>,
) -> Result<Page, ReadError> {
    let response = succeeded(answer)?;
    let status = response.status();
    let bytes = response.bytes().map_err(|error| ReadError::Unavailable(error.message))?;
    let mut page = Page::default();
    let mut parser = serde_json::Deserializer::from_slice(&bytes);
    let parsed = List { page: &mut page, detail }.deserialize(&mut parser).and_then(|()| parser.end());
    if parsed.is_err() {
        let problem = format!("the upstream's answer ({status}) is not the JSON expected");
        return Err(ReadError::Unavailable(problem));
    }
    for object in page.items.iter_mut().filter_map(Value::as_object_mut) {
        object.entry("apiVersion").or_insert_with(|| resource.api_version().into());
        object.entry("kind").or_insert_with(|| resource.kind.clone().into());
    }
    Ok(page)
}

/// A list, from outside to inside: each visitor passes on what is below it.
struct List<'p> {
    page: &'p mut Page,
    detail: Detail,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "items" => {
                    self.page.items = map.next_value_seed(Items(self.detail))?;
                }
                "metadata" => {
                    let metadata: Value = map.next_value()?;
                    let token = metadata.get("continue").and_then(Value::as_str);
                    self.page.continue_token = token.filter(|token| !token.is_empty()).map(str::to_owned);
                    self.page.remaining = metadata.get("remainingItemCount").and_then(Value::as_u64);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Null is what an empty list is in Go.
struct Items(Detail);

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("objects")
    }

    fn visit_unit<E>(self) -> Result<Vec<Value>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Value>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Fields { detail: self.0, level: Level::Object })? {
            all.push(item);
        }
        Ok(all)
    }
}

/// Where something may be left out.
#[derive(Clone, Copy)]
enum Level {
    Object,
    Metadata,
    Annotations,
    Manager,
}

/// The fields of an object, or of a part of it.
#[derive(Clone, Copy)]
struct Fields {
    detail: Detail,
    level: Level,
}

impl Fields {
    fn is_left_out(self, key: &str) -> bool {
        self.detail == Detail::Lean
            && match self.level {
                Level::Object | Level::Metadata => false,
                Level::Manager => key == "fieldsV1",
                Level::Annotations => key == LAST_APPLIED,
            }
    }

    fn below(self, key: &str) -> Option<Level> {
        match (self.level, key) {
            (Level::Object, "metadata") => Some(Level::Metadata),
            (Level::Metadata, "annotations") => Some(Level::Annotations),
            (Level::Metadata, "managedFields") => Some(Level::Manager),
            _ => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.detail == Detail::Full {
            Value::deserialize(deserializer)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    /// A list of parts, such as the managers.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(part) = parts.next_element_seed(self)? {
            all.push(part);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if self.is_left_out(&key) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = match self.below(&key) {
                Some(level) => map.next_value_seed(Fields { detail: self.detail, level })?,
                None => map.next_value()?,
            };
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host;
    use crate::kubernetes::{Cluster, ListOptions};
    use crate::testing::Canned;

    const PAGE: &str = r#"{"kind":"PodList","items":[{"metadata":{"name":"a","managedFields":[{"manager":"m","fieldsV1":{"x":1}}],"annotations":
        {"kubectl.kubernetes.io/last-applied-configuration":"{}","team":"shop"}},"spec":{"managedFields":2}}],
        "metadata":{"continue":"next","remainingItemCount":7}}"#;

    fn pods() -> Resource {
        Resource::known("", "v1", "pods", "Pod", true)
    }

    fn page(body: &'static str, detail: Detail) -> Result<Page, ReadError> {
        let host: Host = Canned::new().respond(|_| Some((200, body.as_bytes().to_vec()))).host();
        Cluster { detail, ..Cluster::new(&host) }.list_page(&pods(), &ListOptions::default(), None)
    }

    #[test]
    fn a_lean_list_has_everything_but_the_bookkeeping() {
        let page = page(PAGE, Detail::Lean).unwrap();
        assert_eq!((page.continue_token.as_deref(), page.remaining), (Some("next"), Some(7)));
        let expected = serde_json::json!([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a",
            "managedFields": [{"manager": "m"}], "annotations": {"team": "shop"}}, "spec": {"managedFields": 2}}]);
        assert_eq!(Value::from(page.items), expected);
    }

    #[test]
    fn a_full_list_has_that_too() {
        let page = page(PAGE, Detail::Full).unwrap();
        assert!(page.items[0].pointer("/metadata/managedFields/0/fieldsV1/x").is_some());
    }

    #[test]
    fn an_empty_list_may_be_null_and_what_is_no_list_is_an_error() {
        assert_eq!(page(r#"{"items":null}"#, Detail::Lean).unwrap().items, Vec::<Value>::new());
        for body in ["[]", r#"{"items":["#, r#"{"items":[1]}"#, r#"{"items":[]} x"#] {
            assert!(matches!(page(body, Detail::Lean), Err(ReadError::Unavailable(_))), "{body}");
        }
    }
}
