//! A pod of the tutorial: fakes for the directory, the machine and the data plane, and what a run leaves behind.

use std::time::Duration;

use holmes_fakes::{FakeAzureOpenAi, FakeEntra, FakeImds, TestAuthority, entra::Projection};

use crate::world::{Ran, World, finish};

/// The projected token's file, in the pod's own folder.
const TOKEN_FILE: &str = "azure-identity-token";
/// Longer than any test.
const LIFETIME: Duration = Duration::from_hours(1);

/// The certificate of an authority that issued nothing.
pub(super) fn another_authority() -> String {
    TestAuthority::new().certificate_pem()
}

pub(super) struct Pod {
    pub(super) world: World,
    pub(super) entra: FakeEntra,
    pub(super) azure: FakeAzureOpenAi,
    pub(super) imds: FakeImds,
}

impl Pod {
    /// With a projected token that the directory trusts.
    pub(super) async fn start() -> Self {
        let authority = TestAuthority::new();
        let world = World::new();
        world.write("ca.pem", authority.certificate_pem());
        let entra = FakeEntra::start(&authority).await;
        let azure = FakeAzureOpenAi::start(&authority, entra.tokens()).await;
        let imds = FakeImds::start(entra.tokens()).await;
        let pod = Self { world, entra, azure, imds };
        pod.project(&Projection::default());
        pod
    }

    /// Puts another projected token into the file.
    pub(super) fn project(&self, projection: &Projection) {
        self.world.write(TOKEN_FILE, self.entra.mint_assertion_of(projection, LIFETIME));
    }

    /// What the webhook and the connection put into the pod; `base` is the endpoint's variable.
    pub(super) fn workload_identity(&self, base: &str) -> Vec<(String, String)> {
        vec![
            (base.to_owned(), self.azure.base()),
            ("AZURE_TENANT_ID".to_owned(), self.entra.tenant_id().to_owned()),
            ("AZURE_CLIENT_ID".to_owned(), self.entra.client_id().to_owned()),
            ("AZURE_FEDERATED_TOKEN_FILE".to_owned(), self.world.path(TOKEN_FILE).display().to_string()),
        ]
    }

    /// Runs the program in the pod with its log wide open, and looks for secrets in all that it prints.
    pub(super) async fn run(&self, arguments: &[&str], variables: &[(String, String)]) -> Ran {
        let mut command = self.world.command(arguments);
        command.arg("-vv");
        command
            .env("SSL_CERT_FILE", self.world.path("ca.pem"))
            .env("AZURE_AUTHORITY_HOST", self.entra.authority_host())
            .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", self.imds.host())
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1");
        if !variables.iter().any(|(name, _)| name == "MODEL_LIST_FILE_LOCATION") {
            command.env("MODEL", "azure/chat-prod");
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let ran = finish(command).await;
        let canaries =
            [self.entra.canaries(), self.azure.canaries(), self.imds.canaries()].into_iter().flatten();
        for canary in canaries {
            for stream in [&ran.stdout, &ran.stderr] {
                assert!(!stream.contains(&canary), "`{canary}` leaked: {stream}");
            }
        }
        ran
    }
}
