//! Which Entra is asked: `AZURE_AUTHORITY_HOST` in every form that people and the webhook give it.

use azure_core::http::Url;

use crate::{AuthError, AuthErrorKind};

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// Scheme, host and port, without a slash at the end. It is always given to the credentials, so that they do
/// not read the variable themselves, which an empty value breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority(String);

impl Authority {
    /// Empty is unset, the scheme may be missing, a slash at the end does not matter.
    ///
    /// # Errors
    /// When it is no https address, or has parts that the endpoint's path would drop without a word.
    pub(super) fn parse(given: Option<&str>) -> Result<Self, AuthError> {
        let given = given.unwrap_or_default().trim();
        if given.is_empty() {
            return Ok(Self(PUBLIC_CLOUD.to_owned()));
        }
        let wrong = |what: &str| {
            let message = format!(
                "AZURE_AUTHORITY_HOST is `{given}`, {what}; give a host such as {PUBLIC_CLOUD} or unset it"
            );
            AuthError::new(AuthErrorKind::Configuration, message)
        };
        let address = if given.contains("://") { given.to_owned() } else { format!("https://{given}") };
        let url = Url::parse(&address).map_err(|error| wrong(&format!("which is no address ({error})")))?;
        if url.scheme() != "https" {
            return Err(wrong("and credentials go over https only"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let message =
                "AZURE_AUTHORITY_HOST holds a user name or password, which Entra does not take; remove it";
            return Err(AuthError::new(AuthErrorKind::Configuration, message));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("which has more than a host (the tenant belongs in AZURE_TENANT_ID)"));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The end that names of the cloud's services have: `com`, `us` or `cn`; none for an authority that is not
    /// Microsoft's or not known here.
    pub(super) fn suffix(&self) -> Option<&'static str> {
        match self.0.strip_prefix("https://")? {
            "login.microsoftonline.com" | "login.microsoft.com" | "login.windows.net" | "sts.windows.net" => {
                Some("com")
            }
            "login.microsoftonline.us" | "login.usgovcloudapi.net" => Some("us"),
            "login.chinacloudapi.cn" | "login.partner.microsoftonline.cn" => Some("cn"),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Where a tenant's tokens are asked for. The tenant has been checked.
    pub(super) fn token_endpoint(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cloud_follows_the_authority() {
        let cases = [
            ("https://login.microsoftonline.com/", Some("com")),
            ("LOGIN.MICROSOFTONLINE.US", Some("us")),
            ("https://login.microsoftonline.us:443/", Some("us")),
            ("https://login.chinacloudapi.cn/", Some("cn")),
            ("login.partner.microsoftonline.cn", Some("cn")),
            ("https://login.example", None),
            ("https://login.microsoftonline.us.example", None),
            ("https://login.microsoftonline.us:8443", None),
        ];
        for (given, expected) in cases {
            assert_eq!(Authority::parse(Some(given)).unwrap().suffix(), expected, "{given}");
        }
    }

    #[test]
    fn authority_host_matrix() {
        let cases = [
            (None, PUBLIC_CLOUD),
            (Some(""), PUBLIC_CLOUD),
            (Some("  "), PUBLIC_CLOUD),
            (Some("https://login.microsoftonline.us"), "https://login.microsoftonline.us"),
            (Some("https://login.microsoftonline.com/"), PUBLIC_CLOUD),
            (Some("https://login.microsoftonline.com//"), "refused"),
            (Some("login.chinacloudapi.cn"), "https://login.chinacloudapi.cn"),
            (Some("login.chinacloudapi.cn/"), "https://login.chinacloudapi.cn"),
            (Some("HTTPS://Login.Example:8443/"), "https://login.example:8443"),
            (Some("localhost:8443"), "https://localhost:8443"),
            (Some("http://login.microsoftonline.com"), "refused"),
            (Some("https://login.microsoftonline.com/common"), "refused"),
            (Some("https://login.microsoftonline.com?x=1"), "refused"),
            (Some("https://"), "refused"),
        ];
        for (given, expected) in cases {
            match Authority::parse(given) {
                Ok(authority) => assert_eq!(authority.as_str(), expected, "{given:?}"),
                Err(error) => {
                    assert_eq!("refused", expected, "{given:?}: {error}");
                    assert_eq!(error.kind, AuthErrorKind::Configuration);
                    assert!(error.message.contains("AZURE_AUTHORITY_HOST"), "{error}");
                }
            }
        }
        let error = Authority::parse(Some("https://user:canary@login.example")).unwrap_err();
        assert!(!error.message.contains("canary"));
    }
}
