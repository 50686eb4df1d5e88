//! What a tool gets of the host's environment: what leads it to its sign-in, its language and the network.
//!
//! A list of what passes and not of what is withheld: nobody knows what the next secret will be called.

use std::ffi::{OsStr, OsString};

const NAMES: [&str; 24] = [
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TZ",
    "TMPDIR",
    "TEMP",
    // Where the tools keep their sign-in, and which cloud `az` speaks to.
    "AZURE_CONFIG_DIR",
    "AZURE_CLOUD_NAME",
    "AZD_CONFIG_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "PSModulePath",
    // The way to Entra, and whom to trust on it.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];
const PREFIXES: [&str; 4] = ["LC_", "XDG_", "AZURE_DEV_", "DOTNET_"];

/// What passes of an environment. `PATH` is not among it: the configuration says what it is.
pub(super) fn inherited(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (OsString, OsString)> {
    environment.filter(|(name, _)| passes(name))
}

fn passes(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Vec<String> {
        let environment = names.iter().map(|name| (OsString::from(name), OsString::from("canary")));
        inherited(environment).map(|(name, _)| name.into_string().expect("text")).collect()
    }

    #[test]
    fn the_way_to_a_sign_in_passes() {
        let names = [
            "HOME",
            "LC_ALL",
            "XDG_RUNTIME_DIR",
            "AZURE_CONFIG_DIR",
            "AZURE_DEV_COLLECT_TELEMETRY",
            "DOTNET_ROOT",
            "PSModulePath",
            "HTTPS_PROXY",
            "no_proxy",
            "REQUESTS_CA_BUNDLE",
        ];
        assert_eq!(of(&names), names);
    }

    #[test]
    fn no_secret_passes_whatever_it_is_called() {
        let names = [
            "AZURE_API_KEY",
            "OPENAI_API_KEY",
            "AZURE_AD_TOKEN",
            "AZURE_CLIENT_SECRET",
            "AZURE_CLIENT_CERTIFICATE_PASSWORD",
            "IDENTITY_HEADER",
            "MY_MODEL_KEY",
            "MY_HOME",
            "PATH",
            "home",
            "LD_PRELOAD",
            "",
        ];
        assert_eq!(of(&names), Vec::<String>::new());
    }
}
