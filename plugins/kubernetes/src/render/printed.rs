//! Columns that a custom kind's own definition says are worth printing.

use holmes_plugin::{
    Host,
    kubernetes::{Cluster, Resource},
    serde_json::Value,
};

use crate::{
    age::Now,
    budget, field, kind,
    query::path::{self, Column},
};

/// A definition may print whole messages; a table is for scanning.
const CELL: usize = 100;

/// One column of a definition.
#[derive(Debug)]
pub(crate) struct Printed {
    column: Column,
    date: bool,
}

/// The columns of a custom kind; none for a built-in one, and none where the definition can not be read:
/// the row's own status is enough then.
pub(crate) fn columns(host: &Host, resource: &Resource) -> Vec<Printed> {
    if kind::is_built_in(resource) {
        return Vec::new();
    }
    let definitions = Resource::known(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        false,
    );
    let Ok(definition) = Cluster::new(host).get(&definitions, None, &kind::qualified(resource)) else {
        return Vec::new();
    };
    let version = field::list(&definition, "/spec/versions")
        .iter()
        .find(|it| field::text(it, "/name") == resource.version);
    let columns =
        version.map(|version| field::list(version, "/additionalPrinterColumns")).unwrap_or_default();
    columns.iter().filter_map(Printed::read).collect()
}

impl Printed {
    /// None for the age, which every row has, and for a path that is beyond us.
    fn read(column: &Value) -> Option<Self> {
        let path = field::text(column, "/jsonPath");
        if path == ".metadata.creationTimestamp" {
            return None;
        }
        let header = field::text(column, "/name").to_uppercase().replace([' ', ':', ','], "-");
        let column_of = path::columns(&format!("{header}:{path}")).ok()?.pop()?;
        Some(Self { column: column_of, date: field::text(column, "/type") == "date" })
    }

    pub(crate) fn header(&self) -> &str {
        &self.column.header
    }

    /// Empty where the object has nothing there.
    pub(crate) fn cell(&self, object: &Value, now: Now) -> String {
        match self.column.cell(object).as_str() {
            path::NONE => String::new(),
            moment if self.date => now.age(moment),
            text => budget::line(text, CELL),
        }
    }
}
