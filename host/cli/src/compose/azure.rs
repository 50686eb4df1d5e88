//! Azure's services as upstreams: live ones, signed for through Entra, and cassettes.

use std::{path::Path, sync::Arc};

use anyhow::{Result, anyhow, bail};
use holmes_config::Environment;
use holmes_identity::{Authorizer, entra::Identity};
use holmes_sandbox::upstream::{Backend, Cassette, Cloud, Endpoint, Kind, Recorder, Service};

use crate::{
    output::printer::Printer,
    settings::{Source, Upstream},
};

/// What signs for an identity's requests to the receivers of a scope; the composition root has it.
pub(crate) type Signer = Arc<dyn Fn(Identity, String) -> Arc<dyn Authorizer> + Send + Sync>;

/// Which cloud it is.
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

/// Each of these alone says that there is an identity for Azure. `az login` alone does not: it is there on many
/// machines whose owner asks about a cluster only.
const CONFIGURED: [&str; 5] = [
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "IDENTITY_ENDPOINT",
    "AZURE_TOKEN_CREDENTIALS",
];

/// HolmesGPT's switch for Entra.
const TOKEN_AUTH: &str = "AZURE_AD_TOKEN_AUTH";

/// How a service of Azure gets bound.
const WAYS: &str = "give it an identity: workload identity in a pod, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or AZURE_TOKEN_CREDENTIALS=dev after `az login`, or AZURE_AD_TOKEN_AUTH=true; or bind it under `upstreams:`; or give a recording with --azure-cassette PATH";

/// How an upstream of this kind gets bound, as the end of a sentence; nothing for other kinds.
pub(super) fn ways(kind: &str) -> String {
    if is_service(kind) { format!("; {WAYS}") } else { String::new() }
}

/// Whether a kind is one of Azure's services.
pub(super) fn is_service(kind: &str) -> bool {
    match Kind::named(kind) {
        Some(Kind::AzureArm | Kind::AzureLogs) => true,
        Some(Kind::Kubernetes) | None => false,
    }
}

/// What binds services of Azure.
pub(super) struct Azure {
    cloud: Cloud,
    /// The environment speaks of an identity.
    identity: bool,
    signer: Signer,
}

impl Azure {
    pub(super) fn new(environment: &Environment, signer: Signer) -> Self {
        let switched = environment.switch(TOKEN_AUTH).ok().flatten().unwrap_or(false);
        Self {
            cloud: Cloud::of_authority(environment.get(AUTHORITY)),
            identity: switched || environment.first(&CONFIGURED).is_some(),
            signer,
        }
    }

    /// Binds a service of the configuration. Whether its token can be had is known with the first request.
    pub(super) fn configured(&self, name: &str, upstream: &Upstream, printer: Printer) -> Result<Backend> {
        let kind = upstream.kind;
        match &upstream.source {
            Source::Recorded(_) if upstream.record.is_some() => {
                bail!("`upstreams.{name}.record` writes down what is `live`; a recording is recorded already")
            }
            Source::Recorded(path) => {
                let found = cassettes(path, printer)?.into_iter().find(|cassette| cassette.kind() == kind);
                found.ok_or_else(|| {
                    anyhow!("`upstreams.{name}`: `{}` holds no cassette of kind `{kind}`", path.display())
                })
            }
            Source::Live => {
                let endpoint = match &upstream.url {
                    Some(url) => Endpoint::at(kind, url)?,
                    None => Endpoint::of(kind, self.cloud)?,
                };
                if endpoint.is_foreign() {
                    printer.warning(&format!(
                        "`upstreams.{name}.url` names no host of Azure for `{kind}`; its tokens go there because you say so"
                    ));
                }
                let who = Identity {
                    tenant_id: upstream.tenant_id.clone(),
                    client_id: upstream.client_id.clone(),
                    ..Identity::default()
                };
                let recorder =
                    upstream.record.as_ref().map(|folder| Recorder::open(folder, kind)).transpose()?;
                self.live(endpoint, who, recorder)
            }
            Source::InCluster | Source::Kubeconfig { .. } => {
                bail!("`upstreams.{name}.source`: a service of Azure is `live` or `recorded`")
            }
        }
    }

