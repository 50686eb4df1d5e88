//! Azure as the program meets it, on loopback and over TLS: Entra, Azure `OpenAI`, and what a pod is given.
//!
//! Whatever the program says here is searched for every secret that the fakes ever gave it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use holmes_fakes::{FakeAzureOpenAi, FakeEntra, TestAuthority, azure_openai::Endless};
use serde_json::json;

use crate::{
    served::Served,
    world::{Ran, World, cluster, finish},
};

/// What the model says once it has looked at the cluster.
pub(crate) const ANSWER: &str = "The **worker** of billing exceeds its memory limit.";
/// Where the webhook puts the token up to version 1.5.1, and from 1.6.0 on, without the slash before it.
pub(crate) const TOKEN_PATHS: [&str; 2] = [
    "var/run/secrets/azure/tokens/azure-identity-token",
    "var/run/secrets/azure/wi/token/azure-identity-token",
];

/// An investigation without end: look for the worker, then answer.
pub(crate) fn investigation() -> Endless {
    Endless {
        tool: "kubectl_find_resource".to_owned(),
        arguments: json!({"kind": "pods", "keyword": "worker"}),
        text: ANSWER.to_owned(),
    }
}

/// One directory, one resource, one machine that trusts both.
pub(crate) struct Cloud {
    pub(crate) world: World,
    pub(crate) authority: TestAuthority,
    pub(crate) entra: FakeEntra,
    pub(crate) azure: FakeAzureOpenAi,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        let (world, authority) = (World::new(), TestAuthority::new());
        authority.write_pem(&world.path("authority.pem")).expect("a file");
        let entra = FakeEntra::start(&authority).await;
        let azure = FakeAzureOpenAi::start(&authority, entra.tokens()).await;
        azure.set_endless(Some(investigation()));
        Self { world, authority, entra, azure }
    }

    /// A command that trusts the authority and has no metadata service near it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        command.env("SSL_CERT_FILE", self.world.path("authority.pem"));
        command.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9");
        command
    }

    /// `ask` about a recorded cluster, talkative and audited.
    pub(crate) fn ask(&self, model: &str, more: &[&str]) -> Command {
        let mut command = self.command(&["ask", "why does the worker crash?", "--no-triage", "-vv"]);
        command.arg("--snapshot").arg(cluster("oom-crashloop"));
        command.arg("--audit-log").arg(self.audit_log()).args(["--model", model]).args(more);
        command
    }

    /// `ask` of the one deployment, wherever its credential comes from.
    pub(crate) fn ask_azure(&self, more: &[&str]) -> Command {
        let mut command = self.ask("azure/prod", more);
        command.env("AZURE_API_BASE", self.azure.base()).env("AZURE_API_VERSION", "2024-10-21");
        command
    }

    /// A server for the same cluster, on a free port.
    pub(crate) async fn serve(&self, change: impl FnOnce(&mut Command)) -> Served {
        let mut command = self.command(&["run", "--port", "0", "-vv"]);
        command.arg("--snapshot").arg(cluster("oom-crashloop"));
        command.arg("--audit-log").arg(self.audit_log());
        change(&mut command);
        Served::start(command).await
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        self.world.path("audit.jsonl")
    }

    /// Projects a service account token to this path, as the kubelet does: a rename, never half a file.
    pub(crate) fn project(&self, path: &str) -> PathBuf {
        let fresh = self.world.write("projected", self.entra.mint_assertion(Duration::from_hours(1)));
        let path = self.world.path(path);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        std::fs::rename(fresh, &path).expect("a file that can be renamed");
        path
    }

    /// The variables that the webhook adds to a pod.
    pub(crate) fn workload_identity(&self, command: &mut Command, token: &Path) {
        command.env("AZURE_CLIENT_ID", self.entra.client_id()).env("AZURE_TENANT_ID", self.entra.tenant_id());
        command.env("AZURE_FEDERATED_TOKEN_FILE", token);
        command.env("AZURE_AUTHORITY_HOST", format!("{}/", self.entra.authority_host()));
    }

    /// A pod that asks the one deployment with its workload identity.
    pub(crate) fn pod(&self, command: &mut Command, token: &Path) {
        self.workload_identity(command, token);
        command.env("AZURE_AD_TOKEN_AUTH", "true").env("MODEL", "azure/prod");
        command.env("AZURE_API_BASE", self.azure.base()).env("AZURE_API_VERSION", "2024-10-21");
    }

    /// Runs a command to its end and searches what it said.
    pub(crate) async fn finish(&self, command: Command) -> Ran {
        let ran = finish(command).await;
        self.hunt(&ran.stdout);
        self.hunt(&ran.stderr);
        self.hunt(&std::fs::read_to_string(self.audit_log()).unwrap_or_default());
        ran
    }

    /// Searches a text for every secret of the fakes.
    pub(crate) fn hunt(&self, text: &str) {
        let secrets = self.entra.canaries().into_iter().chain(self.azure.canaries());
        for secret in secrets {
            assert!(!text.contains(&secret), "the program said `{secret}`:\n{text}");
        }
    }

    /// Ends a server and searches all that it said.
    pub(crate) fn end(&self, server: Served) {
        self.hunt(&server.end());
        self.hunt(&std::fs::read_to_string(self.audit_log()).unwrap_or_default());
    }
}

/// An executable of these lines, in a folder for `PATH`.
pub(crate) fn tool(world: &World, name: &str, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = world.write(&format!("tools/{name}"), format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("an executable");
    world.path("tools")
}
