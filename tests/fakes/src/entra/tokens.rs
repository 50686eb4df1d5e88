//! Every access token of one directory: who may use it where, and for how long.
//!
//! Shared by what mints them (Entra, the metadata service) and what accepts them (a data plane).

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;

use crate::canary;

/// Whom a token is for.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The tenant's id.
    pub tenant_id: String,
    /// The application's id, or the managed identity's.
    pub client_id: String,
    /// The id of its service principal, which role errors name.
    pub object_id: String,
}

/// What a token says and what became of it.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The token.
    pub token: String,
    /// The resource it is for, for example `https://cognitiveservices.azure.com`.
    pub audience: String,
    /// Whom it is for.
    pub holder: Holder,
    /// When it was minted, on the fake's clock.
    pub minted_at: SystemTime,
    /// From then on nobody accepts it.
    pub expires_at: SystemTime,
    /// Taken back before its time.
    pub revoked: bool,
}

#[derive(Default)]
struct Book {
    tokens: HashMap<String, Minted>,
    canaries: Vec<String>,
}

/// The tokens of one directory, and its clock.
#[derive(Default)]
pub struct Tokens {
    book: Mutex<Book>,
    clock_ahead: AtomicI64,
}

impl Tokens {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fake's clock: the system's, and what [`Tokens::shift_clock`] added.
    pub fn now(&self) -> SystemTime {
        let ahead = self.clock_ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }

    /// Moves the fake's clock by so many seconds, against the local one. Tokens and assertions age with it.
    pub fn shift_clock(&self, seconds: i64) {
        self.clock_ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Mints a token for a resource.
    pub fn mint(&self, holder: &Holder, audience: &str, lifetime: Duration) -> Minted {
        let minted_at = self.now();
        let expires_at = minted_at + lifetime;
        let claims = json!({
            "aud": audience, "iss": format!("https://sts.windows.net/{}/", holder.tenant_id),
            "iat": epoch(minted_at), "nbf": epoch(minted_at), "exp": epoch(expires_at),
            "appid": holder.client_id, "appidacr": "2", "azp": holder.client_id, "idtyp": "app",
            "oid": holder.object_id, "sub": holder.object_id, "tid": holder.tenant_id, "ver": "1.0",
            "uti": canary::secret("uti"),
        });
        let jwt = canary::jwt("entra-token", &claims);
        let minted = Minted {
            token: jwt.text,
            audience: audience.to_owned(),
            holder: holder.clone(),
            minted_at,
            expires_at,
            revoked: false,
        };
        let mut book = self.book();
        book.canaries.extend(jwt.canaries);
        book.tokens.insert(minted.token.clone(), minted.clone());
        minted
    }

    /// Whether a resource would let this token in at that time. A slash at an audience's end does not matter.
    pub fn accepts(&self, token: &str, audience: &str, now: SystemTime) -> bool {
        let same = |own: &str| own.trim_end_matches('/') == audience.trim_end_matches('/');
        self.book()
            .tokens
            .get(token)
            .is_some_and(|minted| !minted.revoked && now < minted.expires_at && same(&minted.audience))
    }

    /// What is known of a token.
    pub fn find(&self, token: &str) -> Option<Minted> {
        self.book().tokens.get(token).cloned()
    }

    /// Takes a token back: from now on it is refused everywhere.
    pub fn revoke(&self, token: &str) {
        if let Some(minted) = self.book().tokens.get_mut(token) {
            minted.revoked = true;
        }
    }

    /// Takes back every token minted so far.
    pub fn revoke_all(&self) {
        self.book().tokens.values_mut().for_each(|minted| minted.revoked = true);
    }

    /// How many were minted.
    pub fn minted(&self) -> usize {
        self.book().tokens.len()
    }

    /// What no output of a correct host contains: two parts of every token.
    pub fn canaries(&self) -> Vec<String> {
        self.book().canaries.clone()
    }

    pub(crate) fn add_canaries(&self, canaries: impl IntoIterator<Item = String>) {
        self.book().canaries.extend(canaries);
    }
}

/// Whole seconds since 1970.
pub(crate) fn epoch(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
