//! `config`: the toolset's non-secret settings, and whether a credential is at hand. Never its value.

use crate::{
    bindings::holmes::toolset::config::{CredentialStatus, Host},
    state::State,
};

impl Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.enter(key.len())?;
        Ok(self.shared.settings.get(&key).cloned())
    }

    fn entries(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.enter(0)?;
        Ok(self.shared.settings.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn credential(&mut self, upstream: String) -> wasmtime::Result<CredentialStatus> {
        self.enter(upstream.len())?;
        let granted =
            self.shared.rights.upstreams.get(&upstream).is_some_and(|rights| rights.grant.is_some());
        Ok(match (granted, self.shared.upstreams.contains_key(&upstream)) {
            (false, _) => CredentialStatus::Denied,
            (true, false) => CredentialStatus::Missing,
            (true, true) => CredentialStatus::Ready,
        })
    }
}
