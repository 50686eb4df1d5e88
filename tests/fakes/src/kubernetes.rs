//! A Kubernetes API server over a recorded cluster's raw files. Shares no code with the host: it is the control.
//!
//! The recording is moved in time, so that its `recordedAt` is now: what was a minute old is a minute old.
//! Who may read what is decided as RBAC decides it. Anything but a read, or a question about one's own rights,
//! is recorded as a violation and fails the test when the fake is dropped.

#![expect(clippy::indexing_slicing, reason = "a JSON value without the field gives null; nothing panics")]

mod answer;
mod clock;
mod content;
mod discovery;
mod form;
mod log;
mod page;
mod rbac;
mod review;
mod selector;
mod serve;
mod setup;
mod status;
mod target;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use axum::Router;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use content::Content;
use page::Pages;
use rbac::{Access, User};
pub use setup::Setup;

/// Where the account of [`FakeKubernetes::token`] lives.
const NAMESPACE: &str = "holmes";
const ACCOUNT: &str = "reader";

/// How the server is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It answers.
    Serves,
    /// It answers every request with this status.
    Refuses(u16),
}

/// What was decided about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// A role permits it.
    Allowed,
    /// No role does.
    Forbidden,
    /// The token is nobody's.
    Unauthenticated,
    /// The server is in no mood.
    Refused,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// Who asked; empty when the token is nobody's.
    pub user: String,
    /// As RBAC names it: `get`, `list`, …
    pub verb: String,
    /// `pods/log`, `deployments.apps`; of what is no resource, the path.
    pub resource: String,
    /// None: the whole cluster.
    pub namespace: Option<String>,
    /// None: a list.
    pub name: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// 200 for everything that was answered.
    pub status: u16,
}

#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    violations: Vec<String>,
}

struct Shared {
    content: Mutex<Content>,
    access: Mutex<Access>,
    mood: Mutex<Mood>,
    pages: Mutex<Pages>,
    /// By bearer token.
    users: Mutex<BTreeMap<String, User>>,
    log: Mutex<Log>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        locked(&self.log)
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        locked(&self.content)
    }

    fn access(&self) -> MutexGuard<'_, Access> {
        locked(&self.access)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        locked(&self.pages)
    }

    fn mood(&self) -> Mood {
        *locked(&self.mood)
    }

    /// Whose credential this is; none: nobody's.
    fn user(&self, authorization: &str) -> Option<User> {
        if authorization.is_empty() {
            return Some(User::anonymous());
        }
        locked(&self.users).get(authorization.strip_prefix("Bearer ")?).cloned()
    }
}

/// A running fake. Dropping it ends the server and checks what was asked.
pub struct FakeKubernetes {
    address: SocketAddr,
    token: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl FakeKubernetes {
    /// A recording, as a `.tar.gz`, to be served. Its account may read what the recording's could.
    ///
    /// # Panics
    ///
    /// If the recording can not be read.
    pub fn recorded(archive: &Path) -> Setup {
        Setup::recorded(archive)
    }

    /// Serves a recording. `denied` are (group, resource) that are forbidden besides what was then.
    ///
    /// # Panics
    ///
    /// If the recording can not be read, or no port of the loopback interface can be had.
    pub async fn start(archive: &Path, denied: &[(&str, &str)], mood: Mood) -> Self {
        Self::recorded(archive).denying(denied).mood(mood).start().await
    }

    #[expect(clippy::expect_used, reason = "a test without its server can only fail")]
    async fn serve(setup: Setup, user: User) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let token = format!("canary-kubernetes-token-{}-{number}", std::process::id());
        let shared = Arc::new(Shared {
            content: Mutex::new(setup.content),
            access: Mutex::new(setup.access),
            mood: Mutex::new(setup.mood),
            pages: Mutex::new(setup.pages),
            users: Mutex::new(BTreeMap::from([(token.clone(), user)])),
            log: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of the loopback interface");
        let address = listener.local_addr().expect("the address of a bound listener");
        let router = Router::new().fallback(serve::answer).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            drop(axum::serve(listener, router).await);
        });
        Self { address, token, shared, server }
    }

    /// The token of the service account `holmes/reader`; it appears in no output of a correct host.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A token of another service account.
    pub fn account(&self, namespace: &str, name: &str) -> String {
        let token = format!("{}-{namespace}-{name}", self.token);
        locked(&self.shared.users).insert(token.clone(), User::service_account(namespace, name));
        token
    }

    /// A kubeconfig for it.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig_of(&self.token)
    }

    /// A kubeconfig for another account.
    pub fn kubeconfig_of(&self, token: &str) -> String {
        kubeconfig(&format!("http://{}", self.address), token)
    }

    /// JSON that was made of this cluster, with every point in time as it was when it was recorded.
    pub fn as_recorded(&self, json: &str) -> String {
        clock::moved(json, -self.shared.content().moved_by)
    }

    /// Adds an object, or replaces the one of its kind, namespace and name.
    ///
    /// # Panics
    ///
    /// If the cluster does not serve its kind.
    pub fn put(&self, object: Value) {
        self.shared.content().put(object);
    }

    /// Keeps only the wanted objects of a kind.
    pub fn retain(&self, group: &str, plural: &str, wanted: impl FnMut(&Value) -> bool) {
        self.shared.content().retain(group, plural, wanted);
    }

    /// Applies a role or a binding; it is not among the cluster's objects.
    ///
    /// # Panics
    ///
    /// With the API server's complaint, if it would not take it.
    pub fn apply(&self, object: &Value) {
        self.shared.access().apply(object);
    }

    /// From now on the server is like this.
    pub fn set_mood(&self, mood: Mood) {
        *locked(&self.shared.mood) = mood;
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.log().asked.clone()
    }

    /// Takes the broken rules, for tests that expect some.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.log().violations)
    }
}

impl Drop for FakeKubernetes {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.take_violations();
        assert!(
            violations.is_empty() || thread::panicking(),
            "requests to the fake cluster: {violations:#?}"
        );
    }
}

/// A kubeconfig with one context, `fake`.
pub fn kubeconfig(server: &str, token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: fake\n\
         clusters:\n- name: fake\n  cluster:\n    server: {server}\n\
         users:\n- name: reader\n  user:\n    token: {token}\n\
         contexts:\n- name: fake\n  context:\n    cluster: fake\n    user: reader\n"
    )
}
