//! What the last lines of a failing container say.

/// Classes and the texts that tell them, in lower case. The first class that matches a line is the line's.
const CLASSES: [(&str, &[&str]); 24] = [
    ("exec-format", &["exec format error"]),
    (
        "loader",
        &[
            "error while loading shared libraries",
            "' not found (required by",
            "no such file or directory: unknown",
        ],
    ),
    (
        "dep-tls",
        &[
            "x509:",
            "certificate_verify_failed",
            "sslhandshakeexception",
            "certificate has expired",
            "unknown authority",
            "certificate is valid for",
            "certificate is not yet valid",
        ],
    ),
    (
        "dep-dns",
        &[
            "no such host",
            "bad address '",
            "enotfound",
            "eai_again",
            "name or service not known",
            "name resolution",
            "unknownhostexception",
            "could not translate host name",
            "nxdomain",
            "hostname resolving error",
            "server misbehaving",
            ":53: i/o timeout",
            "read udp",
        ],
    ),
    (
        "dep-auth",
        &[
            "access denied for user",
            "password authentication failed",
            "wrongpass",
            "noauth",
            "authentication failed",
            "authenticationfailed",
            "sasl authentication",
            "requires authentication",
            "invalid_client",
            "login failed for user",
            "aadsts",
        ],
    ),
    (
        "dep-limit",
        &[
            "too many connections",
            "too many clients already",
            "remaining connection slots",
            "max number of clients",
            "connection is not available, request timed out",
            "timeout acquiring a connection from the pool",
        ],
    ),
    (
        "dep-readonly",
        &[
            "--read-only",
            "super-read-only",
            "read only replica",
            "read-only replica",
            "read-only transaction",
        ],
    ),
    (
        "dep-missing-data",
        &[
            "unknown database",
            "relation \"",
            "table doesn't exist",
            "no such table",
            "fatal: database \"",
            "' doesn't exist",
        ],
    ),
    ("dep-refused", &["connection refused", "econnrefused", "no route to host", "ehostunreach"]),
    ("ports", &["cannot assign requested address", "eaddrnotavail"]),
    (
        "dep-timeout",
        &["i/o timeout", "etimedout", "connect timed out", "connection timed out", "deadline exceeded"],
    ),
    ("rbac", &["user \"system:serviceaccount:"]),
    ("port-in-use", &["address already in use", "eaddrinuse", "is already in use by another"]),
    ("read-only-fs", &["read-only file system", "erofs"]),
    ("disk-full", &["no space left on device", "enospc", "disk quota exceeded"]),
    (
        "app-oom",
        &[
            "outofmemoryerror",
            "heap out of memory",
            "memoryerror",
            "oom command not allowed",
            "cannot allocate memory",
        ],
    ),
    ("fd", &["too many open files", "emfile"]),
    (
        "threads",
        &[
            "can't start new thread",
            "unable to create native thread",
            "unable to create new native thread",
            "fork: retry: resource temporarily unavailable",
            "pthread_create failed",
        ],
    ),
    (
        "config",
        &[
            "could not resolve placeholder",
            "missing required",
            "keyerror",
            "required environment variable",
            "is not set",
            "not set in environment",
            "must be set",
            "failed to parse",
            "invalid configuration",
            "unknown option",
            "no such file or directory",
        ],
    ),
    (
        "usage",
        &[
            "flag provided but not defined",
            "unknown flag:",
            "unknown shorthand flag",
            "unrecognized option",
            "unrecognized arguments:",
            "invalid option --",
        ],
    ),
    ("permission", &["permission denied", "eacces", "operation not permitted"]),
    ("version", &["unsupported version", "downgrade not supported", "incompatible"]),
    ("clock", &["token used before issued", "clock skew", "requesttimetooskewed"]),
    (
        "panic",
        &[
            "panic:",
            "traceback (most recent call last)",
            "exception in thread",
            "unhandled exception",
            "segmentation fault",
        ],
    ),
];

/// Words of a line that is worth quoting although it has no class.
const LOUD: [&str; 6] = ["fatal", "error", "exception", "critical", "failed", "panic"];

/// The line that a finding quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Telling<'t> {
    /// Empty when no pattern knows the line.
    pub(crate) class: &'static str,
    /// Counted from 1 in what was read.
    pub(crate) number: usize,
    pub(crate) line: &'t str,
}

/// The class of one line, or "".
pub(crate) fn class(line: &str) -> &'static str {
    let lower = line.to_ascii_lowercase();
    // A DEBUG line repeats settings; it is not a complaint.
    if lower.contains(" debug ") || lower.contains("\"level\": \"debug\"") {
        return "";
    }
    CLASSES
        .iter()
        .find(|(_, texts)| texts.iter().any(|text| lower.contains(text)))
        .map_or("", |(class, _)| class)
}

/// The last line that a pattern knows, else the last loud one, else the last one.
pub(crate) fn telling(log: &str) -> Option<Telling<'_>> {
    let mut loud = None;
    let mut last = None;
    let mut known = None;
    for (index, line) in log.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let found = Telling { class: class(line), number: index + 1, line };
        if !found.class.is_empty() {
            // A stack trace that wraps a cause is worth less than the cause.
            let weaker =
                found.class == "panic" && known.is_some_and(|known: Telling<'_>| known.class != "panic");
            if !weaker {
                known = Some(found);
            }
        } else if LOUD.iter().any(|word| line.to_ascii_lowercase().contains(word)) {
            loud = Some(found);
        }
        last = Some(found);
    }
    known.or(loud).or(last)
}

/// The ports that a program says it listens on, in its own words.
pub(crate) fn listening_ports(log: &str) -> Vec<i64> {
    let mut found = Vec::new();
    for line in log.lines() {
        let lower = line.to_ascii_lowercase();
        let Some(at) =
            ["listening on", "listening at", "started server on", "server started on", "now listening on"]
                .iter()
                .find_map(|words| lower.find(words))
        else {
            continue;
        };
        let numbers = lower.get(at..).unwrap_or_default().split(|letter: char| !letter.is_ascii_digit());
        // Parts of an address are small, so is nothing that one would probe.
        found.extend(
            numbers.filter_map(|number| number.parse::<i64>().ok()).filter(|port| *port > 255 || *port == 80),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_beats_what_is_printed_after_it() {
        let log = "starting\nerr: AuthenticationFailed: Signature not valid\nlisting assets\n";
        let found = telling(log).unwrap();
        assert_eq!((found.class, found.number), ("dep-auth", 2));
        let log = "ERROR one\nlast words\n";
        assert_eq!(telling(log).unwrap().number, 1);
        assert_eq!(telling("only\n").unwrap().class, "");
        assert_eq!(telling("\n"), None);
    }

    #[test]
    fn a_program_tells_its_port() {
        assert_eq!(listening_ports("x\nserver listening on 10.0.0.1:9090\n"), [9090]);
        assert!(listening_ports("dial tcp 10.0.0.1:9090: refused").is_empty());
    }

    #[test]
    fn lines_have_classes() {
        let cases = [
            ("exec /usr/local/bin/x: exec format error", "exec-format"),
            ("dial tcp: lookup db on 10.0.0.10:53: read udp: i/o timeout", "dep-dns"),
            ("dial tcp 10.0.0.1:5432: connect: connection refused", "dep-refused"),
            ("Could not resolve placeholder 'A_URL' in value", "config"),
            ("all is well", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(class(line), expected, "{line}");
        }
    }
}
