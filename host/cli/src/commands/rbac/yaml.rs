//! Manifests for `kubectl apply`, with a comment above each rule. Written by hand, because no writer keeps comments.

use std::fmt::Write as _;

use super::{
    Answer,
    role::{GROUP, Role, Rule, VERSION},
    text::{WIDTH, one_line, wrapped},
};
use crate::args::ServiceAccount;

pub(super) fn print(answer: &Answer<'_>) -> String {
    let mut text = header(answer);
    for (index, role) in answer.roles.iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        text.push_str(&written(role));
        if let Some(account) = &answer.arguments.service_account {
            text.push_str("---\n");
            text.push_str(&binding(role, account));
        }
    }
    text
}

fn header(answer: &Answer<'_>) -> String {
    let toolsets: Vec<String> =
        answer.toolsets.iter().map(|about| format!("{} {}", about.name, one_line(&about.version))).collect();
    let mut paragraphs = vec![
        wrapped(
            &format!(
                "The least that these toolsets need of Kubernetes, from their manifests: {}. Nothing here changes \
                 anything. Delete a rule to withhold what it names; the comment above it says what is lost.",
                toolsets.join(", ")
            ),
            WIDTH,
        ),
        wrapped(
            "Discovery, the version and questions about one's own rights are permitted to every account by \
             Kubernetes itself (system:discovery, system:basic-user).",
            WIDTH,
        ),
    ];
    if !answer.needs.every_kind.is_empty() {
        let names: Vec<&str> = answer.needs.every_kind.iter().map(String::as_str).collect();
        let text = format!(
            "Asked for every kind: {}. The kinds that are built into Kubernetes are named one by one, because `*` \
             would include Secrets and whatever is installed later. Of custom resources, add the groups that \
             should be read.",
            names.join(", ")
        );
        paragraphs.push(wrapped(&text, WIDTH));
    }
    for (resource, need) in &answer.left_out {
        let title = wrapped(&format!("Left out: {}. Lost:", resource.qualified()), WIDTH);
        paragraphs.push([title, losses(&need.loses)].concat());
    }
    comment(&paragraphs.join(&String::new()), "")
}

/// What each toolset loses, one below the other.
fn losses(loses: &std::collections::BTreeMap<String, String>) -> Vec<String> {
    let one = |(toolset, lost): (&String, &String)| wrapped(&format!("- {toolset}: {lost}"), WIDTH);
    let indented = |lines: Vec<String>| {
        let line = |(index, line): (usize, String)| if index == 0 { line } else { format!("  {line}") };
        lines.into_iter().enumerate().map(line).collect::<Vec<String>>()
    };
    loses.iter().map(one).flat_map(indented).collect()
}

fn comment(lines: &[String], indent: &str) -> String {
    let mut text = String::new();
    for line in lines {
        // Writing to a string can not fail.
        let _ = writeln!(text, "{}", format!("{indent}# {line}").trim_end());
    }
    text
}

fn written(role: &Role) -> String {
    let mut text = head(role, role.kind());
    text.push_str("rules:\n");
    for rule in &role.rules {
        text.push_str(&written_rule(rule));
    }
    text
}

fn written_rule(rule: &Rule) -> String {
    let mut lines = vec!["Without it:".to_owned()];
    lines.extend(losses(&rule.loses));
    let mut text = comment(&lines, "  ");
    let verbs: Vec<String> = rule.verbs().iter().map(|verb| (*verb).to_owned()).collect();
    let _ = writeln!(text, "  - apiGroups: [{}]", scalar(&rule.group));
    match rule.resources.as_slice() {
        [only] => {
            let _ = writeln!(text, "    resources: [{}]", scalar(only));
        }
        several => {
            text.push_str("    resources:\n");
            for resource in several {
                let _ = writeln!(text, "      - {}", scalar(resource));
            }
        }
    }
    let _ = writeln!(text, "    verbs: [{}]", verbs.join(", "));
    text
}

fn binding(role: &Role, account: &ServiceAccount) -> String {
    let mut text = head(role, &format!("{}Binding", role.kind()));
    let _ = write!(
        text,
        "roleRef:\n  apiGroup: {GROUP}\n  kind: {}\n  name: {}\nsubjects:\n  - kind: ServiceAccount\n    \
         name: {}\n    namespace: {}\n",
        role.kind(),
        scalar(&role.name),
        scalar(&account.name),
        scalar(&account.namespace),
    );
    text
}

fn head(role: &Role, kind: &str) -> String {
    let mut text =
        format!("apiVersion: {VERSION}\nkind: {kind}\nmetadata:\n  name: {}\n", scalar(&role.name));
    if let Some(namespace) = &role.namespace {
        let _ = writeln!(text, "  namespace: {}", scalar(namespace));
    }
    text
}

/// Bare where every reader of YAML takes it for text, else quoted as JSON, which is YAML.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "null", "y"];
    let bare = text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-./".contains(&byte))
        && !WORDS.contains(&text)
        && text != "n";
    if bare { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
