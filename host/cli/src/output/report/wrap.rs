//! Lines of a bounded width, with a hanging indent.

/// Where a word that is wider than a line may be broken: behind these.
const JOINTS: [char; 7] = ['.', '/', ',', ':', '=', '-', '_'];

/// Appends a text behind a label; further lines stand below its first word.
pub(super) fn wrap(out: &mut String, label: &str, indent: usize, text: &str, width: usize) {
    let room = width.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        for piece in pieces(word, room) {
            let free =
                lines.last().is_none_or(|line| line.is_empty() || visible(line) + 1 + visible(piece) <= room);
            if !free {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(piece);
            }
        }
    }
    for (number, line) in lines.iter().enumerate() {
        let before = if number == 0 { label } else { "" };
        out.push_str(before);
        out.extend(std::iter::repeat_n(' ', indent.saturating_sub(visible(before))));
        out.push_str(line);
        out.push('\n');
    }
}

/// The parts of a word that fit into a line.
fn pieces(mut word: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    while let Some((end, _)) = word.char_indices().nth(room) {
        let (line, _) = word.split_at(end);
        let joint = line.rfind(JOINTS).filter(|joint| *joint > end / 2);
        let (piece, rest) = word.split_at(joint.map_or(end, |joint| joint + 1));
        pieces.push(piece);
        word = rest;
    }
    pieces.push(word);
    pieces
}

/// Characters that take room: colours do not.
fn visible(text: &str) -> usize {
    let mut inside = false;
    text.chars()
        .filter(|letter| {
            inside |= *letter == '\u{1b}';
            let counts = !inside;
            inside &= *letter != 'm';
            counts
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(label: &str, text: &str) -> String {
        let mut out = String::new();
        wrap(&mut out, label, 4, text, 30);
        out
    }

    #[test]
    fn no_line_is_wider_than_the_width_and_all_stand_below_the_first() {
        assert_eq!(
            wrapped("a", "one two three four five six seven"),
            "a   one two three four five\n    six seven\n"
        );
        assert_eq!(wrapped("\u{1b}[1mab\u{1b}[0m", "x"), "\u{1b}[1mab\u{1b}[0m  x\n");
        assert_eq!(wrapped("a", ""), "a   \n");
    }

    #[test]
    fn a_word_that_is_too_wide_is_broken_behind_a_joint_or_anywhere() {
        let path = wrapped("", ".status.containerStatuses.lastState.terminated.exitCode = 137");
        assert_eq!(path, "    .status.containerStatuses.\n    lastState.terminated.\n    exitCode = 137\n");
        let word = wrapped("", &"ü".repeat(60));
        assert!(word.lines().all(|line| line.chars().count() <= 30), "{word}");
        assert_eq!(word.matches('ü').count(), 60);
    }
}
