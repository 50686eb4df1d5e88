//! Operations that hand out keys, credentials or a way in. They are refused by name, whatever the method is and
//! whatever is granted.

/// Whole names, in lower case. Some of these answer a plain GET.
const NAMES: [&str; 15] = [
    // The kubeconfig of a cluster, in old versions of the API.
    "accessprofiles",
    "agentregistrationinformation",
    "begingetaccess",
    "getaccess",
    "pnscredentials",
    "publishxml",
    "publishingcredentials",
    "publishingusers",
    // Whatever runs inside: code on a machine, and the admin API of a function app behind its host.
    "runcommand",
    "runcommands",
    "commandresults",
    "hostruntime",
    "exec",
    "attach",
    "retrievebootdiagnosticsdata",
];

/// How the names of actions begin that return keys (`listKeys`, `listClusterAdminCredential`) or make new ones.
const BEGINNINGS: [&str; 3] = ["list", "regenerate", "generate"];

/// How the names of actions end that return keys or tokens: `sharedkey`, `hostkeys`, `gettoken`, `masterkey`.
const ENDS: [&str; 4] = ["key", "keys", "token", "tokens"];

/// Types that look like an action and are none.
const HARMLESS: [&str; 2] = ["listeners", "sshpublickeys"];

/// What hands out secrets, or leads inside, below one provider only: elsewhere the names are harmless.
const BELOW: [(&str, &str); 5] = [
    // `sites/{name}/extensions/…` is the app's own management site; extensions of machines are data.
    ("microsoft.web", "extensions"),
    // Environment variables, and dumps of memory.
    ("microsoft.web", "processes"),
    // Tokens of source code hosts.
    ("microsoft.web", "sourcecontrols"),
    ("microsoft.web", "containerlogs"),
    // Passwords of the gateway and keys of storage accounts, in settings of any name.
    ("microsoft.hdinsight", "configurations"),
];

/// Of a key in a vault, Resource Manager knows the public part.
const VAULT: &str = "microsoft.keyvault";

/// Where a resource group's name stands: what a group is called says nothing.
const GROUP: usize = 3;

/// Why the path is never allowed, if it is not.
pub(super) fn reason(segments: &[String]) -> Option<String> {
    let tenant = segments.first().is_some_and(|first| first.eq_ignore_ascii_case("providers"));
    let named = segments.iter().enumerate().skip(2).filter(|(index, _)| tenant || *index != GROUP);
    { named }.find_map(|(index, segment)| {
        let name = segment.to_ascii_lowercase();
        let before = segments.get(..index).unwrap_or_default();
        let secret = NAMES.contains(&name.as_str())
            || (index % 2 == 0 && is_action(before, &name))
            || BELOW.iter().any(|(provider, kind)| name == *kind && below(before, provider));
        secret.then(|| {
            format!("`{segment}` hands out keys or credentials, or leads inside; no manifest and no grant allows it")
        })
    })
}

fn is_action(before: &[String], name: &str) -> bool {
    let looks = BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || ENDS.iter().any(|end| name.ends_with(end));
    looks && !HARMLESS.contains(&name) && !(name == "keys" && below(before, VAULT))
}

fn below(before: &[String], provider: &str) -> bool {
    before.iter().any(|segment| segment.eq_ignore_ascii_case(provider))
}
