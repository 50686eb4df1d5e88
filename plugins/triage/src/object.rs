//! Reading Kubernetes objects as JSON: short accessors, and the paths that evidence cites.

use jiff::Timestamp;
use serde_json::Value;

/// Seconds since 1970. Kubernetes tells most times in whole seconds, so triage computes in them.
pub(crate) type Seconds = i64;

/// What triage asks of any object. A missing field reads as empty: rules decide what emptiness means.
pub(crate) trait Object {
    /// The string at a JSON pointer, or "".
    fn text(&self, pointer: &str) -> &str;
    /// The integer at a JSON pointer.
    fn number(&self, pointer: &str) -> Option<i64>;
    /// The boolean at a JSON pointer, or false.
    fn flag(&self, pointer: &str) -> bool;
    /// The list at a JSON pointer, or an empty one.
    fn items(&self, pointer: &str) -> &[Value];
    /// The pairs of the string map at a JSON pointer.
    fn pairs(&self, pointer: &str) -> Vec<(&str, &str)>;
    /// The time at a JSON pointer.
    fn time(&self, pointer: &str) -> Option<Seconds>;

    /// `metadata.name`.
    fn name(&self) -> &str {
        self.text("/metadata/name")
    }
    /// `metadata.namespace`, or "".
    fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }
    /// `metadata.uid`.
    fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }
    /// `kind`.
    fn kind(&self) -> &str {
        self.text("/kind")
    }
    /// `Kind/namespace/name`, the name of an object in evidence.
    fn key(&self) -> String {
        object_key(self.kind(), self.namespace(), self.name())
    }
    /// When the object was made.
    fn created(&self) -> Option<Seconds> {
        self.time("/metadata/creationTimestamp")
    }
    /// Is it on its way out?
    fn is_deleting(&self) -> bool {
        !self.text("/metadata/deletionTimestamp").is_empty()
    }
    /// The status condition of a type.
    fn condition(&self, kind: &str) -> Option<&Value> {
        self.items("/status/conditions").iter().find(|condition| condition.text("/type") == kind)
    }
    /// Is the condition there, with this status?
    fn condition_is(&self, kind: &str, status: &str) -> bool {
        self.condition(kind).is_some_and(|condition| condition.text("/status") == status)
    }
}

impl Object for Value {
    fn text(&self, pointer: &str) -> &str {
        self.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, pointer: &str) -> Option<i64> {
        self.pointer(pointer).and_then(Value::as_i64)
    }

