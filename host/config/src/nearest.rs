//! The nearest right word to a wrong one.

/// How many edits apart two words may be, in relation to their length, and still be the same word misspelt.
const EDITS_PER_WORD: usize = 3;

/// The candidate that a person most likely meant, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= (candidate.chars().count() + 1) / EDITS_PER_WORD)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// All candidates, the nearest first; equally near ones keep their order.
pub fn by_nearness<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut sorted: Vec<&str> = candidates.into_iter().collect();
    sorted.sort_by_cached_key(|candidate| distance(word, candidate));
    sorted
}

/// Levenshtein's distance without regard to case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.to_lowercase().chars().enumerate() {
        let mut next = vec![line + 1];
        let mut last = line + 1;
        for ((to, above), diagonal) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            last = (last + 1).min(above + 1).min(diagonal + usize::from(from != *to));
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_the_right_one_and_a_strange_word_finds_none() {
        assert_eq!(nearest("modle", ["model", "api_key"]), Some("model"));
        assert_eq!(nearest("apikey", ["model", "api_key"]), Some("api_key"));
        assert_eq!(nearest("banana", ["model", "api_key"]), None);
        assert_eq!(nearest("", []), None);
    }

    #[test]
    fn distances_are_levenshteins() {
        for (left, right, expected) in
            [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("a", "A", 0)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn the_nearest_comes_first() {
        assert_eq!(by_nearness("faast", ["deep", "fast"]), ["fast", "deep"]);
    }
}