    /// A service that nobody configured, if an identity is configured that may ask it.
    pub(super) fn automatic(&self, kind: Kind) -> Result<Option<Backend>> {
        match Endpoint::of(kind, self.cloud) {
            Ok(endpoint) if self.identity => self.live(endpoint, Identity::default(), None).map(Some),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    fn live(&self, endpoint: Endpoint, who: Identity, recorder: Option<Recorder>) -> Result<Backend> {
        let kind = endpoint.kind();
        let scope = kind.scope(self.cloud).ok_or_else(|| anyhow!("`{kind}` has no audience of its own"))?;
        let authorizer = (self.signer)(who, scope);
        Ok(Backend::Service(Arc::new(Service::new(endpoint, authorizer, recorder))))
    }
}

/// Opens every cassette at a path.
pub(super) fn cassettes(path: &Path, printer: Printer) -> Result<Vec<Backend>> {
    let (cassettes, warnings) = Cassette::open(path)?;
    for warning in warnings.iter().take(20) {
        printer.warning(&format!("left out of the cassette: {warning}"));
    }
    if warnings.len() > 20 {
        printer.warning(&format!("{} more files were left out of the cassette", warnings.len() - 20));
    }
    for cassette in &cassettes {
        printer.progress(&format!(
            "cassette of {} as of {}: {} exchanges",
            cassette.kind(),
            cassette.recorded_at(),
            cassette.exchanges()
        ));
    }
    Ok(cassettes.into_iter().map(|cassette| Backend::Cassette(Arc::new(cassette))).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use holmes_identity::Fixed;
    use serde_json::{Value, json};

    use super::*;
    use crate::args::OutputOptions;

    /// Who was asked to sign, and for what.
    type Asked = Arc<Mutex<Vec<(Option<String>, String)>>>;

    fn signer() -> (Asked, Signer) {
        let asked = Asked::default();
        let seen = Arc::clone(&asked);
        let signer: Signer = Arc::new(move |who: Identity, scope| {
            seen.lock().unwrap().push((who.client_id, scope));
            Arc::new(Fixed::none())
        });
        (asked, signer)
    }

    fn configured(azure: &Azure, upstream: Value) -> Result<Backend> {
        let upstream: Upstream = serde_json::from_value(upstream).unwrap();
        azure.configured("arm", &upstream, Printer::new(OutputOptions::default()))
    }

    #[test]
    fn a_service_is_bound_by_itself_only_where_the_environment_speaks_of_an_identity() {
        for (name, value, bound) in [
            ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token", true),
            ("AZURE_TOKEN_CREDENTIALS", "dev", true),
            ("AZURE_AD_TOKEN_AUTH", "true", true),
            ("AZURE_AD_TOKEN_AUTH", "false", false),
            ("AZURE_API_KEY", "x", false),
        ] {
            let azure = Azure::new(&Environment::from([(name, value)]), signer().1);
            for kind in [Kind::AzureArm, Kind::AzureLogs] {
                let found = azure.automatic(kind).unwrap().map(|backend| backend.kind());
                assert_eq!(found, bound.then_some(kind), "{name}={value}");
            }
            assert!(azure.automatic(Kind::Kubernetes).unwrap().is_none());
        }
        assert!(ways("azure-arm").contains("--azure-cassette") && ways("kubernetes").is_empty());
    }

    #[test]
    fn a_configured_service_signs_for_its_own_identity_and_its_clouds_audience() {
        let (asked, signer) = signer();
        let environment = Environment::from([(AUTHORITY, "https://login.microsoftonline.us/")]);
        let azure = Azure::new(&environment, signer);
        let live =
            json!({"kind": "azure-arm", "source": "live", "client_id": "me", "url": "https://arm.internal"});
        assert_eq!(configured(&azure, live).unwrap().kind(), Kind::AzureArm);
        let asked = asked.lock().unwrap().clone();
        assert_eq!(
            asked,
            [(Some("me".to_owned()), "https://management.usgovcloudapi.net/.default".to_owned())]
        );
    }

    #[test]
    fn what_can_not_be_meant_is_refused_with_the_key() {
        let azure = Azure::new(&Environment::default(), signer().1);
        for (upstream, words) in [
            (json!({"kind": "azure-arm", "source": "in-cluster"}), "upstreams.arm.source"),
            (
                json!({"kind": "azure-arm", "source": {"recorded": "a"}, "record": "b"}),
                "upstreams.arm.record",
            ),
            (json!({"kind": "azure-arm", "source": "live", "url": "http://arm.internal"}), "https://"),
        ] {
            let error = configured(&azure, upstream).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
