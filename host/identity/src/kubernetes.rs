//! A live cluster: kubeconfig or service account, through the kube client, which signs every request.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use holmes_telemetry::causes;
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::{
    Client, Config,
    client::Body,
    config::{KubeConfigOptions, Kubeconfig},
};

use crate::{ClusterError, ConnectError};

/// The API server has to answer a first request within this; a person waits for it.
const FIRST_ANSWER: Duration = Duration::from_secs(8);

/// Before a server that is busy is asked again. One that is still busy after that is away.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Where the cluster's address and credential come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterSource {
    /// A kubeconfig file; none: `KUBECONFIG`, `~/.kube/config`, then the pod's service account.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it; none: the current one.
    pub context: Option<String>,
}

/// A live cluster. It signs requests by itself and hands out no credential.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    name: String,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cluster").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the configuration and makes sure that an API server answers.
    ///
    /// # Errors
    /// Says whether there is no configuration, no server, or no right to talk to it.
    pub async fn connect(source: &ClusterSource) -> Result<Self, ConnectError> {
        let cluster = Self::configure(source).await?;
        cluster.probe().await?;
        Ok(cluster)
    }

    /// Reads the configuration; nothing is sent yet.
    ///
    /// # Errors
    /// Says what of the configuration is missing or can not be used.
    pub async fn configure(source: &ClusterSource) -> Result<Self, ConnectError> {
        let (mut config, name) = configuration(source).await?;
        config.connect_timeout = Some(FIRST_ANSWER);
        // Reads are bounded by the call's own deadline.
        config.read_timeout = None;
        // The client would ask a server that is away for minutes; nobody waits that long for an answer.
        config.default_retry = false;
        let client = Client::try_from(config).map_err(|error| ConnectError::Client(causes(&error)))?;
        Ok(Self { client, name })
    }

    /// The context's name, or `in-cluster`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a request; its URI is a path with a query, and the client adds server and credential.
    ///
    /// # Errors
    /// When there is no answer; any status is one.
    pub async fn send(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<impl Stream<Item = Result<Bytes, ClusterError>> + Send + Unpin + use<>>, ClusterError>
    {
        let (head, content) = request.into_parts();
        let mut pauses = PAUSES.into_iter();
        let response = loop {
            let request = Request::from_parts(head.clone(), Body::from(content.clone()));
            let response = self.client.send(request).await.map_err(|error| {
                if let kube::Error::Auth(refused) = &error {
                    return ClusterError::Credential(causes(refused));
                }
                ClusterError::Unavailable(causes(&error))
            })?;
            match pauses.next() {
                Some(pause) if is_busy(response.status()) => tokio::time::sleep(pause).await,
                Some(_) | None => break response,
            }
        };
        let (parts, body) = response.into_parts();
        let stream = body.into_data_stream().map_err(|error| ClusterError::Unavailable(error.to_string()));
        Ok(Response::from_parts(parts, stream))
    }

    /// Makes sure that an API server answers.
    ///
    /// # Errors
    /// Says whether there is no server, or no right to talk to it.
    pub async fn probe(&self) -> Result<(), ConnectError> {
        let unreachable = |reason: String| ConnectError::Unreachable { name: self.name.clone(), reason };
        let request =
            Request::get("/version").body(Vec::new()).map_err(|error| unreachable(error.to_string()))?;
        let answer = tokio::time::timeout(FIRST_ANSWER, self.send(request)).await;
        let response = answer
            .map_err(|_| unreachable(format!("no answer within {} s", FIRST_ANSWER.as_secs())))?
            .map_err(|error| unreachable(error.to_string()))?;
        // 403 is an answer: a locked-down cluster may hide even its version.
        if response.status() == http::StatusCode::UNAUTHORIZED {
            return Err(ConnectError::Unauthorized { name: self.name.clone() });
        }
        if response.status().is_server_error() {
            return Err(unreachable(format!("it answered {}", response.status())));
        }
        Ok(())
    }
}

fn is_busy(status: http::StatusCode) -> bool {
    use http::StatusCode;
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

async fn configuration(source: &ClusterSource) -> Result<(Config, String), ConnectError> {
    let failed = |error: &dyn std::error::Error| ConnectError::Config(causes(error));
    let options = KubeConfigOptions { context: source.context.clone(), ..KubeConfigOptions::default() };
    let kubeconfig = match &source.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    match kubeconfig {
        Ok(kubeconfig) => {
            let name = source.context.clone().or_else(|| kubeconfig.current_context.clone());
            let config =
                Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| failed(&error))?;
            Ok((config, name.unwrap_or_else(|| "default".to_owned())))
        }
        Err(error) if source.kubeconfig.is_some() || source.context.is_some() => Err(failed(&error)),
        Err(error) => match Config::incluster() {
            Ok(config) => Ok((config, "in-cluster".to_owned())),
            Err(_) => Err(failed(&error)),
        },
    }
}
