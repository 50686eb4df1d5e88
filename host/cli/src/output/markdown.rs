//! Markdown for a terminal: headings and strong words stand out, everything else stays as it was written.

/// Bold on and off.
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// Adds emphasis. Code blocks are left alone, because commands are copied out of them.
pub(crate) fn render(markdown: &str) -> String {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        lines.push(if in_code { format!("    {line}") } else { text(line) });
    }
    lines.join("\n")
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
    if strong {
        return line.to_owned();
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_strong_words_stand_out_and_code_is_left_alone() {
        let shown = render("## Findings\n**web** is down, 2 ** 3\n```\nkubectl get **\n```");
        assert_eq!(shown, "\u{1b}[1mFindings\u{1b}[0m\n**web** is down, 2 ** 3\n    kubectl get **");
        assert_eq!(render("a **b** c"), "a \u{1b}[1mb\u{1b}[0m c");
    }
}
