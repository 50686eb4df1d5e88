//! The process environment, read once. Every variable that holmes-host knows has its name here.

use std::path::PathBuf;

use holmes_config::Environment;

/// Configuration file, as HolmesGPT documents it.
pub(crate) const CONFIG_PATH: &str = "HOLMES_CONFIG_PATH";
/// Folder of `config.yaml` and `model_list.yaml` instead of `~/.holmes`, as HolmesGPT reads it.
pub(crate) const CONFIG_FOLDER: &str = "HOLMES_CONFIGPATH_DIR";
/// HolmesGPT's model list.
pub(crate) const MODEL_LIST: &str = "MODEL_LIST_FILE_LOCATION";
/// Folder of plugins.
pub(crate) const PLUGINS: &str = "HOLMES_PLUGINS";
/// Address of the server.
pub(crate) const HOST: &str = "HOLMES_HOST";
/// Port of the server.
pub(crate) const PORT: &str = "HOLMES_PORT";
/// Key that clients of the server must send.
pub(crate) const API_KEY: &str = "HOLMES_API_KEY";
/// Serve beyond loopback without a key.
pub(crate) const UNSAFE_ALLOW_UNAUTHENTICATED: &str = "HOLMES_UNSAFE_ALLOW_UNAUTHENTICATED";
/// Secret that authenticates cached compiled code; in a cluster there is no cache without it.
pub(crate) const CACHE_KEY_FILE: &str = "HOLMES_CACHE_KEY_FILE";
/// Folder for cached compiled code.
pub(crate) const CACHE_FOLDER: &str = "HOLMES_CACHE_DIR";
/// Level or filter of the log.
pub(crate) const LOG_LEVEL: &str = "LOG_LEVEL";
/// Log as JSON.
pub(crate) const JSON_LOGS: &str = "ENABLE_JSON_LOGS_FORMAT";
/// Calls of the model at most.
pub(crate) const MAX_STEPS: &str = "MAX_STEPS";
/// Set by Kubernetes in every pod.
pub(crate) const IN_CLUSTER: &str = "KUBERNETES_SERVICE_HOST";
/// Variables whose values are secrets of the host: they are masked wherever they might turn up.
pub(crate) const SECRETS: [&str; 19] = [
    "AZURE_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "AZURE_AI_API_KEY",
    "OPENAI_API_KEY",
    "API_KEY",
    "HOLMES_API_KEY",
    "ANTHROPIC_API_KEY",
    "AZURE_AD_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_OPENAI_KEY",
    "AZURE_OPENAI_CLIENTSECRET",
    "AZURE_AISERVICES_KEY",
    "AZURE_AISERVICES_CLIENTSECRET",
    "AZURE_COGNITIVESERVICES_KEY",
    "AZURE_COGNITIVESERVICES_CLIENTSECRET",
    "HOSTED_VLLM_API_KEY",
    "LITELLM_PROXY_API_KEY",
    "IDENTITY_HEADER",
];

/// The environment of this process.
pub(crate) fn of_process() -> Environment {
    of_process_with([])
}

/// The environment of this process, with these variables in place of its own; an empty one counts as unset.
pub(crate) fn of_process_with(replaced: impl IntoIterator<Item = (String, String)>) -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .chain(replaced)
        .collect()
}

/// `~`, if there is one.
pub(crate) fn home(environment: &Environment) -> Option<PathBuf> {
    environment.get("HOME").map(PathBuf::from)
}

/// A folder of the XDG base directory specification, with the program's own name below it.
pub(crate) fn xdg(environment: &Environment, variable: &str, fallback: &str) -> Option<PathBuf> {
    let base = match environment.get(variable).map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(path) => path,
        None => home(environment)?.join(fallback),
    };
    Some(base.join("holmes-host"))
}
