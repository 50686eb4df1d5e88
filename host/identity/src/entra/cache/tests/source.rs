//! A source that does what a test says, and counts.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use secrecy::SecretString;

use crate::{
    AuthError, AuthErrorKind,
    entra::{
        Acquired, Identity, Link,
        cache::{Cache, Slot, Source},
    },
};

pub(in crate::entra) const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// How one acquisition goes.
#[derive(Debug, Clone, Copy)]
pub(in crate::entra) enum Answer {
    Token { lifetime: u64, refresh_in: Option<u64> },
    Fails { kind: AuthErrorKind, retry_after: Option<u64> },
    Panics,
}

impl Answer {
    pub(in crate::entra) fn token(lifetime: u64) -> Self {
        Self::Token { lifetime, refresh_in: None }
    }

    pub(in crate::entra) fn fails(kind: AuthErrorKind) -> Self {
        Self::Fails { kind, retry_after: None }
    }
}

#[derive(Debug, Clone)]
pub(in crate::entra) struct Scripted(Arc<Script>);

#[derive(Debug)]
struct Script {
    /// Answers in their order, and the one after them.
    next: Mutex<(VecDeque<Answer>, Answer)>,
    takes: Duration,
    asked: AtomicU64,
    fingerprint: AtomicU64,
}

impl Scripted {
    pub(in crate::entra) fn always(answer: Answer) -> Self {
        Self::slow(Duration::ZERO, answer)
    }

    pub(in crate::entra) fn slow(takes: Duration, answer: Answer) -> Self {
        let next = Mutex::new((VecDeque::new(), answer));
        Self(Arc::new(Script { next, takes, asked: AtomicU64::new(0), fingerprint: AtomicU64::new(0) }))
    }

    pub(in crate::entra) fn henceforth(&self, answer: Answer) {
        self.0.next.lock().unwrap().1 = answer;
    }

    pub(in crate::entra) fn next(&self, answer: Answer) {
        self.0.next.lock().unwrap().0.push_back(answer);
    }

    /// How many acquisitions there were.
    pub(in crate::entra) fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// The token file was replaced.
    pub(in crate::entra) fn change(&self) {
        self.0.fingerprint.fetch_add(1, Ordering::SeqCst);
    }

    pub(in crate::entra) fn slot(&self) -> Arc<Slot<Self>> {
        Cache::new(self.clone()).slot(Identity::default(), SCOPE.to_owned())
    }
}

impl Source for Scripted {
    async fn acquire(&self, _who: &Identity, scope: &str) -> Result<Acquired, AuthError> {
        let number = self.0.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = {
            let mut next = self.0.next.lock().unwrap();
            next.0.pop_front().unwrap_or(next.1)
        };
        tokio::time::sleep(self.0.takes).await;
        match answer {
            Answer::Token { lifetime, refresh_in } => Ok(Acquired {
                token: SecretString::from(format!("token-{number}-for-{scope}")),
                expires_at: SystemTime::now() + Duration::from_secs(lifetime),
                refresh_in: refresh_in.map(Duration::from_secs),
                link: Link::WorkloadIdentity,
                links: Vec::new(),
                clock_offset_seconds: None,
            }),
            Answer::Fails { kind, retry_after } => Err(AuthError {
                retry_after: retry_after.map(Duration::from_secs),
                ..AuthError::new(kind, format!("refused {number}"))
            }),
            Answer::Panics => panic!("the source is broken"),
        }
    }

    fn fingerprint(&self, _who: &Identity) -> u64 {
        self.0.fingerprint.load(Ordering::SeqCst)
    }
}

/// The token on the header, which ends in its scope.
pub(in crate::entra) async fn ask(slot: &Arc<Slot<Scripted>>) -> Result<String, String> {
    let token = slot.token().await.map_err(|error| error.message)?;
    Ok(token.header().to_str().unwrap().trim_end_matches(SCOPE).to_owned())
}

/// What [`ask`] gives for a token.
pub(super) fn bearer(number: u64) -> String {
    format!("Bearer token-{number}-for-")
}

/// Lets time pass and background work finish.
pub(in crate::entra) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}
