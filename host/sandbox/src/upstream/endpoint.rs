//! Where a service is. What is built here never leaves the origin that the kind or the operator names, so that
//! a token goes nowhere else.

use reqwest::Url;

use super::{Kind, cloud::Cloud, path};

/// The address of a service, without a path's end and without anything that could change the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    kind: Kind,
    base: Url,
}

/// Why an address can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It has no host of its own in Azure.
    #[error("an upstream of kind `{0}` is not reached by an address")]
    Kind(Kind),
    /// It is no URL.
    #[error("`url` of an upstream of kind `{0}` is not a URL")]
    Malformed(Kind),
    /// A token may not travel in clear text.
    #[error(
        "`url` of an upstream of kind `{0}` must begin with https:// (http:// only to 127.0.0.1, ::1 or localhost)"
    )]
    Clear(Kind),
    /// Credentials, a query or a fragment.
    #[error("`url` of an upstream of kind `{0}` may have a host, a port and a path, and nothing else")]
    Superfluous(Kind),
}

impl Endpoint {
    /// The kind's own host in a cloud.
    ///
    /// # Errors
    /// When the kind has none.
    pub fn of(kind: Kind, cloud: Cloud) -> Result<Self, EndpointError> {
        let host = kind.host(cloud).ok_or(EndpointError::Kind(kind))?;
        Self::at(kind, &format!("https://{host}"))
    }

    /// The address that an operator gives: a private link, a proxy, a test.
    ///
    /// # Errors
    /// When a token could not be sent there safely.
    pub fn at(kind: Kind, url: &str) -> Result<Self, EndpointError> {
        if kind.scope(Cloud::Public).is_none() {
            return Err(EndpointError::Kind(kind));
        }
        let base = Url::parse(url.trim()).map_err(|_| EndpointError::Malformed(kind))?;
        if base.host_str().is_none() {
            return Err(EndpointError::Malformed(kind));
        }
        if base.scheme() != "https" && !(base.scheme() == "http" && is_loopback(&base)) {
            return Err(EndpointError::Clear(kind));
        }
        let anonymous = base.username().is_empty() && base.password().is_none();
        if !anonymous || base.query().is_some() || base.fragment().is_some() {
            return Err(EndpointError::Superfluous(kind));
        }
        Ok(Self { kind, base })
    }

    /// The kind of the service there.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether its host is none that the kind has in any cloud: tokens go to whoever the operator named.
    pub fn is_foreign(&self) -> bool {
        let own = Cloud::ALL.into_iter().filter_map(|cloud| self.kind.host(cloud));
        !{ own }.any(|host| host.eq_ignore_ascii_case(self.host()))
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// The URL of a request; none if it would leave the origin or the base path.
    pub(crate) fn url(&self, segments: &[String], query: &[(String, String)]) -> Option<Url> {
        let prefix = self.base.path().trim_end_matches('/');
        let mut url = self.base.clone();
        url.set_path(&format!("{prefix}{}", path::encode(segments)));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let inside = url.origin() == self.base.origin()
            && url.path().strip_prefix(prefix).is_some_and(|rest| rest == path::encode(segments));
        inside.then_some(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_over_https_or_to_this_machine() {
        let at = |url| Endpoint::at(Kind::AzureArm, url).map(drop);
        for url in
            ["https://arm.internal/base", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1/"]
        {
            assert_eq!(at(url), Ok(()), "{url}");
        }
        for url in ["http://management.azure.com", "http://127.0.0.1.evil.example", "ftp://127.0.0.1"] {
            assert_eq!(at(url), Err(EndpointError::Clear(Kind::AzureArm)), "{url}");
        }
        for url in ["https://user@host", "https://:pass@host", "https://host/?a=b", "https://host/#a"] {
            assert_eq!(at(url), Err(EndpointError::Superfluous(Kind::AzureArm)), "{url}");
        }
        assert_eq!(at("management.azure.com"), Err(EndpointError::Malformed(Kind::AzureArm)));
        assert_eq!(Endpoint::at(Kind::Kubernetes, "https://a"), Err(EndpointError::Kind(Kind::Kubernetes)));
    }

    #[test]
    fn a_host_that_the_kind_has_in_no_cloud_is_foreign() {
        let foreign = |url| Endpoint::at(Kind::AzureArm, url).unwrap().is_foreign();
        for cloud in Cloud::ALL {
            assert!(!Endpoint::of(Kind::AzureArm, cloud).unwrap().is_foreign());
        }
        assert!(!foreign("https://MANAGEMENT.azure.com/base"));
        for url in [
            "https://management.azure.com.evil.example",
            "https://evil.example/management.azure.com",
            // A token for Resource Manager has no business there.
            "https://api.loganalytics.io",
            "http://127.0.0.1:1",
        ] {
            assert!(foreign(url), "{url}");
        }
    }

    #[test]
    fn every_name_and_value_is_encoded_and_the_origin_stays() {
        let endpoint = Endpoint::at(Kind::AzureArm, "https://arm.internal/base/").unwrap();
        let url = |segments: &[&str], query: &[(&str, &str)]| {
            let segments: Vec<String> = segments.iter().map(|one| (*one).to_owned()).collect();
            let query: Vec<(String, String)> =
                query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            endpoint.url(&segments, &query).map(|url| url.to_string())
        };
        assert_eq!(
            url(&["subscriptions", "a b"], &[("$filter", "x eq 'y&z'"), ("$skiptoken", "a+b=")]).unwrap(),
            "https://arm.internal/base/subscriptions/a%20b?%24filter=x+eq+%27y%26z%27&%24skiptoken=a%2Bb%3D"
        );
        for segments in [&["@evil.example"][..], &["%2e%2e", "a"], &["a:1@b"], &["\u{202e}"]] {
            let url = url(segments, &[]).unwrap();
            assert!(url.starts_with("https://arm.internal/base/"), "{url}");
        }
        // The normaliser refuses these before; a URL that lost its base path is not built all the same.
        assert_eq!(url(&["..", "a"], &[]), None);
    }
}
