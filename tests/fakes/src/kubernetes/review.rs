//! `selfsubjectaccessreviews` and `selfsubjectrulesreviews`: what an account may ask about itself.

use serde_json::{Value, json};

use super::{
    content::text,
    rbac::{Access, Attributes, Rule, User},
    status::Status,
    target::Target,
};

/// Is this the only kind of write that changes nothing?
pub(super) fn is_review(target: &Target) -> bool {
    target.group == "authorization.k8s.io"
        && ["selfsubjectaccessreviews", "selfsubjectrulesreviews"].contains(&target.plural.as_str())
        && target.name.is_none()
}

/// Answers the review in the body.
pub(super) fn answer(access: &Access, user: &User, target: &Target, body: &[u8]) -> Result<Value, Status> {
    let mut review: Value = serde_json::from_slice(body)
        .map_err(|error| Status::bad_request(format!("the object provided is unrecognized: {error}")))?;
    let kind = match target.plural.as_str() {
        "selfsubjectaccessreviews" => "SelfSubjectAccessReview",
        _ => "SelfSubjectRulesReview",
    };
    if review["kind"] != kind || review["apiVersion"] != target.api_version() {
        return Err(Status::bad_request(format!("the object provided is no {kind}")));
    }
    let spec = &review["spec"];
    review["status"] = match kind {
        "SelfSubjectAccessReview" => json!({"allowed": allowed(access, user, spec)?}),
        _ => rules(access, user, &text(spec, "/namespace")),
    };
    Ok(review)
}

fn allowed(access: &Access, user: &User, spec: &Value) -> Result<bool, Status> {
    match (spec.get("resourceAttributes"), spec.get("nonResourceAttributes")) {
        (Some(wanted), None) => {
            let part = |name: &str| Some(text(wanted, name)).filter(|part| !part.is_empty());
            let target = Target {
                group: text(wanted, "/group"),
                version: text(wanted, "/version"),
                namespace: part("/namespace"),
                plural: text(wanted, "/resource"),
                name: part("/name"),
                subresource: part("/subresource"),
            };
            Ok(access.permits(user, Attributes::Resource { verb: &text(wanted, "/verb"), target: &target }))
        }
        (None, Some(wanted)) => {
            let (verb, path) = (text(wanted, "/verb"), text(wanted, "/path"));
            Ok(access.permits(user, Attributes::Path { verb: &verb, path: &path }))
        }
        _ => Err(Status::bad_request(
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
    }
}

fn rules(access: &Access, user: &User, namespace: &str) -> Value {
    let (urls, resources): (Vec<&Rule>, Vec<&Rule>) =
        access.rules_of(user, Some(namespace)).partition(|rule| rule.is_of_urls());
    let shown = |rules: Vec<&Rule>| rules.into_iter().map(Rule::shown).collect::<Vec<Value>>();
    json!({"resourceRules": shown(resources), "nonResourceRules": shown(urls), "incomplete": false})
}
