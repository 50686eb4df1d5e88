//! `config`: the toolset's non-secret settings, and whether a credential is at hand. Never its value.

use holmes_identity::Readiness;

use crate::{
    bindings::holmes::toolset::config::{CredentialStatus, Host},
    state::State,
    upstream::Backend,
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
        let backend = self.shared.upstreams.get(&upstream);
        Ok(match (granted, backend.map(Backend::readiness)) {
            (false, _) => CredentialStatus::Denied,
            (true, None | Some(Readiness::Failing)) => CredentialStatus::Missing,
            (true, Some(Readiness::Expired)) => CredentialStatus::Expired,
            (true, Some(Readiness::Ready)) => CredentialStatus::Ready,
        })
    }
}
