//! An error with its causes on one line, for people who read one line.

use std::error::Error;

/// `what`, then every cause of `error` that says something new.
pub fn with_causes(what: &str, error: &dyn Error) -> String {
    let mut text = what.to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The error itself and every cause that says something new.
pub fn causes(error: &dyn Error) -> String {
    with_causes(&error.to_string(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Outer(&'static str, #[source] std::io::Error);

    #[test]
    fn a_cause_is_told_once() {
        let inner = || std::io::Error::other("no route");
        assert_eq!(causes(&Outer("not sent", inner())), "not sent: no route");
        assert_eq!(causes(&Outer("not sent (no route)", inner())), "not sent (no route)");
        assert_eq!(with_causes("gone", &Outer("not sent", inner())), "gone: no route");
    }
}
