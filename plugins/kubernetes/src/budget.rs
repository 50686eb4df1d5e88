//! How much text one result may hold.

use holmes_plugin::Host;

/// About 25,000 tokens less room to spare: what one result may take of a model's window.
const MOST: u64 = 60_000;

/// Bytes that the text of a result may take, with room for its footer.
pub(crate) fn bytes(host: &Host) -> usize {
    let available = host.output_budget().saturating_sub(1_024).clamp(512, MOST);
    usize::try_from(available).unwrap_or(512)
}

/// The text up to a byte limit, ended at a line if there is one.
pub(crate) fn head(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let cut = text.floor_char_boundary(limit);
    let part = text.get(..cut).unwrap_or_default();
    part.rfind('\n').and_then(|end| part.get(..end)).filter(|lines| !lines.is_empty()).unwrap_or(part)
}

/// One line of at most so many bytes.
pub(crate) fn line(text: &str, limit: usize) -> String {
    let flat = text.replace(['\n', '\r', '\t'], " ");
    if flat.len() <= limit {
        return flat;
    }
    let cut = flat.floor_char_boundary(limit);
    format!("{}…", flat.get(..cut).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_line_and_never_inside_a_letter() {
        assert_eq!(head("ab\ncd\nef", 7), "ab\ncd");
        assert_eq!(head("äöü", 3), "ä");
        assert_eq!(line("äöü", 3), "ä…");
        assert_eq!(line("a\nb", 3), "a b");
    }
}
