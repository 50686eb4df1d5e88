//! What a manifest may say, and what is refused with a sentence.

use super::*;

const GOOD: &str = r#"
schema = 1
[toolset]
name = "k8s-workloads"
version = "1.4.0"
contract = "0.1"
description = "Reads workloads; can restart one"
[upstreams.kubernetes]
kind = "kubernetes"
required = true
reason = "Reads pods"
reads = [{ verbs = ["get", "list"], groups = [""], resources = ["pods", "pods/log"] }]
writes = [{ tools = ["restart"], verbs = ["patch"], groups = ["apps"], resources = ["deployments"] }]
[upstreams.prometheus]
kind = "prometheus"
reads = [{ methods = ["GET"], paths = ["/api/v1/query"] }]
[tools.restart]
side-effect = "destructive"
[limits]
memory-mib = 64
"#;

fn refusal(text: &str) -> String {
    Manifest::from_toml(text).unwrap_err().to_string()
}

#[test]
fn the_documented_manifest_is_read() {
    let manifest = Manifest::from_toml(GOOD).unwrap();
    assert_eq!(manifest.upstreams.len(), 2);
    assert_eq!(manifest.limits.memory_mib, Some(64));
}

#[test]
fn what_a_manifest_may_not_say_is_refused_by_name() {
    assert!(refusal(&GOOD.replace("version =", "verison =")).contains("verison"));
    assert!(refusal(&GOOD.replace("contract = \"0.1\"", "contract = \"0.2\"")).contains("contract 0.2"));
    assert!(refusal(&GOOD.replace("[\"get\", \"list\"]", "[\"*\"]")).contains("reads"));
    assert!(refusal(&GOOD.replace("[\"get\", \"list\"]", "[\"delete\"]")).contains("no read"));
    assert!(
        refusal(&GOOD.replace("resources = [\"deployments\"]", "resources = [\"*\"]")).contains("writes")
    );
    assert!(
        refusal(&GOOD.replace("upstreams.kubernetes", "upstreams.\"kuberne\u{442}es\""))
            .contains("lower-case ASCII")
    );
    assert!(refusal(&GOOD.replace("k8s-workloads", "K8s")).contains("toolset name"));
}

#[test]
fn a_write_tool_that_calls_itself_read_only_is_refused() {
    let manifest = Manifest::from_toml(GOOD).unwrap();
    let tool = |effect| PackedTool {
        name: "restart".parse().unwrap(),
        description: "Restarts".to_owned(),
        input_schema: serde_json::json!({"type": "object"}),
        side_effect: effect,
    };
    let packed =
        |effect| Packed { manifest: manifest.clone(), instructions: None, tools: vec![tool(effect)] };
    assert!(packed(SideEffect::Destructive).validated().is_ok());
    assert!(packed(SideEffect::ReadOnly).validated().is_err());
}

#[test]
fn what_is_lost_is_told_of_declared_reads_alone() {
    let with = |lost: &str| {
        GOOD.replace("[upstreams.prometheus]", &format!("loses = {{ {lost} }}\n[upstreams.prometheus]"))
    };
    let manifest = Manifest::from_toml(&with(r#""pods/log" = "why a container crashed""#)).unwrap();
    assert_eq!(manifest.upstreams["kubernetes"].loses["pods/log"], "why a container crashed");
    assert!(refusal(&with(r#"configmaps = "keys""#)).contains("`configmaps`, which no read declares"));
    assert!(refusal(&with(r#""pods.apps" = "pods""#)).contains("no read declares"));
    let prometheus =
        GOOD.replace("kind = \"prometheus\"", "kind = \"prometheus\"\nloses = { \"*\" = \"all\" }");
    assert!(refusal(&prometheus).contains("no read declares"));
}

#[test]
fn a_manifest_that_tells_no_loss_is_packed_as_it_was_before() {
    let packed = serde_json::to_value(Manifest::from_toml(GOOD).unwrap()).unwrap();
    assert!(packed["upstreams"]["kubernetes"].get("loses").is_none());
}
