//! Which name did not resolve, as programs and libraries say it.

/// What stands before the name, and what ends it; the first hit wins.
const SHAPES: [(&str, &[char]); 9] = [
    ("bad address '", &['\'']),
    ("can't resolve '", &['\'']),
    ("could not translate host name \"", &['"']),
    ("can't find ", &[':', ' ']),
    ("getaddrinfo ENOTFOUND ", &[' ', ':', ',']),
    ("getaddrinfo EAI_AGAIN ", &[' ', ':', ',']),
    ("UnknownHostException: ", &[':', ' ']),
    ("Could not resolve host: ", &[' ']),
    ("lookup ", &[' ', ':']),
];

/// The host that a line says does not resolve.
pub(crate) fn host(line: &str) -> Option<&str> {
    SHAPES.iter().find_map(|(start, ends)| {
        let (_, after) = line.split_once(start)?;
        let host = after.split(*ends).next().unwrap_or(after).trim_end_matches('.');
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
        (!host.is_empty() && host.chars().all(is_name)).then_some(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_in_the_words_of_every_resolver() {
        for (line, expected) in [
            ("nc: bad address 'index'", Some("index")),
            ("nslookup: can't resolve 'index.shop.svc'", Some("index.shop.svc")),
            (
                "** server can't find index.shop.svc.cluster.local: NXDOMAIN",
                Some("index.shop.svc.cluster.local"),
            ),
            ("could not translate host name \"db\" to address: Name or service not known", Some("db")),
            ("Error: getaddrinfo ENOTFOUND db.shop", Some("db.shop")),
            ("java.net.UnknownHostException: db: Name or service not known", Some("db")),
            ("dial tcp: lookup db on 10.0.0.10:53: no such host", Some("db")),
            ("curl: (6) Could not resolve host: db", Some("db")),
            ("lookup <nil>: no such host", None),
            ("connection refused", None),
        ] {
            assert_eq!(host(line), expected, "{line}");
        }
    }
}
