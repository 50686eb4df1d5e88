//! `run`: HolmesGPT's API on a socket, until SIGINT or SIGTERM.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::{Context, Result};
use holmes_agent::{Agent, Config as AgentConfig};
use holmes_llm::Registry;
use holmes_server::{Config, Models, State, Unauthenticated, check_bind};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    args::Run,
    compose::{self, Absence, Audience, ModelFiles, Settings},
    environment,
    exit::{self, Exit, Hint},
    output::printer::Printer,
};

/// HolmesGPT's port.
const PORT: u16 = 5050;

pub(crate) async fn run(run: Run, mut settings: Settings, printer: Printer) -> Result<Exit> {
    let address = address(&run, &settings)?;
    let key = settings.environment.get(environment::API_KEY);
    let unsafe_allowed =
        settings.environment.switch(environment::UNSAFE_ALLOW_UNAUTHENTICATED)?.unwrap_or(false);
    let unauthenticated = if unsafe_allowed { Unauthenticated::Allowed } else { Unauthenticated::Refused };
    let access = check_bind(address, key, unauthenticated)?;
    // Bound first: a port in use is known before anything is loaded.
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("can not listen on {address}"))
        .context(Hint(format!(
        "another program may use the port; choose one with --port, or with {}",
        environment::PORT
    )))?;
    let address = listener.local_addr()?;
    let mut files = ModelFiles::new(&settings);
    let (registry, secrets) = compose::models(&mut settings, &run.model)?;
    let models = names_of(registry);
    let secrets = Arc::new(RwLock::new(secrets));
    // Guests have threads of their own, so that two spinning guests do not delay a health check.
    let guests = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("holmes-guest")
        .enable_all()
        .build()
        .context("no threads can be started")?;
    let audience = if address.ip().is_loopback() { Audience::Workstation } else { Audience::Network };
    let toolsets =
        compose::toolsets(&settings, &run.world, Absence::Served, audience, guests.handle().clone(), printer)
            .await?;
    let names: Vec<&str> = toolsets.toolsets().iter().map(|toolset| toolset.name().as_str()).collect();
    let loaded = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let agent = Agent::new(agent_config(&run, &settings)?, toolsets);
    // What the operator names in the configuration has to be there; what merely lies in the folder need not.
    let enabled = settings.file.toolsets.iter().filter(|(_, toolset)| toolset.enabled != Some(false));
    let required_toolsets = enabled.map(|(name, _)| name.to_string()).collect();
    let config = Config { access, required_toolsets, ..Config::default() };
    let known = Arc::clone(&secrets);
    let redactor = move || known.read().unwrap_or_else(PoisonError::into_inner).redactor();
    let state = State::new(config, agent, models.clone(), redactor);
    // Before anybody is told that it listens: who knows may stop it.
    let stopped = stopped()?;
    printer.progress(&format!("listening on http://{address} with toolsets: {loaded}"));
    let reloading = tokio::spawn(async move {
        loop {
            let mut fresh = files.changed(&settings).await;
            match fresh.as_mut().map(|fresh| compose::models(fresh, &run.model)) {
                Ok(Ok((registry, mask))) => {
                    *secrets.write().unwrap_or_else(PoisonError::into_inner) = mask;
                    models.replace(&names_of(registry));
                    printer.progress("the models were read again");
                }
                Ok(Err(error)) => kept(&error, printer),
                Err(error) => kept(error, printer),
            }
        }
    });
    holmes_server::serve(listener, state, stopped).await.context("the server failed")?;
    reloading.abort();
    guests.shutdown_background();
    printer.progress("stopped");
    Ok(Exit::Success)
}

fn address(run: &Run, settings: &Settings) -> Result<SocketAddr> {
    let host = settings.environment.parsed(environment::HOST, "an IP address")?;
    let port = settings.environment.parsed(environment::PORT, "a port")?;
    let host = run.host.or(host).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Ok(SocketAddr::new(host, run.port.or(port).unwrap_or(PORT)))
}

fn agent_config(run: &Run, settings: &Settings) -> Result<AgentConfig> {
    let defaults = AgentConfig::default();
    let max_steps = compose::max_steps(settings, run.model.max_steps)?;
    Ok(AgentConfig { max_steps: max_steps.unwrap_or(defaults.max_steps), ..defaults })
}

/// A file that can not be read must not take the models away that work.
fn kept(error: &anyhow::Error, printer: Printer) {
    printer.warning(&format!("the models stay as they are: {}", exit::explain(error)));
}

/// The registry's models as the server knows them: by name, or with a sentence why not.
fn names_of(models: Registry) -> Models {
    let names = models.list().into_iter().map(|model| model.name).collect();
    let default = models.default_name().to_owned();
    Models::new(names, default, move |name| models.named(name).map_err(|error| error.to_string()))
}

/// Resolves with the first SIGINT or SIGTERM.
fn stopped() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals can not be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals can not be received")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
