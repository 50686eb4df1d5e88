//! What a Corefile of `CoreDNS` says: server blocks, and in them plugins with arguments and blocks of their own.

/// A line of a Corefile with the lines in its braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directive<'t> {
    /// The words of the line, the brace left out; never empty.
    pub(crate) words: Vec<&'t str>,
    pub(crate) inside: Vec<Directive<'t>>,
}

impl<'t> Directive<'t> {
    /// The plugin's name, or the first zone of a server block.
    pub(crate) fn name(&self) -> &'t str {
        self.words.first().copied().unwrap_or_default()
    }

    pub(crate) fn arguments(&self) -> &[&'t str] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// Nesting is two deep; a file that goes deeper is not a Corefile.
const DEEPEST: usize = 8;

/// The server blocks, snippets and imports of a Corefile.
pub(crate) fn parse(text: &str) -> Vec<Directive<'_>> {
    let mut open: Vec<Directive<'_>> = vec![Directive { words: Vec::new(), inside: Vec::new() }];
    for line in text.lines() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let mut words: Vec<&str> = Vec::new();
        for word in line.split_whitespace() {
            match word {
                "{" if open.len() <= DEEPEST => {
                    open.push(Directive { words: std::mem::take(&mut words), inside: Vec::new() });
                }
                "}" => {
                    keep(&mut open, std::mem::take(&mut words));
                    close(&mut open);
                }
                word => words.push(word),
            }
        }
        keep(&mut open, words);
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|file| file.inside).unwrap_or_default()
}

fn keep<'t>(open: &mut [Directive<'t>], words: Vec<&'t str>) {
    if let Some(block) = open.last_mut()
        && !words.is_empty()
    {
        block.inside.push(Directive { words, inside: Vec::new() });
    }
}

fn close(open: &mut Vec<Directive<'_>>) {
    if open.len() > 1
        && let Some(done) = open.pop()
        && let Some(block) = open.last_mut()
        && !done.words.is_empty()
    {
        block.inside.push(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_plugins_and_plugins_hold_options() {
        let text = ".:53 {\n  errors # all\n  kubernetes cluster.local in-addr.arpa {\n    pods insecure\n  }\n}\nimport custom/*.server\n";
        let file = parse(text);
        assert_eq!(file.len(), 2);
        assert_eq!(file[0].name(), ".:53");
        assert_eq!(file[0].inside[0].words, ["errors"]);
        assert_eq!(file[0].inside[1].arguments(), ["cluster.local", "in-addr.arpa"]);
        assert_eq!(file[0].inside[1].inside[0].words, ["pods", "insecure"]);
        assert_eq!(file[1].words, ["import", "custom/*.server"]);
    }

    #[test]
    fn broken_braces_end_somewhere() {
        assert_eq!(parse("}}} a {").len(), 1);
        assert_eq!(parse(&"a {\n".repeat(50)).len(), 1);
        assert!(parse("").is_empty());
    }
}