    fn flag(&self, pointer: &str) -> bool {
        self.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    fn items(&self, pointer: &str) -> &[Value] {
        self.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn pairs(&self, pointer: &str) -> Vec<(&str, &str)> {
        let map = self.pointer(pointer).and_then(Value::as_object);
        let pairs = map.into_iter().flatten();
        pairs.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
    }

    fn time(&self, pointer: &str) -> Option<Seconds> {
        parse_time(self.text(pointer))
    }
}

/// `Kind/namespace/name`; the namespace is empty for objects of the whole cluster.
pub(crate) fn object_key(kind: &str, namespace: &str, name: &str) -> String {
    format!("{kind}/{namespace}/{name}")
}

/// RFC 3339 into seconds.
pub(crate) fn parse_time(text: &str) -> Option<Seconds> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// Seconds into RFC 3339, UTC.
pub(crate) fn format_time(seconds: Seconds) -> String {
    Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// Do the labels hold every pair of the selector? An empty selector matches nothing here: that is what it
/// means on a Service.
pub(crate) fn selects(selector: &[(&str, &str)], labels: &Value) -> bool {
    !selector.is_empty() && selector.iter().all(|(key, value)| label(labels, key) == Some(value))
}

/// One label of a label map.
pub(crate) fn label<'v>(labels: &'v Value, key: &str) -> Option<&'v str> {
    labels.get(key).and_then(Value::as_str)
}

/// Does a `LabelSelector` (`matchLabels`, `matchExpressions`) hold? An empty one matches everything.
pub(crate) fn label_selector_matches(selector: &Value, labels: &Value) -> bool {
    let pairs = selector.pairs("/matchLabels");
    pairs.iter().all(|(key, value)| label(labels, key) == Some(value))
        && selector.items("/matchExpressions").iter().all(|expression| expression_holds(expression, labels))
}

/// One `key operator values` expression, as selectors and node affinities write it.
pub(crate) fn expression_holds(expression: &Value, labels: &Value) -> bool {
    let found = label(labels, expression.text("/key"));
    let listed = || expression.items("/values").iter().any(|value| value.as_str() == found);
    let bound = || expression.items("/values").first().and_then(Value::as_str)?.parse::<i64>().ok();
    let number = || found?.parse::<i64>().ok();
    match expression.text("/operator") {
        "In" => found.is_some() && listed(),
        "NotIn" => found.is_none() || !listed(),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" => number().zip(bound()).is_some_and(|(number, bound)| number > bound),
        "Lt" => number().zip(bound()).is_some_and(|(number, bound)| number < bound),
        _ => false,
    }
}

/// A quantity such as `250m`, `1.5` or `256Mi` in thousandths of its unit.
pub(crate) fn quantity(text: &str) -> Option<i128> {
    const SUFFIXES: [(&str, i128); 13] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("Ei", 1 << 60),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000),
        ("", 1),
    ];
    if let Some(thousandths) = text.strip_suffix('m') {
        return thousandths.parse().ok();
    }
    let (digits, unit) =
        SUFFIXES.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i128 = whole.parse().ok()?;
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some((whole * 1000 + fraction.parse::<i128>().ok()?) * unit)
}

/// Follows an evidence path: `.status.containerStatuses[name=app].ready`, `.status.hard['requests.cpu']`.
pub fn resolve<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut here = value;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("['") {
            let (key, tail) = after.split_once("']")?;
            (here, rest) = (here.get(key)?, tail);
        } else if let Some(after) = rest.strip_prefix('[') {
            let (selector, tail) = after.split_once(']')?;
            here = match selector.split_once('=') {
                Some((key, wanted)) => here.as_array()?.iter().find(|item| holds(item, key, wanted))?,
                None => here.get(selector.parse::<usize>().ok()?)?,
            };
            rest = tail;
        } else {
            let after = rest.strip_prefix('.')?;
            let (key, tail) = after.split_at(after.find(['.', '[']).unwrap_or(after.len()));
            (here, rest) = (here.get(key)?, tail);
        }
    }
    Some(here)
}

fn holds(item: &Value, key: &str, wanted: &str) -> bool {
    match item.get(key) {
        Some(Value::String(text)) => text == wanted,
        Some(value) => *value.to_string() == *wanted,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_compare_across_units() {
        assert_eq!(quantity("250m"), Some(250));
        assert_eq!(quantity("1.5"), Some(1500));
        assert_eq!(quantity("1Ki"), Some(1024 * 1000));
        assert!(quantity("1Gi") > quantity("1000Mi"));
        assert_eq!(quantity("lots"), None);
    }

    #[test]
    fn paths_resolve_keyed_lists_and_dotted_keys() {
        let object = json!({"a": [{"name": "x", "v": 1}], "hard": {"requests.cpu": "6"}});
        assert_eq!(resolve(&object, ".a[name=x].v"), Some(&json!(1)));
        assert_eq!(resolve(&object, ".hard['requests.cpu']"), Some(&json!("6")));
        assert_eq!(resolve(&object, ".a[name=y].v"), None);
    }

    #[test]
    fn an_empty_service_selector_selects_nothing() {
        assert!(!selects(&[], &json!({"app": "web"})));
        assert!(selects(&[("app", "web")], &json!({"app": "web"})));
    }
}
