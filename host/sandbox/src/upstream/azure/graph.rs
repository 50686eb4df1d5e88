//! What a POST to Resource Graph may ask: one query over tables that describe resources, and nothing that this
//! host does not understand. Other tables of the service hold what people write into policies, tickets and
//! settings of guests.

mod query;
mod words;

#[cfg(test)]
mod tests;

use serde::Deserialize;

/// The service's request. A key that is not here, in any letters, or that is here twice, is refused: what this
/// host reads has to be what the service reads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "most keys are there to be known and to have their type")]
struct Body {
    #[serde(default)]
    subscriptions: Vec<String>,
    #[serde(default)]
    management_groups: Vec<String>,
    query: String,
    #[serde(default)]
    options: Options,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "they are there to be known and to have their type")]
struct Options {
    #[serde(rename = "$top")]
    top: Option<u32>,
    #[serde(rename = "$skip")]
    skip: Option<u32>,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
    #[serde(rename = "resultFormat")]
    result_format: Option<ResultFormat>,
}

/// In a table the names of columns stand apart from the values, which could not be masked by name then.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum ResultFormat {
    ObjectArray,
}

/// Why the body is not sent, if it is not.
pub(super) fn refusal(body: Option<&[u8]>) -> Option<String> {
    let Some(body) = body else {
        return Some("a query of Resource Graph has a body with the key `query`".to_owned());
    };
    match serde_json::from_slice::<Body>(body) {
        Ok(body) => query::check(&body.query).err().map(|refused| refused.to_string()),
        Err(error) => Some(format!("the body is not one that Resource Graph may be sent: {error}")),
    }
}
