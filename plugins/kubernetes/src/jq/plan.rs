//! How a jq program can run over a list page by page, so that a large list never is in memory as a whole.

/// What runs on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// `.items[] | f`: on each page; results follow each other.
    Stream(String),
    /// `[.items[] | f] | g`: `each` on each page, then `rest` on the array of its results.
    Collect {
        /// Runs on a page.
        each: String,
        /// Runs once.
        rest: String,
    },
    /// Anything else: on the whole list.
    Whole(String),
}

const ITEMS: &str = ".items[]";

impl Plan {
    /// The plan for a program.
    pub(crate) fn of(code: &str) -> Self {
        let code = code.trim();
        if streams(code) {
            return Self::Stream(code.to_owned());
        }
        if let Some((inner, rest)) = array(code).filter(|(inner, _)| streams(inner)) {
            return Self::Collect { each: inner.to_owned(), rest: rest.to_owned() };
        }
        if let Some((inner, rest)) = map(code).filter(|(inner, _)| !inner.contains('#')) {
            return Self::Collect { each: format!("{ITEMS} | ({inner})"), rest: rest.to_owned() };
        }
        // The commonest way to count.
        let bare: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        if bare == ".items|length" {
            return Self::Collect { each: format!("{ITEMS} | null"), rest: "length".to_owned() };
        }
        Self::Whole(code.to_owned())
    }
}

/// Does running it on parts of the list, and joining the results, give the same as on the whole?
fn streams(code: &str) -> bool {
    let Some(after) = code.trim().strip_prefix(ITEMS) else { return false };
    let pipe = top_level(after).find(|(_, letter)| *letter == '|').map(|(index, _)| index);
    // Only what stands before the first pipe sees the list; behind it everything is about one item.
    let head = after.get(..pipe.unwrap_or(after.len())).unwrap_or(after);
    let outer: String = top_level(head).map(|(_, letter)| letter).collect();
    let rest = pipe.and_then(|index| after.get(index..)).unwrap_or_default();
    !outer.contains(',')
        && !outer.contains("//")
        && !outer.split_whitespace().any(|word| word == "as")
        && !head.contains(".items")
        && !code.contains('#')
        && !top_level(rest).any(|(_, letter)| matches!(letter, ')' | ']' | '}'))
}

/// The inside of a leading `[…]`, and the program behind its pipe.
fn array(code: &str) -> Option<(&str, &str)> {
    let inside = code.strip_prefix('[')?;
    // Brackets that close are reported at the depth outside, so the first one closes ours.
    let (end, _) = top_level(inside).find(|(_, letter)| *letter == ']')?;
    closed(inside, end)
}

/// The inside of a leading `.items | map(…)`, and the program behind its pipe.
fn map(code: &str) -> Option<(&str, &str)> {
    let piped = code.strip_prefix(".items")?.trim_start().strip_prefix('|')?;
    let inside = piped.trim_start().strip_prefix("map")?.trim_start().strip_prefix('(')?;
    let (end, _) = top_level(inside).find(|(_, letter)| *letter == ')')?;
    closed(inside, end)
}

/// What stands before the bracket at `end`, and the program behind the pipe after it.
fn closed(inside: &str, end: usize) -> Option<(&str, &str)> {
    let rest = inside.get(end + 1..)?.trim();
    let rest = if rest.is_empty() { "." } else { rest.strip_prefix('|')?.trim() };
    Some((inside.get(..end)?, rest))
}

/// Letters outside of strings and brackets, with their byte positions.
fn top_level(code: &str) -> impl Iterator<Item = (usize, char)> {
    let mut open: Vec<char> = Vec::new();
    let mut escaped = false;
    code.char_indices().filter(move |(_, letter)| {
        if open.last() == Some(&'"') {
            match letter {
                // `\(` begins an expression inside a string.
                '(' if escaped => open.push('('),
                '"' if !escaped => {
                    open.pop();
                }
                _ => (),
            }
            escaped = *letter == '\\' && !escaped;
            return false;
        }
        match letter {
            '"' | '(' | '[' | '{' => {
                open.push(*letter);
                false
            }
            ')' | ']' | '}' => open.pop().is_none(),
            _ => open.is_empty(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_wise_programs_stream() {
        for code in [
            ".items[]",
            ".items[].metadata.name",
            ".items[] | .a, .b",
            r#".items[] | "\(.metadata.name), \(.x // "]")""#,
            r#".items[] | select(.a == "x, y") | {n: .a, l: [.b[]]}"#,
        ] {
            assert_eq!(Plan::of(code), Plan::Stream(code.to_owned()));
        }
    }

    #[test]
    fn arrays_of_items_are_collected_page_by_page() {
        let plan = Plan::of("[.items[] | {n: .a}] | group_by(.n) | map(length)");
        let expected = Plan::Collect {
            each: ".items[] | {n: .a}".to_owned(),
            rest: "group_by(.n) | map(length)".to_owned(),
        };
        assert_eq!(plan, expected);
        assert!(matches!(Plan::of(".items|length"), Plan::Collect { .. }));
        let plan = Plan::of(".items | map(select(.a), .b) | length");
        let expected =
            Plan::Collect { each: ".items[] | (select(.a), .b)".to_owned(), rest: "length".to_owned() };
        assert_eq!(plan, expected);
    }

    #[test]
    fn whatever_could_differ_runs_on_the_whole() {
        for code in [
            ".items[].a, .kind",
            ".items[].a // 1",
            ".items[] as $x | .kind",
            ".items | map(.a) + [1]",
            ".items | map_values(.a)",
            "[.items[].a] + [.items[].b]",
            "[.items[], 1] | length",
            "first(.items[])",
            "reduce .items[] as $x (0; . + 1)",
        ] {
            assert_eq!(Plan::of(code), Plan::Whole(code.to_owned()), "{code}");
        }
    }
}
