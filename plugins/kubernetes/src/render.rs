//! Objects as compact text: tables, descriptions, YAML.

pub(crate) mod describe;
pub(crate) mod listing;
mod printed;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod yaml;
