//! Words of a plugin's author in lines of ours: what looks like a line break or a control is none.

/// Columns of a comment or a table.
pub(super) const WIDTH: usize = 100;

/// The text in lines of at most so many columns; a longer word has a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word: String = word.chars().filter(|letter| !letter.is_control()).collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The text on one line.
pub(super) fn one_line(text: &str) -> String {
    wrapped(text, usize::MAX).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_between_words_and_hold_no_control() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a-very-long-word x", 4), ["a-very-long-word", "x"]);
        assert_eq!(one_line("a\nb\u{2028}c\u{85}d\u{1b}[0m\r\n e"), "a b c d[0m e");
        assert!(wrapped(" \n ", 5).is_empty());
    }
}
