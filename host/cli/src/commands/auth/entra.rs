//! Checks 2 to 5, out of one examination: the projected token, the authority, every link, the access token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holmes_config::Environment;
use holmes_identity::entra::{Advice, Examination};

use super::{
    environment,
    network::{Addresses, listed, look_up, proxy},
    report::{Check, Status},
};

const PUBLIC_CLOUD: &str = "login.microsoftonline.com";
/// Links whose tokens come from Entra itself and not from a machine or a tool.
const BY_AUTHORITY: [&str; 2] = ["EnvironmentCredential", "WorkloadIdentityCredential"];

/// Everything that an examination shows, in the documented order.
pub(super) async fn checks(seen: &Examination, environment: &Environment) -> Vec<Check> {
    let mut checks = vec![token_file(seen), authority(seen, environment).await];
    checks.extend(clock(seen));
    checks.extend(links(seen));
    checks.push(exchange(seen));
    checks.push(claims(seen, environment));
    checks
}

/// Advice that belongs to a token file.
fn is_about_the_file(advice: &Advice) -> bool {
    advice.id.starts_with("token-file-") || advice.id == "token-audience"
}

fn severity(seen: &Examination) -> Status {
    if seen.failure.is_some() { Status::Fail } else { Status::Warn }
}

/// Check 2.
fn token_file(seen: &Examination) -> Check {
    const ID: &str = "token-file";
    const TITLE: &str = "token file";
    let Some(file) = &seen.token_file else {
        return Check::skip(ID, TITLE, "AZURE_FEDERATED_TOKEN_FILE is not set: no workload identity here");
    };
    let facts = file.facts.as_ref().map(|facts| {
        let claim = |claim: &Option<String>| claim.clone().unwrap_or_else(|| "missing".to_owned());
        let expiry = facts.expires.map_or_else(|| "has no expiry".to_owned(), expiry);
        format!(
            "{}\niss {}\nsub {}\naud {}\n{expiry}",
            file.path,
            claim(&facts.issuer),
            claim(&facts.subject),
            claim(&facts.audience)
        )
    });
    match seen.advice.iter().find(|advice| is_about_the_file(advice)) {
        Some(advice) => {
            let facts = facts.map(|facts| format!("\n{facts}")).unwrap_or_default();
            Check::new(ID, TITLE, severity(seen), format!("{}{facts}", advice.diagnosis))
                .cause(advice.id)
                .fix(advice.fix.clone())
        }
        None => match (facts, &file.error) {
            (Some(facts), _) => Check::pass(ID, TITLE, facts),
            (None, error) => Check::new(ID, TITLE, severity(seen), error.clone().unwrap_or_default()),
        },
    }
}

/// Check 3: the name by a look-up, TLS by what the exchange saw.
async fn authority(seen: &Examination, environment: &Environment) -> Check {
    const ID: &str = "authority";
    let host = authority_host(environment);
    let fix = Some(format!(
        "is {host} reachable from here on port 443, does the network want a proxy (HTTPS_PROXY), and is the \
         authority of a TLS-inspecting proxy in SSL_CERT_FILE?"
    ));
    let answered = match (&seen.failure, seen.source) {
        (Some(failure), _) => failure.aadsts.is_some(),
        (None, source) => source.is_some_and(|source| BY_AUTHORITY.contains(&source)),
    };
    let is_unreachable = seen.advice.iter().any(|advice| advice.id == "authority-unreachable");
    match look_up(&host).await {
        Addresses::Found(addresses) => {
            let addresses = listed(&addresses);
            if answered {
                return Check::pass(ID, ID, format!("{host} ({addresses}) answered over TLS"));
            }
            if is_unreachable {
                let detail = format!("{host} ({addresses}) gave no answer that could be used");
                return Check::fail(ID, ID, detail).cause("authority-unreachable").fix(fix);
            }
            Check::pass(ID, ID, format!("{host} has an address ({addresses}); it was not asked"))
        }
        Addresses::None(_) if answered => Check::pass(ID, ID, format!("{host} answered over TLS")),
        Addresses::None(reason) => {
            let by_proxy = proxy(environment).is_some();
            let status = if by_proxy { Status::Warn } else { severity(seen) };
            Check::new(ID, ID, status, reason).cause("name-unknown").fix(fix)
        }
    }
}

/// Scheme, path and white space are left out; empty is unset.
fn authority_host(environment: &Environment) -> String {
    let given = environment.get("AZURE_AUTHORITY_HOST").unwrap_or_default().trim();
    let host = given.split_once("://").map_or(given, |(_, host)| host);
    let host = host.split('/').next().unwrap_or_default();
    if host.is_empty() { PUBLIC_CLOUD.to_owned() } else { host.to_ascii_lowercase() }
}

/// Shown only when it is wrong or was compared.
fn clock(seen: &Examination) -> Option<Check> {
    const ID: &str = "clock";
    if let Some(advice) = seen.advice.iter().find(|advice| advice.id == "clock-offset") {
        let check = Check::warn(ID, ID, advice.diagnosis.clone());
        return Some(check.cause(advice.id).fix(advice.fix.clone()));
    }
    let offset = seen.clock_offset_seconds?;
    Some(Check::pass(ID, ID, format!("within {} s of Entra's", offset.unsigned_abs().max(1))))
}

