//! The registry's promises: file order, one bad entry alone, no wrong model, no secret shown.

use holmes_identity::entra;

use super::*;

const FILE: &str = r#"
zeta:
  model: azure/gpt-4.1-prod
  api_key: "{{ env.AZURE_API_KEY }}"
  api_base: https://contoso-ai.openai.azure.com/
  api_version: "2025-01-01-preview"
  temperature: 0
  custom_args: { max_context_size: 1000 }
alpha:
  model: azure/gpt-5-prod
  api_key: "{{ env.NOT_SET }}"
  api_base: https://contoso-ai.openai.azure.com
claude: { model: anthropic/claude-sonnet, api_key: canary-1 }
gemini: { model: gemini/pro, api_key: canary-4 }
plain: { model: openai/x, api_base: "http://example.com/v1", api_key: canary-2 }
local: { model: openai/llama, api_base: "http://localhost:1234/v1" }
entra: { model: azure/d, api_base: "https://c.openai.azure.com", azure_ad_token: canary-3 }
odd: 7
"#;

fn registry(file: &str, variables: &[(&str, &str)]) -> Registry {
    let list = ModelList::parse("model_list.yaml", file).unwrap();
    let environment = variables.iter().copied().collect();
    Registry::new(list, Config::default(), environment, entra()).unwrap()
}

pub(super) fn entra() -> Entra {
    Entra::new(entra::Config::default()).unwrap()
}

fn reason(registry: &Registry, name: &str) -> String {
    registry.choose(Some(name)).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn entries_keep_the_files_order_and_a_bad_one_is_disabled_alone() {
    let registry = registry(FILE, &[("AZURE_API_KEY", "canary-0")]);
    let names: Vec<String> = registry.list().into_iter().map(|listed| listed.name).collect();
    assert_eq!(
        names,
        ["zeta", "alpha", "claude", "gemini", "plain", "local", "entra", "odd", "builtin/triage"]
    );
    assert_eq!(registry.default_name(), "zeta");
    assert_eq!(registry.choose(None).unwrap().window(), 1000);
    assert_eq!(registry.named("local").unwrap().name(), "local");
    for usable in ["claude", "entra"] {
        assert_eq!(registry.named(usable).unwrap().name(), usable);
    }
    let alpha = reason(&registry, "alpha");
    assert_eq!(alpha, "the model `alpha` is disabled: `api_key`: the variable `NOT_SET` is not set or empty");
    for (name, expected) in [
        ("gemini", "`gemini` is not spoken; supported are `azure/<deployment>`"),
        ("plain", "plain http"),
        ("odd", "no mapping"),
    ] {
        assert!(reason(&registry, name).contains(expected), "{}", reason(&registry, name));
    }
    let shown = format!("{registry:?} {:?}", registry.list());
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn names_are_selected_in_the_documented_order() {
    let file = "fast: { model: openai/gpt-4o, api_key: k }\n";
    let list = || ModelList::parse("f", file).unwrap();
    let environment = || Environment::from([("MODEL", "azure/dep")]);
    let config = Config { model: Some("fast".into()), ..Config::default() };
    assert_eq!(Registry::new(list(), config, environment(), entra()).unwrap().default_name(), "fast");
    let registry = Registry::new(list(), Config::default(), environment(), entra()).unwrap();
    assert_eq!(registry.default_name(), "azure/dep");
    assert!(registry.list().iter().any(|listed| listed.name == "azure/dep" && listed.default));
    let empty =
        Registry::new(ModelList::default(), Config::default(), Environment::default(), entra()).unwrap();
    assert_eq!(empty.choose(None).unwrap().name(), "builtin/triage");
}

#[test]
fn an_ad_hoc_model_takes_key_and_base_from_the_environment() {
    let complete = [("AZURE_API_KEY", "k"), ("AZURE_API_BASE", "https://c.openai.azure.com")];
    assert_eq!(registry("", &complete).choose(Some("azure/dep")).unwrap().name(), "azure/dep");
    assert!(reason(&registry("", &complete[..1]), "azure/dep").contains("AZURE_API_BASE"));
    assert!(reason(&registry("", &complete[1..]), "azure/dep").contains("AZURE_API_KEY"));
    assert!(reason(&registry("", &[]), "openai/gpt-4o").contains("OPENAI_API_KEY"));
    assert!(reason(&registry("", &[]), "anthropic/x").contains("ANTHROPIC_API_KEY"));
    assert!(reason(&registry("", &[]), "gemini/x").contains("not spoken"));
    let by_request = registry("", &complete).named("azure/dep").map(|_| ()).unwrap_err();
    assert!(matches!(by_request, RegistryError::Unknown { .. }));
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_nearest_first() {
    let registry = registry("deep: { model: x }\nfast: { model: y }\n", &[]);
    assert_eq!(
        reason(&registry, "fst"),
        "unknown model `fst`, did you mean `fast`?; known models, nearest first: `fast`, `deep`, `builtin/triage`"
    );
}

#[test]
fn a_broken_file_is_an_error_without_its_text() {
    let error = ModelList::parse("model_list.yaml", "fast: { api_key: canary\nx").unwrap_err().to_string();
    assert!(error.starts_with("model_list.yaml:") && !error.contains("canary"), "{error}");
    assert!(ModelList::parse("f", "- a\n").is_err());
    assert!(ModelList::parse("f", "# nothing\n").unwrap().entries.is_empty());
}

#[test]
fn two_credentials_in_one_entry_exclude_each_other() {
    let file = "a: { model: azure/d, api_base: 'https://c.openai.azure.com', api_key: canary-1, client_secret: canary-2 }";
    let text = reason(&registry(file, &[]), "a");
    assert!(text.contains("exclude each other") && !text.contains("canary"), "{text}");
}
