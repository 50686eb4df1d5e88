//! Exit codes of containers.

/// The class of an exit code, when neither the reason nor a log line tells more.
pub(crate) fn class(code: i64) -> &'static str {
    match code {
        0 => "exits-zero",
        2 => "usage",
        126 => "not-executable",
        127 => "not-found",
        128 => "start-error",
        132 => "illegal-instruction",
        133 | 134 => "abort",
        135 => "sigbus",
        136 => "fpe",
        137 => "sigkill",
        139 => "segfault",
        141 => "sigpipe",
        143 => "sigterm",
        159 => "sigsys",
        3_221_225_781 => "windows-dll",
        3_221_225_477 => "windows-av",
        129..=192 => "signal",
        _ => "app-error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_classes() {
        let cases =
            [(0, "exits-zero"), (137, "sigkill"), (139, "segfault"), (150, "signal"), (42, "app-error")];
        for (code, expected) in cases {
            assert_eq!(class(code), expected, "{code}");
        }
    }
}
