//! What is read of every object when a recording is opened: its kind and its name, and nothing behind them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};

/// Kind and name.
#[derive(Debug, Default)]
pub(in crate::upstream::recorded) struct Head {
    pub(in crate::upstream::recorded) api_version: String,
    pub(in crate::upstream::recorded) kind: String,
    pub(in crate::upstream::recorded) name: String,
    pub(in crate::upstream::recorded) namespace: Option<String>,
    /// Everything was found: reading ends here, often before the tenth part of the object.
    found: bool,
}

impl Head {
    pub(in crate::upstream::recorded) fn read(raw: &[u8]) -> Result<Self, serde_json::Error> {
        let mut head = Self::default();
        let result = serde_json::Deserializer::from_slice(raw).deserialize_map(Top(&mut head));
        match result {
            // The parser knows no other way to stop early.
            Err(_) if head.found => Ok(head),
            Ok(()) => Ok(head),
            Err(error) => Err(error),
        }
    }

    pub(in crate::upstream::recorded) fn namespaced(&self) -> bool {
        self.namespace.as_deref().is_some_and(|namespace| !namespace.is_empty())
    }

    /// Group and version.
    pub(in crate::upstream::recorded) fn group_version(&self) -> (&str, &str) {
        self.api_version.split_once('/').unwrap_or(("", &self.api_version))
    }

    fn stop_if<E: serde::de::Error>(&mut self, found: bool) -> Result<(), E> {
        self.found = found && !self.kind.is_empty() && !self.api_version.is_empty() && !self.name.is_empty();
        if self.found { Err(E::custom("found")) } else { Ok(()) }
    }
}

struct Top<'h>(&'h mut Head);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut named = false;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "apiVersion" => self.0.api_version = map.next_value()?,
                "kind" => self.0.kind = map.next_value()?,
                "metadata" => {
                    map.next_value_seed(Metadata(self.0))?;
                    named = true;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            self.0.stop_if(named)?;
        }
        Ok(())
    }
}

struct Metadata<'h>(&'h mut Head);

impl<'de> DeserializeSeed<'de> for Metadata<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Metadata<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object's metadata")
    }

    /// `null`: lists of some tools have none.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "name" => self.0.name = map.next_value()?,
                "namespace" => self.0.namespace = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            let found = self.0.namespace.is_some();
            self.0.stop_if(found).map_err(|error: A::Error| A::Error::custom(error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_in_any_order_and_what_lies_behind_it_is_not() {
        for raw in [
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n", nonsense"#,
            r#"{"metadata":{"labels":{"name":"x"},"namespace":"n","name":"a"},"kind":"Pod","apiVersion":"v1","spec":..."#,
            r#"{"spec":{"kind":"X"},"kind":"Pod","apiVersion":"v1","metadata":{"namespace":"n","name":"a"}}"#,
        ] {
            let head = Head::read(raw.as_bytes()).unwrap();
            let read = (
                head.kind.as_str(),
                head.api_version.as_str(),
                head.name.as_str(),
                head.namespace.as_deref(),
            );
            assert_eq!(read, ("Pod", "v1", "a", Some("n")), "{raw}");
        }
        let head = Head::read(br#"{"kind":"List","metadata":null,"items":[]}"#).unwrap();
        assert_eq!((head.kind.as_str(), head.name.as_str()), ("List", ""));
    }

    #[test]
    fn what_is_no_object_has_no_head() {
        for raw in
            [&b"[]"[..], b"1", b"{\"kind\":1}", b"{\"kind\":\"Pod\"", b"", b"{\"metadata\":{\"name\":[]}}"]
        {
            assert!(Head::read(raw).is_err(), "{raw:?}");
        }
    }
}
