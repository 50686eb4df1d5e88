//! Names of properties and variables under which credentials stand, told from names of what merely refers to one.

/// Anywhere in a name, without separators and in lower case.
const PARTS: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "connectionstring",
    "accountkey",
    "accesskey",
    "accesstoken",
    "apikey",
    "authkey",
    "instrumentationkey",
    "privatekey",
    "refreshtoken",
    "sastoken",
    "sharedkey",
    "protectedsettings",
    "commandtoexecute",
];

/// As a name's last word. `key` is one: `primaryKey`, `storageKey`, `apiKey`.
const LAST: [&str; 13] = [
    "key",
    "keys",
    "key1",
    "key2",
    "sas",
    "psk",
    "pass",
    "pwd",
    "token",
    "tokens",
    "credential",
    "credentials",
    "pat",
];

/// As a whole name: scripts and settings that machines start with, and keys that people log in with.
const WHOLE: [&str; 3] = ["userdata", "customdata", "keydata"];

/// Whole names that look like a credential's and belong to paging.
const PAGING: [&str; 4] = ["skiptoken", "continuationtoken", "nextpagetoken", "pagetoken"];

/// Names that end so speak about a credential and hold none.
const REFERENCES: [&str; 30] = [
    "name",
    "names",
    "uri",
    "url",
    "id",
    "ids",
    "ref",
    "reference",
    "type",
    "category",
    "version",
    "enabled",
    "expiry",
    "expiration",
    "expires",
    "time",
    "on",
    "days",
    "source",
    "policy",
    "properties",
    "count",
    "identifier",
    "vault",
    "rotation",
    "algorithm",
    "size",
    "state",
    "status",
    "provider",
];

/// Whether a credential stands under a name. Of a path such as `properties.osProfile.adminPassword`, the last part
/// counts; its `value` says nothing about what it is the value of, and may be one.
pub(super) fn is_secret(name: &str) -> bool {
    let (path, last) = name.rsplit_once('.').map_or((None, name), |(path, last)| (Some(path), last));
    let words = words(last);
    let squashed = words.concat();
    if WHOLE.contains(&squashed.as_str()) || is_secret_id(last) || (path.is_some() && squashed == "value") {
        return true;
    }
    // A public half may be read by anybody.
    let public = squashed.ends_with("publickey") || squashed.ends_with("publickeys");
    if public || PAGING.contains(&squashed.as_str()) || is_reference(last) {
        return false;
    }
    words.last().is_some_and(|last| LAST.contains(&last.as_str()))
        || PARTS.iter().any(|part| squashed.contains(part))
}

/// `VAULT_SECRET_ID` is half of a login; `keyVaultSecretId` is an address.
pub(super) fn is_secret_id(name: &str) -> bool {
    words(name).concat().ends_with("secretid")
}

/// Whether a name speaks about a credential, or about anything else that is none.
pub(super) fn is_reference(name: &str) -> bool {
    words(name).last().is_some_and(|last| REFERENCES.contains(&last.as_str()))
}

/// `primaryKey`, `PRIMARY_KEY`, `primary-key` and `PRIMARYKey` are `primary`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    let mut begun = false;
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        if !letter.is_ascii_alphanumeric() {
            begun = false;
            lower = false;
            continue;
        }
        let upper = letter.is_ascii_uppercase();
        // The last capital of several begins the next word, unless it is a plural: `APIKey`, but `IDs`.
        let mut ahead = letters.clone().map(|letter| letter.is_ascii_lowercase().then_some(letter));
        let next_lower = match (ahead.next().flatten(), ahead.next().flatten()) {
            (None, _) | (Some('s'), None) => false,
            (Some(_), _) => true,
        };
        if !begun || (upper && (lower || next_lower)) {
            words.push(String::new());
            begun = true;
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
        lower = !upper;
    }
    words
}