/// Every link of the chain: tried or left out, and why.
fn links(seen: &Examination) -> impl Iterator<Item = Check> {
    let failed = severity(seen);
    seen.links.iter().map(move |link| {
        let status = match link.outcome {
            "token" => Status::Pass,
            "failed" => failed,
            _ => Status::Skip,
        };
        let title = link.link.strip_suffix("Credential").unwrap_or(link.link);
        let detail = match link.outcome {
            "token" => format!("gave the token: {}", link.detail),
            "skipped" => format!("not tried: {}", link.detail),
            _ => link.detail.clone(),
        };
        Check::new(&format!("link-{}", link.link), title, status, detail)
    })
}

/// Check 4.
fn exchange(seen: &Examination) -> Check {
    const ID: &str = "exchange";
    const TITLE: &str = "token";
    let Some(failure) = &seen.failure else {
        let source = seen.source.unwrap_or("the chain");
        let detail = format!("obtained by {source} in {} ms for {}", seen.duration_milliseconds, seen.scope);
        return Check::pass(ID, TITLE, detail);
    };
    let Some(advice) = seen.advice.first() else {
        return Check::fail(ID, TITLE, failure.message.clone()).cause(failure.kind);
    };
    if environment::ADVICE.contains(&advice.id) || is_about_the_file(advice) {
        let place = if is_about_the_file(advice) { "token file" } else { "environment" };
        let detail = format!("no link of the chain gave a token; the cause is at `{place}` above");
        return Check::fail(ID, TITLE, detail).cause(advice.id);
    }
    let mut detail = advice.diagnosis.clone();
    if let Some(code) = failure.aadsts.filter(|_| !detail.contains("AADSTS")) {
        detail = format!("AADSTS{code}: {detail}");
    }
    let is_told = detail.contains(&failure.message)
        || seen.links.iter().any(|link| link.outcome == "failed" && link.detail == failure.message);
    if !is_told {
        detail = format!("{detail}\n{}", failure.message);
    }
    if let Some(id) = &failure.trace_id {
        detail = format!("{detail}\ntrace id {id}");
    }
    Check::fail(ID, TITLE, detail).cause(advice.id).fix(advice.fix.clone())
}

/// Check 5.
fn claims(seen: &Examination, environment: &Environment) -> Check {
    const ID: &str = "claims";
    const TITLE: &str = "access token";
    let Some(claims) = &seen.claims else {
        return Check::skip(ID, TITLE, "there is no token");
    };
    let named = [
        ("aud", &claims.aud),
        ("oid", &claims.oid),
        ("appid", &claims.app_id),
        ("tid", &claims.tid),
        ("idtyp", &claims.idtyp),
    ];
    let mut lines: Vec<String> =
        named.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
    lines.extend(claims.exp.map(expiry));
    if lines.is_empty() {
        return Check::pass(ID, TITLE, "opaque: it says nothing about itself");
    }
    let detail = lines.join("\n");
    match audience_mismatch(&seen.scope, claims.aud.as_deref()) {
        None => {
            let tenant = environment.get("AZURE_TENANT_ID").filter(|tenant| tenant.len() == 36);
            let other = tenant.zip(claims.tid.as_deref()).filter(|(own, tid)| !own.eq_ignore_ascii_case(tid));
            match other {
                Some((own, _)) => {
                    Check::warn(ID, TITLE, format!("the tenant is not AZURE_TENANT_ID ({own})\n{detail}"))
                        .cause("other-tenant")
                        .fix(Some("intended where the entry has a `tenant_id` of its own"))
                }
                None => Check::pass(ID, TITLE, detail),
            }
        }
        Some(wanted) => Check::warn(ID, TITLE, format!("the token is not for {wanted}\n{detail}"))
            .cause("other-audience")
            .fix(Some("check `azure_scope`, AZURE_COGNITIVE_SERVICES_SCOPE and AZURE_SCOPE")),
    }
}

/// The resource of the scope, where the token names another one. An id in place of a URI says nothing.
fn audience_mismatch<'a>(scope: &'a str, audience: Option<&str>) -> Option<&'a str> {
    let wanted = scope.strip_suffix("/.default").unwrap_or(scope).trim_end_matches('/');
    let audience = audience?.trim_end_matches('/');
    (audience.contains("://") && audience != wanted).then_some(wanted)
}

/// For example `expires in 59 min`.
pub(super) fn expiry(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    match seconds.checked_sub(now) {
        None | Some(0) => "expired".to_owned(),
        Some(left @ 1..120) => format!("expires in {left} s"),
        Some(left @ 120..7200) => format!("expires in {} min", left / 60),
        Some(left) => format!("expires in {} h {} min", left / 3600, left % 3600 / 60),
    }
}

#[cfg(test)]
mod tests;
