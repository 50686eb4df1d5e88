//! Azure's clouds, told apart by the host that signs people in.

/// One of Azure's clouds. Each has hosts and audiences of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// The cloud of most people.
    Public,
    /// Azure Government.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

impl Cloud {
    /// All clouds.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGovernment, Self::China];

    /// By `AZURE_AUTHORITY_HOST`, with or without a scheme and a trailing slash. An authority that is none of
    /// the sovereign ones belongs to the public cloud, or to somebody who gives addresses of his own.
    pub fn of_authority(authority: Option<&str>) -> Self {
        let authority = authority.unwrap_or_default().trim().to_ascii_lowercase();
        let host = authority.split_once("://").map_or(authority.as_str(), |(_, rest)| rest);
        match host.split(['/', ':']).next().unwrap_or_default() {
            "login.microsoftonline.us" => Self::UsGovernment,
            "login.chinacloudapi.cn" | "login.partner.microsoftonline.cn" => Self::China,
            _ => Self::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Kind, *};

    #[test]
    fn the_authority_decides_about_hosts_and_audiences() {
        for (authority, arm, logs) in [
            (None, "management.azure.com", "api.loganalytics.io"),
            (Some(""), "management.azure.com", "api.loganalytics.io"),
            (Some("https://login.microsoftonline.com/"), "management.azure.com", "api.loganalytics.io"),
            (Some("https://login.microsoftonline.us"), "management.usgovcloudapi.net", "api.loganalytics.us"),
            (
                Some("https://LOGIN.chinacloudapi.cn/"),
                "management.chinacloudapi.cn",
                "api.loganalytics.azure.cn",
            ),
            (Some("login.microsoftonline.us.evil.example"), "management.azure.com", "api.loganalytics.io"),
        ] {
            let cloud = Cloud::of_authority(authority);
            assert_eq!(Kind::AzureArm.host(cloud), Some(arm), "{authority:?}");
            assert_eq!(Kind::AzureLogs.scope(cloud), Some(format!("https://{logs}/.default")));
        }
        assert_eq!(Kind::Kubernetes.scope(Cloud::Public), None);
    }
}
