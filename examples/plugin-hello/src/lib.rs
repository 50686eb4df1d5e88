//! A third party's toolset: one tool, one dependency.

use holmes_plugin::prelude::*;

/// What to say.
#[arguments]
pub struct Echo {
    /// The text to return.
    pub text: String,
}

/// Returns the text it was given.
#[tool(read_only)]
pub fn echo(_host: &Host, arguments: Echo) -> Result<Output, ToolError> {
    Ok(Output::text(arguments.text))
}

holmes_plugin::toolset!(echo);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echo_returns_the_text() {
        let host = holmes_plugin::testing::Canned::new().host();
        let output = echo(&host, Echo { text: "hello".to_owned() }).unwrap();
        assert_eq!(output.to_text(), "hello");
    }
}
