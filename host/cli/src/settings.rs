//! The configuration file: our own keys, strictly, and HolmesGPT's, as HolmesGPT reads them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use holmes_config::Environment;
use holmes_llm::ModelList;
use holmes_protocol::ToolsetName;
use holmes_sandbox::{Grant, Wishes, upstream::Kind};
use serde::{Deserialize, de::IgnoredAny};

use crate::environment;

/// The configuration file. A key that is neither ours nor HolmesGPT's is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    /// The default model.
    pub(crate) model: Option<String>,
    /// Key, base and version for models that name none.
    pub(crate) api_key: Option<String>,
    pub(crate) api_base: Option<String>,
    pub(crate) api_version: Option<String>,
    /// Calls of the model at most.
    pub(crate) max_steps: Option<u32>,
    /// Told to the model.
    pub(crate) cluster_name: Option<String>,
    /// The model list, in place of a file of its own.
    #[serde(rename = "modelList")]
    pub(crate) model_list: Option<ModelList>,
    /// What upstreams' names are bound to.
    pub(crate) upstreams: BTreeMap<String, Upstream>,
    /// What the operator says about each toolset.
    pub(crate) toolsets: BTreeMap<ToolsetName, Toolset>,
    // HolmesGPT's keys that mean nothing here: accepted, with a warning each.
    pub(crate) mcp_servers: Option<IgnoredAny>,
    pub(crate) custom_toolsets: Option<IgnoredAny>,
    pub(crate) custom_runbooks: Option<IgnoredAny>,
    pub(crate) custom_skill_paths: Option<IgnoredAny>,
    pub(crate) fast_model: Option<IgnoredAny>,
    pub(crate) alertmanager_url: Option<IgnoredAny>,
    pub(crate) slack_token: Option<IgnoredAny>,
    pub(crate) slack_channel: Option<IgnoredAny>,
    /// For YAML anchors: ignored without a warning.
    #[serde(rename = "anchors")]
    _anchors: Option<IgnoredAny>,
}

/// What one upstream is bound to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upstream {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it is.
    pub(crate) source: Source,
    /// The tenant whose token is sent; none: the environment's.
    pub(crate) tenant_id: Option<String>,
    /// The identity that the token is for; none: the environment's.
    pub(crate) client_id: Option<String>,
    /// An address in place of the service's own: a private link, a proxy.
    pub(crate) url: Option<String>,
    /// A folder into which live exchanges are recorded.
    pub(crate) record: Option<PathBuf>,
}

/// Where an upstream is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Source {
    /// A cluster: the pod's own service account.
    InCluster,
    /// A cluster: a file and a context of it.
    Kubeconfig {
        /// The file; none: the usual places.
        path: Option<PathBuf>,
        /// The context; none: the current one.
        context: Option<String>,
    },
    /// A service of Azure, with the tokens that Entra gives.
    Live,
    /// A recording.
    Recorded(PathBuf),
}

/// What the operator says about one toolset.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Toolset {
    /// `false` leaves it out.
    pub(crate) enabled: Option<bool>,
    /// The digest that its file must have.
    pub(crate) digest: Option<String>,
    /// The guest's name of an upstream, and the name it is bound to.
    pub(crate) bind: BTreeMap<String, String>,
    /// What is granted of each upstream.
    pub(crate) grant: Option<BTreeMap<String, Grant>>,
    /// Non-secret settings.
    pub(crate) config: BTreeMap<String, String>,
    /// Limits.
    pub(crate) limits: Wishes,
}

impl File {
    /// Reads the file that was asked for, or the one at HolmesGPT's usual place if it exists.
    pub(crate) fn load(explicit: Option<&Path>, environment: &Environment) -> Result<Self> {
        match Self::path(explicit, environment) {
            Some(path) => Ok(holmes_config::load(&path)?),
            None => Ok(Self::default()),
        }
    }

    /// Where the configuration is read from, if from anywhere.
    pub(crate) fn path(explicit: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
        let named = || environment.get(environment::CONFIG_PATH).map(PathBuf::from);
        let usual = || folder(environment).map(|folder| folder.join("config.yaml"));
        explicit.map(Path::to_owned).or_else(named).or_else(|| usual().filter(|path| path.exists()))
    }

    /// HolmesGPT's keys in the file that mean nothing here.
    pub(crate) fn ignored(&self) -> Vec<&'static str> {
        [
            ("mcp_servers", &self.mcp_servers),
            ("custom_toolsets", &self.custom_toolsets),
            ("custom_runbooks", &self.custom_runbooks),
            ("custom_skill_paths", &self.custom_skill_paths),
            ("fast_model", &self.fast_model),
            ("alertmanager_url", &self.alertmanager_url),
            ("slack_token", &self.slack_token),
            ("slack_channel", &self.slack_channel),
        ]
        .into_iter()
        .filter(|(_, value)| value.is_some())
        .map(|(name, _)| name)
        .collect()
    }

    /// The models: of the file, else of HolmesGPT's model list at its usual places.
    pub(crate) fn model_list(&mut self, environment: &Environment) -> Result<ModelList> {
        if let Some(list) = self.model_list.take() {
            return Ok(list);
        }
        let Some(path) = Self::model_list_path(environment) else { return Ok(ModelList::default()) };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("can not read the model list `{}`", path.display()))?;
        Ok(ModelList::parse(&path.display().to_string(), &text)?)
    }

    /// Where HolmesGPT's model list is read from, if from anywhere.
    pub(crate) fn model_list_path(environment: &Environment) -> Option<PathBuf> {
        let named = environment.get(environment::MODEL_LIST).map(PathBuf::from);
        named.or_else(|| usual_model_list(environment))
    }
}

fn usual_model_list(environment: &Environment) -> Option<PathBuf> {
    let in_pod = PathBuf::from("/etc/holmes/config/model_list.yaml");
    let at_home = folder(environment).map(|folder| folder.join("model_list.yaml"));
    [Some(in_pod), at_home].into_iter().flatten().find(|path| path.exists())
}

fn folder(environment: &Environment) -> Option<PathBuf> {
    match environment.get(environment::CONFIG_FOLDER) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => environment::home(environment).map(|home| home.join(".holmes")),
    }
}
