//! Which links of the chain are walked: `AZURE_TOKEN_CREDENTIALS`.

use crate::{AuthError, AuthErrorKind};

use super::Link;

/// The links that may be tried, in the chain's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members {
    links: Vec<Link>,
}

impl Members {
    /// Case does not matter, nor do spaces at the ends; unset and empty mean all.
    ///
    /// # Errors
    /// For any other value: a typing error must not widen the chain in silence.
    pub(super) fn parse(given: Option<&str>) -> Result<Self, AuthError> {
        let given = given.unwrap_or_default().trim();
        let value = given.to_ascii_lowercase();
        let production = [Link::Environment, Link::WorkloadIdentity, Link::ManagedIdentity];
        let links = match value.as_str() {
            "" => Link::ALL.to_vec(),
            "prod" => production.to_vec(),
            "dev" => Link::ALL.into_iter().filter(|link| !production.contains(link)).collect(),
            name => Link::ALL.into_iter().filter(|link| link.as_str().eq_ignore_ascii_case(name)).collect(),
        };
        if !links.is_empty() {
            return Ok(Self { links });
        }
        let names = Link::ALL.map(Link::as_str).join(", ");
        let what = if value == "interactivebrowsercredential" {
            "which is not supported here"
        } else {
            "which is no such value"
        };
        let message = format!(
            "AZURE_TOKEN_CREDENTIALS is `{given}`, {what}; it can be unset, prod, dev, or one of {names}"
        );
        Err(AuthError::new(AuthErrorKind::Configuration, message))
    }

    pub(super) fn contains(&self, link: Link) -> bool {
        self.links.contains(&link)
    }

    /// Whether exactly one link was named.
    pub(super) fn pinned(&self) -> bool {
        self.links.len() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_credentials_matrix() {
        use Link::*;
        let cases: [(Option<&str>, &[Link]); 8] = [
            (None, &Link::ALL),
            (Some(" "), &Link::ALL),
            (Some("prod"), &[Environment, WorkloadIdentity, ManagedIdentity]),
            (Some(" PROD "), &[Environment, WorkloadIdentity, ManagedIdentity]),
            (Some("Dev"), &[VisualStudioCode, AzureCli, AzurePowerShell, AzureDeveloperCli]),
            (Some("managedidentitycredential"), &[ManagedIdentity]),
            (Some("AzureDeveloperCliCredential "), &[AzureDeveloperCli]),
            (Some("VISUALSTUDIOCODECREDENTIAL"), &[VisualStudioCode]),
        ];
        for (given, expected) in cases {
            let members = Members::parse(given).expect("a valid value");
            assert_eq!(members.links, expected, "{given:?}");
            assert_eq!(members.pinned(), expected.len() == 1);
        }
        for link in Link::ALL {
            assert_eq!(Members::parse(Some(link.as_str())).expect("a name").links, [link]);
        }
    }

    #[test]
    fn an_unknown_value_is_an_error_that_lists_the_values() {
        for (given, part) in
            [("production", "no such value"), ("InteractiveBrowserCredential", "not supported here")]
        {
            let error = Members::parse(Some(given)).unwrap_err();
            assert_eq!(error.kind, AuthErrorKind::Configuration);
            assert!(error.message.contains(part), "{error}");
            assert!(error.message.contains("WorkloadIdentityCredential"), "{error}");
        }
    }
}
