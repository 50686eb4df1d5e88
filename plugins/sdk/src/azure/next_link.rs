//! The link to a list's next page: an absolute URL that Azure wrote, and that may lead nowhere but to the
//! same service of the same cloud.
//!
//! The host sends the path and the query to the upstream it was given, so no link can move a token to another
//! server. A link that names another server is refused all the same: its path means nothing here.

use crate::{ErrorKind, ToolError};

/// Where Resource Manager answers, cloud by cloud.
const HOSTS: [&str; 3] =
    ["management.azure.com", "management.usgovcloudapi.net", "management.chinacloudapi.cn"];

/// Where paths of Resource Manager begin.
const ROOTS: [&str; 2] = ["subscriptions", "providers"];

/// A link that may be followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NextLink {
    /// One of [`HOSTS`].
    pub(super) host: &'static str,
    /// Not encoded.
    pub(super) path: String,
    /// Not encoded.
    pub(super) query: Vec<(String, String)>,
}

impl NextLink {
    /// Reads a link. `pinned` is the host that earlier links of the same list named, if there were any.
    pub(super) fn parse(link: &str, pinned: Option<&'static str>) -> Result<Self, ToolError> {
        let rest = link.strip_prefix("https://").ok_or_else(|| refused("it is not an https URL"))?;
        if rest.contains('#') {
            return Err(refused("it has a fragment"));
        }
        let (authority, tail) = rest.split_once('/').ok_or_else(|| refused("it has no path"))?;
        let named = authority.strip_suffix(":443").unwrap_or(authority);
        let host = HOSTS
            .into_iter()
            .find(|host| host.eq_ignore_ascii_case(named))
            .ok_or_else(|| refused("it names a host that is not Resource Manager's"))?;
        if pinned.is_some_and(|pinned| pinned != host) {
            return Err(refused("it names another host than the page before"));
        }
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        Ok(Self { host, path: absolute(path)?, query: pairs(query)? })
    }
}

fn absolute(encoded: &str) -> Result<String, ToolError> {
    let mut path = String::new();
    for (index, segment) in encoded.split('/').enumerate() {
        let segment = decode(segment).ok_or_else(|| refused("its path is not encoded UTF-8"))?;
        let strange =
            |character: char| matches!(character, '/' | '\\' | '?' | '#' | '%') || character.is_control();
        if segment.is_empty() || segment == "." || segment == ".." || segment.contains(strange) {
            return Err(refused("its path has a segment that leads elsewhere"));
        }
        if index == 0 && !ROOTS.iter().any(|root| root.eq_ignore_ascii_case(&segment)) {
            return Err(refused("its path is not one of subscriptions or providers"));
        }
        path.push('/');
        path.push_str(&segment);
    }
    Ok(path)
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, ToolError> {
    let decoded = |text: &str| {
        // In a query `+` stands for a space; a plus itself is `%2B`.
        decode(&text.replace('+', " ")).ok_or_else(|| refused("its query is not encoded UTF-8"))
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

/// Undoes percent-encoding; none if what comes out is not text.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn refused(why: &str) -> ToolError {
    ToolError::new(
        ErrorKind::PolicyDenied,
        format!(
            "the list goes on behind a link that is not followed: {why}; ask for less, so that one page is enough"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_path_and_a_query_that_are_not_encoded() {
        let link = "https://management.azure.com:443/subscriptions/1/resourceGroups/Gr%C3%B6%C3%9Fe/x?api-version=2024-11-01&%24skiptoken=a%2Bb+c%3D";
        let next = NextLink::parse(link, None).unwrap();
        assert_eq!(next.host, "management.azure.com");
        assert_eq!(next.path, "/subscriptions/1/resourceGroups/Größe/x");
        let expected = [("api-version", "2024-11-01"), ("$skiptoken", "a+b c=")];
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(next.query, expected);
    }

    #[test]
    fn next_link_to_other_host_refused() {
        let bad = [
            "https://management.azure.com.evil.example/subscriptions/1",
            "https://evil.example/subscriptions/1",
            "https://management.azure.com@evil.example/subscriptions/1",
            "https://evil.example@management.azure.com/subscriptions/1",
            "https://management.azure.com:8443/subscriptions/1",
            "http://management.azure.com/subscriptions/1",
            "//management.azure.com/subscriptions/1",
            "/subscriptions/1",
            "",
        ];
        for link in bad {
            let error = NextLink::parse(link, None).unwrap_err();
            assert_eq!(error.kind, ErrorKind::PolicyDenied, "{link}");
        }
        let other_cloud = "https://management.usgovcloudapi.net/subscriptions/1";
        assert!(NextLink::parse(other_cloud, None).is_ok());
        assert!(NextLink::parse(other_cloud, Some("management.azure.com")).is_err());
    }

    #[test]
    fn a_link_to_another_path_is_refused() {
        let tails = [
            "",
            "metadata/endpoints",
            "subscriptions/../x",
            "subscriptions/%2e%2e/x",
            "subscriptions//x",
            "subscriptions/a%2fb",
            "subscriptions/%00",
            "subscriptions/%zz",
            "subscriptions/%ff",
            "subscriptions/1#x",
            "subscriptions/%252e",
        ];
        for tail in tails {
            assert!(
                NextLink::parse(&format!("https://management.azure.com/{tail}"), None).is_err(),
                "{tail}"
            );
        }
    }
}
