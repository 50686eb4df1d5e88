//! Files of `kubectl get`: JSON, YAML, lists, single objects, several documents.

use super::*;

fn opened(files: &[(&str, &str)]) -> Result<(Recording, Vec<Warning>), RecordingError> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    Recording::open(folder.path())
}

const YAML: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  ports: [{port: 80}]\n---\n\
    apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {p: FAKE-SECRET-DO-NOT-LEAK}\n---\n";

#[test]
fn json_and_yaml_lists_and_documents_are_one_cluster() {
    let widget = json!({"apiVersion": "x.example/v1", "kind": "Policy", "metadata": {"name": "p", "namespace": "shop"}});
    let typed = json!({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{"metadata": {"name": "d", "namespace": "shop"}}]});
    let (recording, warnings) = opened(&[
        ("a/pods.json", &list(&[pod("shop", "web", "n1")])),
        ("widget.json", &widget.to_string()),
        ("typed.json", &typed.to_string()),
        ("more.yaml", YAML),
        ("notes.txt.d/readme", "not a manifest"),
    ])
    .unwrap();
    assert_eq!(warnings, []);
    assert_eq!(names(&ask(&recording, "/api/v1/pods")), ["shop/web"]);
    assert_eq!(names(&ask(&recording, "/api/v1/services")), ["shop/web"]);
    assert_eq!(names(&ask(&recording, "/apis/x.example/v1/namespaces/shop/policies")), ["shop/p"]);
    let deployment = parsed(&ask(&recording, "/apis/apps/v1/namespaces/shop/deployments/d"));
    assert_eq!(
        (deployment["kind"].as_str(), deployment["apiVersion"].as_str()),
        (Some("Deployment"), Some("apps/v1"))
    );
    assert!(!text(&ask(&recording, "/api/v1/secrets")).contains(CANARY));
    assert_eq!(recording.summary().recorded_at, "2026-01-02T03:04:05Z");
}

#[test]
fn a_kind_that_was_not_dumped_is_not_reported_as_empty() {
    let (recording, _) = opened(&[("pods.json", &list(&[pod("shop", "web", "n1")]))]).unwrap();
    let answer = ask(&recording, "/api/v1/secrets");
    assert_eq!(answer.status, 404);
    assert_eq!(parsed(&answer)["reason"], "NotRecorded");
    assert_eq!(parsed(&answer)["message"], "the recording has no secrets");
    let empty = json!({"apiVersion": "v1", "kind": "SecretList", "items": []}).to_string();
    let (recording, _) = opened(&[("secrets.json", &empty)]).unwrap();
    assert_eq!(names(&ask(&recording, "/api/v1/secrets")), Vec::<String>::new());
}

#[test]
fn a_definition_tells_the_plural_of_its_kind() {
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "geese.x.example"},
        "spec": {"group": "x.example", "scope": "Cluster", "names": {"kind": "Goose", "plural": "geese"}}});
    let goose = json!({"apiVersion": "x.example/v1", "kind": "Goose", "metadata": {"name": "g"}});
    let (recording, _) = opened(&[("all.json", &list(&[definition, goose]))]).unwrap();
    assert_eq!(names(&ask(&recording, "/apis/x.example/v1/geese")), ["g"]);
}

#[test]
fn a_damaged_file_is_named_and_the_rest_served() {
    let secret = format!("kind: Secret\nstringData: {{p: [{CANARY}\n");
    let (recording, warnings) = opened(&[
        ("bad.json", "{\"kind\":"),
        ("bad.yaml", &secret),
        ("pods.json", &list(&[pod("a", "b", "n")])),
    ])
    .unwrap();
    assert_eq!(
        warnings.iter().map(|warning| warning.path.as_str()).collect::<Vec<_>>(),
        ["bad.json", "bad.yaml"]
    );
    assert!(!format!("{warnings:?}").contains(CANARY));
    assert_eq!(names(&ask(&recording, "/api/v1/pods")), ["a/b"]);
}

#[test]
fn a_single_file_may_have_any_name_and_a_byte_order_mark() {
    let folder = tempfile::tempdir().unwrap();
    let json = list(&[pod("a", "b", "n")]);
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(json.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let path = folder.path().join("dump");
    fs::write(&path, utf16).unwrap();
    assert_eq!(names(&ask(&Recording::open(&path).unwrap().0, "/api/v1/pods")), ["a/b"]);
    fs::write(&path, YAML).unwrap();
    assert_eq!(names(&ask(&Recording::open(&path).unwrap().0, "/api/v1/services")), ["shop/web"]);
}

#[test]
fn aliases_cannot_blow_up() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, previous) in
        ["b", "c", "d", "e", "f", "g", "h", "i"].into_iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        let aliases = vec![format!("*{previous}"); 9].join(",");
        bomb.extend([name, ": &", name, " [", aliases.as_str(), "]\n"]);
    }
    assert!(matches!(opened(&[("bomb.yaml", &bomb)]), Err(RecordingError::Empty(_))));
}
