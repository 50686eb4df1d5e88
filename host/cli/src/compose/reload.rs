//! Reads the models again when their files change, so that a key or a deployment is exchanged without a restart.
//!
//! The files are looked at, not watched: a ConfigMap is swapped by links that a watch of the file would miss.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    path::PathBuf,
    time::Duration,
};

use anyhow::Result;

use super::Settings;
use crate::settings::File;

/// How often two small files are looked at; the kubelet itself needs a minute to bring a change.
const EVERY: Duration = Duration::from_secs(2);

/// The files that models come from, as they were last seen.
pub(crate) struct ModelFiles {
    seen: u64,
}

impl ModelFiles {
    /// Takes note of the files before they are read, so that no change falls in between.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { seen: fingerprint(settings) }
    }

    /// Waits for a change, and reads the configuration again.
    pub(crate) async fn changed(&mut self, settings: &Settings) -> Result<Settings> {
        loop {
            tokio::time::sleep(EVERY).await;
            let now = fingerprint(settings);
            if now != std::mem::replace(&mut self.seen, now) {
                let file = File::load(settings.config.as_deref(), &settings.environment)?;
                return Ok(Settings {
                    environment: settings.environment.clone(),
                    file,
                    config: settings.config.clone(),
                    entra: settings.entra.clone(),
                });
            }
        }
    }
}

/// Changes when a file's content does. A file that can not be read counts as an empty one.
fn fingerprint(settings: &Settings) -> u64 {
    let paths: [Option<PathBuf>; 2] = [
        File::path(settings.config.as_deref(), &settings.environment),
        File::model_list_path(&settings.environment),
    ];
    let mut hasher = DefaultHasher::new();
    for path in paths.into_iter().flatten() {
        std::fs::read(&path).unwrap_or_default().hash(&mut hasher);
        path.hash(&mut hasher);
    }
    hasher.finish()
}
