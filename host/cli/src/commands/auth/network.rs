//! Names and addresses: does a host have one, and is it one of the private network's?

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use holmes_config::Environment;
use tokio::{net::lookup_host, time::timeout};

use super::report::{Check, Status};

/// A name server that takes longer is down.
const PATIENCE: Duration = Duration::from_secs(5);
const HTTPS: u16 = 443;
/// With one of these the proxy looks names up, and this machine may not be able to.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What a look-up gave.
pub(super) enum Addresses {
    /// At least one.
    Found(Vec<IpAddr>),
    /// Why there is none.
    None(String),
}

/// Looks a host up; its port does not matter, but it may have one.
pub(super) async fn look_up(host: &str) -> Addresses {
    let (name, port) = split(host);
    let found = match timeout(PATIENCE, lookup_host((name, port))).await {
        Ok(Ok(found)) => found.map(|address: SocketAddr| address.ip()),
        Ok(Err(error)) => return Addresses::None(format!("{name} has no address: {error}")),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            return Addresses::None(format!("no name server answered for {name} within {seconds} s"));
        }
    };
    let mut addresses: Vec<IpAddr> = found.collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() {
        return Addresses::None(format!("{name} has no address"));
    }
    Addresses::Found(addresses)
}

/// Name and port; an IPv6 address stands in brackets.
fn split(host: &str) -> (&str, u16) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().unwrap_or(HTTPS)),
        _ => (host, HTTPS),
    };
    (name.trim_start_matches('[').trim_end_matches(']'), port)
}

/// Check 6: the endpoint's name. An address of the private network is what a private endpoint has.
pub(super) async fn endpoint(host: &str, environment: &Environment) -> Check {
    told(host, look_up(host).await, proxy(environment).is_some())
}

fn told(host: &str, addresses: Addresses, has_proxy: bool) -> Check {
    const ID: &str = "endpoint-dns";
    const TITLE: &str = "endpoint name";
    match addresses {
        Addresses::Found(addresses) => {
            let kind = if addresses.iter().all(is_private) {
                "a private address: a private endpoint, or this network's own server"
            } else if addresses.iter().any(is_private) {
                "private and public addresses: a private DNS zone that is not linked everywhere?"
            } else {
                "a public address"
            };
            Check::pass(ID, TITLE, format!("{host} is {}, {kind}", listed(&addresses)))
        }
        Addresses::None(reason) => {
            let status = if has_proxy { Status::Warn } else { Status::Fail };
            Check::new(ID, TITLE, status, reason).cause("name-unknown").fix(Some(
                "compare `api_base` with the endpoint in Azure; a private endpoint wants its private DNS zone \
                 linked to this network",
            ))
        }
    }
}

/// The variable that sends requests through a proxy.
pub(super) fn proxy(environment: &Environment) -> Option<&'static str> {
    environment.first(&PROXIES).map(|(name, _)| name)
}

pub(super) fn listed(addresses: &[IpAddr]) -> String {
    let mut texts: Vec<String> = addresses.iter().take(3).map(ToString::to_string).collect();
    if addresses.len() > 3 {
        texts.push("...".to_owned());
    }
    texts.join(", ")
}

/// RFC 1918, loopback, link-local, and their counterparts of IPv6.
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_name_and_perhaps_a_port() {
        assert_eq!(split("contoso.openai.azure.com"), ("contoso.openai.azure.com", 443));
        assert_eq!(split("localhost:8443"), ("localhost", 8443));
        assert_eq!(split("[::1]:8443"), ("::1", 8443));
        assert_eq!(split("[::1]"), ("::1", 443));
    }

    #[test]
    fn addresses_of_private_networks_are_known() {
        for private in ["10.1.2.3", "172.16.0.9", "192.168.1.1", "127.0.0.1", "::1", "fd00::1"] {
            assert!(is_private(&private.parse().unwrap()), "{private}");
        }
        for public in ["20.190.128.1", "172.32.0.1", "2603:1030::1"] {
            assert!(!is_private(&public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_name_without_an_address_fails_unless_a_proxy_looks_it_up() {
        let none = || Addresses::None("contoso.example has no address".to_owned());
        let check = told("contoso.example", none(), false);
        assert_eq!((check.status, check.cause.as_deref()), (Status::Fail, Some("name-unknown")));
        assert_eq!(told("contoso.example", none(), true).status, Status::Warn);
    }

    #[test]
    fn public_and_private_addresses_are_told_apart() {
        let told = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            told("contoso.example", Addresses::Found(addresses), false).detail
        };
        assert!(told(&["20.1.2.3"]).ends_with("20.1.2.3, a public address"));
        assert!(told(&["10.0.0.4"]).contains("a private endpoint"));
        assert!(told(&["10.0.0.4", "20.1.2.3"]).contains("private and public"));
    }

    #[tokio::test]
    async fn loopback_is_private() {
        let check = endpoint("127.0.0.1:9", &Environment::default()).await;
        assert_eq!(check.status, Status::Pass);
        assert!(check.detail.contains("127.0.0.1, a private address"), "{}", check.detail);
    }
}
