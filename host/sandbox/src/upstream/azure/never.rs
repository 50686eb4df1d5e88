//! Operations that hand out keys, credentials or a way in. They are refused by name, whatever the method is and
//! whatever is granted.

/// Whole names, in lower case. Some of these answer a plain GET.
const NAMES: [&str; 17] = [
    // The kubeconfig of a cluster, in old versions of the API.
    "accessprofiles",
    "getaccesstoken",
    "gettoken",
    "begingetaccess",
    "getaccess",
    "readonlykeys",
    "sharedkeys",
    "pnscredentials",
    "publishxml",
    "publishingcredentials",
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

/// Types that begin like an action and are none.
const HARMLESS: [&str; 1] = ["listeners"];

/// Where a resource group's name stands: what a group is called says nothing.
const GROUP: usize = 3;

/// Why the path is never allowed, if it is not.
pub(super) fn reason(segments: &[String]) -> Option<String> {
    let tenant = segments.first().is_some_and(|first| first.eq_ignore_ascii_case("providers"));
    let named = segments.iter().enumerate().skip(2).filter(|(index, _)| tenant || *index != GROUP);
    { named }.find_map(|(index, segment)| {
        let name = segment.to_ascii_lowercase();
        let begins = index % 2 == 0
            && BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
            && !HARMLESS.contains(&name.as_str());
        (begins || NAMES.contains(&name.as_str()) || kudu(segments, index, &name)).then(|| {
            format!("`{segment}` hands out keys or credentials, or leads inside; no manifest and no grant allows it")
        })
    })
}

/// `Microsoft.Web/sites/{name}/extensions/…` is the app's own management site; extensions of machines are data.
fn kudu(segments: &[String], index: usize, name: &str) -> bool {
    name == "extensions"
        && segments.iter().take(index).any(|segment| segment.eq_ignore_ascii_case("Microsoft.Web"))
}
