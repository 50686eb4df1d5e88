//! Which names stand for credentials: `DB_PASSWORD` does, `secretName` does not.

/// How much a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Nothing else than a credential carries such a name.
    Strong,
    /// Prose and references carry it as well: the value has to look like one.
    Weak,
}

/// A name longer than this is prose.
const LONGEST: usize = 128;

/// Every name below has one of these in it: most names are done with after this look.
const STEMS: [&str; 12] =
    ["pass", "pwd", "secret", "token", "key", "cred", "auth", "sas", "dsn", "cookie", "sig", "conn"];

const STRONG: [&str; 18] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "apikey",
    "accesskey",
    "privatekey",
    "accountkey",
    "secretkey",
    "connectionstring",
    "connstr",
    "clientsecret",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "storagekey",
    "secretaccess",
    "setcookie",
];
const STRONG_WORDS: [&str; 5] = ["pass", "pwd", "dsn", "authorization", "cookie"];
const WEAK: [&str; 3] = ["secret", "token", "credential"];
const WEAK_WORDS: [&str; 5] = ["auth", "sas", "sig", "cred", "creds"];

/// A name that ends so is about a credential, or refers to one, and is none.
const REFERENCES: [&str; 60] = [
    "name",
    "names",
    "ref",
    "refs",
    "reference",
    "references",
    "id",
    "ids",
    "path",
    "paths",
    "file",
    "files",
    "type",
    "types",
    "expiration",
    "expiry",
    "expires",
    "seconds",
    "minutes",
    "hours",
    "ttl",
    "count",
    "policy",
    "url",
    "uri",
    "endpoint",
    "endpoints",
    "version",
    "algorithm",
    "length",
    "size",
    "enabled",
    "disabled",
    "class",
    "mode",
    "method",
    "provider",
    "server",
    "host",
    "port",
    "scheme",
    "namespace",
    "tokens",
    "limit",
    "max",
    "min",
    "audience",
    "audiences",
    "issuer",
    "rotation",
    "age",
    "status",
    "reason",
    "revision",
    "kind",
    "resource",
    "operator",
    "manager",
    "controller",
    "review",
];

/// What a name says about its value, if anything.
pub(super) fn likeness(name: &str) -> Option<Likeness> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let bytes = name.as_bytes();
    if !STEMS
        .iter()
        .any(|stem| bytes.windows(stem.len()).any(|part| part.eq_ignore_ascii_case(stem.as_bytes())))
    {
        return None;
    }
    let words = words(name);
    let last = words.last()?;
    if REFERENCES.contains(&last.as_str()) || (last == "key" && words.iter().any(|word| word == "public")) {
        return None;
    }
    let squashed: String = words.concat();
    if matches!(
        squashed.as_str(),
        "imagepullsecrets" | "secrets" | "serviceaccounttoken" | "automountserviceaccounttoken"
    ) {
        return None;
    }
    let says = |parts: &[&str], whole: &[&str]| {
        parts.iter().any(|part| squashed.contains(part))
            || words.iter().any(|word| whole.contains(&word.as_str()))
    };
    if says(&STRONG, &STRONG_WORDS) {
        return Some(Likeness::Strong);
    }
    says(&WEAK, &WEAK_WORDS).then_some(Likeness::Weak)
}

/// The kind that a placeholder for the value of this name carries.
pub(super) fn kind(name: &str) -> &'static str {
    let squashed: String = words(name).concat();
    if squashed.contains("cookie")
        || squashed.contains("authorization")
        || name.starts_with("x-")
        || name.starts_with("X-")
    {
        "header"
    } else if matches!(squashed.as_str(), "accountkey" | "sharedaccesskey" | "pwd" | "dsn")
        || squashed.contains("connectionstring")
    {
        "conn"
    } else if name.contains('_') || name.bytes().all(|byte| !byte.is_ascii_lowercase()) {
        "env"
    } else {
        "config"
    }
}

/// `dbPassword`, `DB_PASSWORD` and `db-password` are `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for letter in name.chars() {
        let ends = !letter.is_alphanumeric() || (letter.is_uppercase() && lower);
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
