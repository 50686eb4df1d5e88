//! Values of `HolmesGPT`'s chart, turned into what its pod gets: two files and variables.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

use crate::{
    cloud::Cloud,
    world::{World, cluster},
};

/// What a pod of the chart has.
pub(super) struct Chart {
    pub(super) values: Value,
    list: PathBuf,
    config: PathBuf,
}

impl Chart {
    /// Writes the files; in the Robusta chart the values stand below `holmes`.
    pub(super) fn render(world: &World, text: &str) -> Self {
        let values: Value = serde_saphyr::from_str(text).expect("YAML");
        let values = values.get("holmes").cloned().unwrap_or(values);
        // JSON is YAML.
        let list = world.write("etc/holmes/config/model_list.yaml", values["modelList"].to_string());
        let config = values.get("config").cloned().unwrap_or_else(|| serde_json::json!({}));
        let config = world.write("etc/holmes/config/config.yaml", config.to_string());
        Self { values, list, config }
    }

    /// Sets the pod's variables; Secrets are named `NAME/KEY`.
    pub(super) fn set(&self, command: &mut Command, secret: impl Fn(&str) -> String) {
        command.env("MODEL_LIST_FILE_LOCATION", &self.list).env("HOLMES_CONFIG_PATH", &self.config);
        for variable in self.values["additionalEnvVars"].as_array().into_iter().flatten() {
            let name = variable["name"].as_str().expect("a name");
            let reference = &variable["valueFrom"]["secretKeyRef"];
            let value =
                match (variable["value"].as_str(), reference["name"].as_str(), reference["key"].as_str()) {
                    (Some(value), None, None) => value.to_owned(),
                    (None, Some(name), Some(key)) => secret(&format!("{name}/{key}")),
                    _ => panic!("neither a value nor a key of a Secret: {variable}"),
                };
            command.env(name, value);
        }
    }

    /// Asks as somebody does in the pod; without a model it is the configuration's.
    pub(super) fn ask(&self, cloud: &Cloud, model: Option<&str>, secret: impl Fn(&str) -> String) -> Command {
        let mut command = cloud.command(&["ask", "what pods are failing?", "--no-triage", "-vv"]);
        command.arg("--snapshot").arg(cluster("oom-crashloop"));
        command.arg("--audit-log").arg(cloud.audit_log());
        command.args(model.map(|model| ["--model", model]).into_iter().flatten());
        self.set(&mut command, secret);
        command
    }
}
