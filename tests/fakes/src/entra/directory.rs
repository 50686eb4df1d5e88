//! What the directory knows: applications, their secrets, and the projected tokens it trusts.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    certificate::Registered,
    refusal::{About, Refusal, by_code},
    tokens::{Holder, epoch},
};
use crate::canary;

/// An application that may ask for tokens.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its ids.
    pub holder: Holder,
    /// Its secret.
    pub client_secret: String,
}

/// What a projected service account token says.
#[derive(Debug, Clone)]
pub struct Projection {
    /// `iss`: the cluster's OIDC issuer, with the slash at its end.
    pub issuer: String,
    /// `sub`: `system:serviceaccount:NAMESPACE:NAME`.
    pub subject: String,
    /// `aud`.
    pub audience: String,
}

impl Default for Projection {
    /// What the one federated credential of the directory expects.
    fn default() -> Self {
        Self {
            issuer: "https://oidc.fake.example/11111111-1111-4111-8111-111111111111/".to_owned(),
            subject: "system:serviceaccount:holmes:holmes-host".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
        }
    }
}

/// How a client proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// `client_secret`.
    Secret,
    /// `client_assertion`.
    Assertion,
    /// Neither, or both.
    None,
}

struct Assertion {
    from: SystemTime,
    to: SystemTime,
    retired: bool,
}

#[derive(Default)]
pub(super) struct Directory {
    applications: Vec<Application>,
    assertions: HashMap<String, Assertion>,
    certificates: Vec<(String, Registered)>,
}

impl Directory {
    pub(super) fn register(&mut self, holder: Holder) -> Application {
        let application = Application { holder, client_secret: canary::secret("client-secret") };
        self.applications.push(application.clone());
        application
    }

    pub(super) fn trust(&mut self, client_id: &str, certificate: Registered) {
        self.certificates.push((client_id.to_owned(), certificate));
    }

    /// Mints a projected token; returns it and what to search for.
    pub(super) fn project(
        &mut self,
        projection: &Projection,
        from: SystemTime,
        lifetime: Duration,
    ) -> canary::Jwt {
        let to = from + lifetime;
        let claims = json!({
            "aud": [projection.audience], "exp": epoch(to), "iat": epoch(from), "nbf": epoch(from),
            "iss": projection.issuer, "jti": canary::secret("jti"), "sub": projection.subject,
            "kubernetes.io": {"namespace": "holmes", "serviceaccount": {"name": "holmes-host"}},
        });
        let jwt = canary::jwt("projected-token", &claims);
        self.assertions.insert(jwt.text.clone(), Assertion { from, to, retired: false });
        jwt
    }

    pub(super) fn retire_assertions(&mut self) {
        self.assertions.values_mut().for_each(|assertion| assertion.retired = true);
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = String> {
        self.applications.iter().map(|application| application.client_secret.clone())
    }

    /// Whom a token request is from, or why it is refused.
    pub(super) fn judge(
        &self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        now: SystemTime,
    ) -> Result<Holder, Refusal> {
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let mut about = About {
            tenant: tenant.to_owned(),
            client_id: field("client_id"),
            scope: field("scope"),
            ..About::default()
        };
        if !tenant.chars().all(|sign| sign.is_ascii_alphanumeric() || "-.".contains(sign)) {
            return Err(by_code(900_023, &about, now));
        }
        if ["common", "organizations", "consumers"].contains(&tenant) {
            return Err(by_code(50194, &about, now));
        }
        let mut here =
            self.applications.iter().filter(|application| application.holder.tenant_id == tenant).peekable();
        if here.peek().is_none() {
            return Err(by_code(90002, &about, now));
        }
        let Some(application) = here.find(|application| application.holder.client_id == about.client_id)
        else {
            return Err(by_code(700_016, &about, now));
        };
        match proof(form) {
            Proof::Secret if field("client_secret") == application.client_secret => {}
            Proof::Secret => return Err(by_code(7_000_215, &about, now)),
            Proof::Assertion => self.assertion(&field("client_assertion"), &mut about, now)?,
            Proof::None => return Err(by_code(7_000_216, &about, now)),
        }
        if !about.scope.ends_with("/.default") {
            return Err(by_code(1_002_012, &about, now));
        }
        Ok(application.holder.clone())
    }

    fn assertion(&self, text: &str, about: &mut About, now: SystemTime) -> Result<(), Refusal> {
        let Some(claims) = claims(text) else { return Err(by_code(50027, about, now)) };
        let word = |name: &str| {
            let claim = claims.get(name);
            let claim = claim.and_then(|claim| claim.as_str().or_else(|| claim.get(0)?.as_str()));
            claim.unwrap_or_default().to_owned()
        };
        (about.issuer, about.subject, about.audience) = (word("iss"), word("sub"), word("aud"));
        if about.issuer == about.client_id {
            return self.own_assertion(text, &claims, about, now);
        }
        let expected = Projection::default();
        let known = self.assertions.get(text);
        let code = match known {
            _ if about.issuer != expected.issuer => Some(700_211),
            _ if about.audience != expected.audience => Some(700_212),
            _ if about.subject != expected.subject => Some(700_213),
            // Nobody's token with the right claims: its signature would not hold.
            None => Some(700_213),
            Some(assertion) if assertion.retired || now >= assertion.to || now < assertion.from => {
                about.valid = Some((assertion.from, assertion.to));
                Some(700_024)
            }
            Some(_) => None,
        };
        code.map_or(Ok(()), |code| Err(by_code(code, about, now)))
    }
}

impl Directory {
    /// An assertion that the application signed itself, with the key of a certificate.
    fn own_assertion(
        &self,
        text: &str,
        claims: &Value,
        about: &mut About,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let time = |name: &str| {
            let seconds = claims.get(name).and_then(Value::as_u64);
            seconds.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds))
        };
        let endpoint = format!("/{}/oauth2/v2.0/token", about.tenant);
        let mut own = self.certificates.iter().filter(|(client_id, _)| *client_id == about.client_id);
        let code = if !own.any(|(_, certificate)| certificate.signed(text)) {
            700_027
        } else if about.subject != about.client_id || !about.audience.ends_with(&endpoint) {
            700_023
        } else {
            match (time("nbf"), time("exp")) {
                // A clock may be five minutes off.
                (from, Some(to))
                    if now < to && from.is_none_or(|from| from < now + Duration::from_mins(5)) =>
                {
                    return Ok(());
                }
                (from, to) => {
                    about.valid = Some((from.unwrap_or(now), to.unwrap_or(now)));
                    700_024
                }
            }
        };
        Err(by_code(code, about, now))
    }
}

/// How the request proves who it is from.
pub(super) fn proof(form: &BTreeMap<String, String>) -> Proof {
    match (form.contains_key("client_secret"), form.contains_key("client_assertion")) {
        (true, false) => Proof::Secret,
        (false, true) => Proof::Assertion,
        (false, false) | (true, true) => Proof::None,
    }
}

fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    // Entra takes a token as it is: white space round it is part of it.
    URL_SAFE_NO_PAD.decode(signature).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
