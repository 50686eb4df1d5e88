//! Reading addresses as people write them: in variables, arguments, and the files of a ConfigMap.

use crate::redact::is_secret_name;

/// Endings of names of variables that hold an address.
const ADDRESS_NAMES: [&str; 15] = [
    "_ADDR",
    "_HOST",
    "_URL",
    "_URI",
    "_ENDPOINT",
    "_SERVICE",
    "_SERVER",
    "_SERVERS",
    "_BROKER",
    "_BROKERS",
    "HOST",
    "_ADDRESS",
    "_UPSTREAM",
    "_BASE",
    "_DSN",
];

/// What may stay of a ConfigMap's value: the addresses in it that may be in the cluster, without user info.
pub(crate) fn public_part(key: &str, value: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for line in value.lines() {
        let schemes = line.match_indices("://").filter_map(|(at, _)| Written::around(line, at));
        let names = line.split(|letter: char| !(letter.is_ascii_alphanumeric() || "-.:".contains(letter)));
        let services = names.filter(|name| name.contains(".svc")).filter_map(Written::parse);
        for address in schemes.chain(services).filter(Written::may_be_in_cluster) {
            let host =
                address.port.map_or(address.host.to_owned(), |port| format!("{}:{port}", address.host));
            if !kept.iter().any(|known| known.ends_with(&host)) {
                kept.push(address.scheme.map_or(host.clone(), |scheme| format!("{scheme}://{host}")));
            }
        }
    }
    let one_line = value.trim();
    if kept.is_empty() && names_an_address(key) && !is_secret_name(key) && !one_line.contains(['\n', ' ']) {
        let parts: Vec<&str> = one_line.split(',').collect();
        if parts.iter().all(|part| Written::parse(part).is_some_and(|part| part.may_be_in_cluster())) {
            return one_line.to_owned();
        }
    }
    kept.join("\n")
}

/// Does a setting of this name hold an address?
pub(super) fn names_an_address(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ADDRESS_NAMES.iter().any(|ending| name.ends_with(ending))
}

/// The in-cluster addresses of a setting's value.
pub(super) fn written<'t>(name: &str, value: &'t str) -> Vec<Written<'t>> {
    let named = names_an_address(name);
    let parts = value.split(',').filter_map(Written::parse);
    parts
        .filter(|part| (part.is_exact() || named || part.host.contains(".svc")) && part.may_be_in_cluster())
        .collect()
}

/// An address as somebody wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written<'t> {
    pub(super) scheme: Option<&'t str>,
    pub(super) host: &'t str,
    pub(super) port: Option<u16>,
}

impl<'t> Written<'t> {
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) =
            text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
        // `user:password@tcp(host:port)/name` is how a driver of databases writes it.
        let rest = crate::decode::between(rest, "@tcp(", ")").unwrap_or(rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        if rest.get(authority.len()..).is_some_and(|path| path.contains('@')) {
            // A password with a slash would pass for a host.
            return None;
        }
        let authority = authority.rsplit('@').next().unwrap_or(authority);
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
            None => (authority, None),
        };
        let is_host = host.starts_with(|letter: char| letter.is_ascii_lowercase()) || host == "127.0.0.1";
        let is_plain = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '.'
        };
        (is_host && host.chars().all(is_plain)).then_some(Self { scheme, host, port })
    }

    /// The address round a `://` in a longer text.
    fn around(line: &'t str, at: usize) -> Option<Self> {
        let (before, after) = (line.get(..at)?, line.get(at..)?);
        let is_scheme = |letter: char| letter.is_ascii_alphanumeric() || "+-.:".contains(letter);
        let scheme = before.trim_end_matches(is_scheme).len();
        let stops = |letter: char| letter.is_whitespace() || "\"'`<>{}[]|,;$\\".contains(letter);
        let end = at + after.find(stops).unwrap_or(after.len());
        Self::parse(line.get(scheme..end)?)
    }

    pub(super) fn is_exact(&self) -> bool {
        self.scheme.is_some() || self.port.is_some()
    }

    fn may_be_in_cluster(&self) -> bool {
        match self.host.trim_end_matches('.').split('.').collect::<Vec<_>>().as_slice() {
            ["localhost"] | [] => false,
            [_] | [_, _] => true,
            // The fourth label, where the first is a pod of a headless Service.
            [_, _, rest @ ..] => rest.iter().take(2).any(|label| *label == "svc"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, value: &str) -> Option<(String, Option<u16>)> {
        written(name, value).first().map(|address| (address.host.to_owned(), address.port))
    }

    #[test]
    fn addresses_are_told_from_words() {
        assert_eq!(host("PGHOST", "postgres"), Some(("postgres".into(), None)));
        assert_eq!(host("CART_URL", "http://cart.shop:8080/x"), Some(("cart.shop".into(), Some(8080))));
        assert_eq!(host("DB_DSN", "app:x@tcp(mysql:3306)/app"), Some(("mysql".into(), Some(3306))));
        assert_eq!(host("JDBC_URL", "jdbc:postgresql://db:5432/app"), Some(("db".into(), Some(5432))));
        assert_eq!(host("QUEUE", "default"), None);
        assert_eq!(host("PAY_URL", "https://pay.contoso.example"), None);
        assert_eq!(host("MODE", "a:b"), None);
        assert_eq!(host("X_HOST", "localhost"), None);
        assert_eq!(written("BROKERS", "kafka-0:9092,kafka-1:9092").len(), 2);
    }

    #[test]
    fn of_a_configuration_only_addresses_stay() {
        let file = "db:\n  url: postgres://app:hunter2@db.shop:5432/app\n  key: hunter2\nupstream cart.shop.svc.cluster.local:80;\n";
        assert_eq!(public_part("app.yaml", file), "postgres://db.shop:5432\ncart.shop.svc.cluster.local:80");
        assert_eq!(public_part("DB_HOST", "postgres"), "postgres");
        assert_eq!(public_part("login", "admin:1234"), "");
        assert_eq!(public_part("password", "hunter2"), "");
        assert_eq!(public_part("DB_URL", "postgres://app:hunt/er2@db:5432/app"), "");
        assert_eq!(public_part("SITE_URL", "https://shop.contoso.example/a"), "");
    }
}
