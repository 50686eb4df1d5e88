//! Markdown for a terminal: headings and strong words stand out, everything else stays as it was written.

/// Bold on and off.
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// Adds emphasis, piece by piece; a piece ends where a line does.
#[derive(Debug, Default)]
pub(crate) struct Renderer {
    in_code: bool,
}

impl Renderer {
    /// Code blocks are left alone, because commands are copied out of them.
    pub(crate) fn render(&mut self, markdown: &str) -> String {
        let mut lines = Vec::new();
        for line in markdown.lines() {
            if line.trim_start().starts_with("```") {
                self.in_code = !self.in_code;
                continue;
            }
            lines.push(if self.in_code { format!("    {line}") } else { text(line) });
        }
        lines.join("\n")
    }
}

fn text(line: &str) -> String {
    let heading = line.trim_start_matches('#');
    if heading.len() < line.len() && heading.starts_with(' ') {
        return format!("{BOLD}{}{PLAIN}", heading.trim());
    }
    // Pairs of `**`; one without its partner is text.
    let mut pieces = line.split("**").peekable();
    let mut rendered = String::new();
    let mut strong = false;
    while let Some(piece) = pieces.next() {
        rendered.push_str(piece);
        if pieces.peek().is_some() {
            strong = !strong;
            rendered.push_str(if strong { BOLD } else { PLAIN });
        }
    }
    if strong { line.to_owned() } else { rendered }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_strong_words_stand_out_and_code_is_left_alone() {
        let mut renderer = Renderer::default();
        assert_eq!(
            renderer.render("## Findings\n**web** is down"),
            format!("{BOLD}Findings{PLAIN}\n{BOLD}web{PLAIN} is down")
        );
        assert_eq!(renderer.render("2 ** 3\n```\nkubectl **"), "2 ** 3\n    kubectl **");
        assert_eq!(renderer.render("# still code\n```\nno more"), "    # still code\nno more");
    }
}
