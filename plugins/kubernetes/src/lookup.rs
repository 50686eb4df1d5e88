//! Finds the object that kind, name and perhaps a namespace mean.

use holmes_plugin::{Host, ToolError, serde_json::Value};

use crate::{field, missing, names, read, scope::Scope};

/// What was found.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// Where the search went.
    pub scope: Scope,
    /// Nothing, one object, or several of that name in several namespaces.
    pub objects: Vec<Value>,
    /// Why there is nothing.
    pub missing: String,
}

/// Objects by kind and name; without a namespace, in all of them.
pub(crate) fn by_name(
    host: &Host,
    kind: &str,
    name: &str,
    namespace: Option<&str>,
) -> Result<Lookup, ToolError> {
    let name = names::object(name)?;
    let mut scope = Scope::parse(host, kind, namespace)?;
    let mut objects = Vec::new();
    if scope.spans_namespaces() {
        read::each(host, &scope.named(&name), |object| {
            if field::name(&object) == name {
                objects.push(object);
            }
        })?;
        if let [only] = objects.as_slice() {
            scope
                .notes
                .push(format!("no namespace was given; found in namespace `{}`", field::namespace(only)));
        }
    } else {
        objects.extend(read::one(host, &scope, &name)?);
    }
    let missing = if objects.is_empty() { missing::object(host, &scope, &name) } else { String::new() };
    Ok(Lookup { scope, objects, missing })
}

impl Lookup {
    /// The only object; none if nothing was found.
    pub(crate) fn single(&self) -> Result<Option<&Value>, ToolError> {
        match self.objects.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            several => {
                let places: Vec<&str> = several.iter().map(field::namespace).collect();
                Err(ToolError::invalid(format!(
                    "{} {} have that name, in namespaces {}: say which namespace",
                    several.len(),
                    self.scope.resource.plural,
                    places.join(", ")
                )))
            }
        }
    }
}
