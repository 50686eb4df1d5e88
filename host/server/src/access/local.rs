//! Whether a request was addressed to this machine by its own name, and by no foreign page.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};

/// `Host` is there and names this machine; `Origin`, if there is one, is the server itself.
pub(super) fn is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter().map(authority);
    let (Some(Some(host)), None) = (hosts.next(), hosts.next()) else { return false };
    let target = uri.authority().is_none_or(names_this_machine);
    let origins = headers.get_all(header::ORIGIN).iter().all(|origin| is_origin_of(origin, &host));
    target && names_this_machine(&host) && origins
}

fn authority(value: &HeaderValue) -> Option<Authority> {
    value.to_str().ok()?.trim().parse().ok()
}

/// A page of another local port is foreign too: it belongs to another program.
fn is_origin_of(origin: &HeaderValue, host: &Authority) -> bool {
    let Some(rest) = origin.to_str().ok().and_then(|origin| origin.trim().strip_prefix("http://")) else {
        return false;
    };
    let same = |origin: Authority| {
        origin.host().eq_ignore_ascii_case(host.host())
            && origin.port_u16().unwrap_or(80) == host.port_u16().unwrap_or(80)
    };
    rest.parse::<Authority>().is_ok_and(same)
}

/// `localhost`, all of 127.0.0.0/8, or `[::1]`; never a name that DNS decides about.
fn names_this_machine(authority: &Authority) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let address = match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<IpAddr>().ok(),
    };
    address.is_some_and(|address| address.to_canonical().is_loopback())
}
