//! The names that somebody may have meant.

/// How many are worth reading.
const SHOWN: usize = 5;

/// Up to five candidates that resemble the wanted name, best first.
pub(crate) fn names<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    let mut scored: Vec<(usize, &str)> =
        candidates.into_iter().filter_map(|name| Some((distance(&wanted, name)?, name))).collect();
    scored.sort_unstable();
    scored.dedup();
    scored.into_iter().take(SHOWN).map(|(_, name)| name).collect()
}

/// None: nothing in common.
fn distance(wanted: &str, name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    // A workload's name begins the names of its pods, and a stale pod shares all but its suffix.
    let shared = wanted.bytes().zip(name.bytes()).take_while(|(left, right)| left == right).count();
    if name.starts_with(wanted) || wanted.starts_with(&name) {
        return Some(0);
    }
    if name.contains(wanted) {
        return Some(1);
    }
    let edits = edits(wanted.as_bytes(), name.as_bytes());
    let close = edits <= 1 + wanted.len() / 3;
    let same_start = shared >= 4 && shared * 2 >= wanted.len();
    (close || same_start).then_some(2 + edits)
}

/// Levenshtein's distance, one row at a time.
fn edits(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.iter().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(right) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_pod_name_finds_its_successor_first() {
        let pods = ["api-6f9-abcde", "worker-598d75d5d9-69pzv", "postgres-0"];
        assert_eq!(names("worker-598d75d5d9-xxxxx", pods), ["worker-598d75d5d9-69pzv"]);
        assert_eq!(names("worker", pods), ["worker-598d75d5d9-69pzv"]);
        assert_eq!(names("postgers-0", pods), ["postgres-0"]);
        assert!(names("zzz", pods).is_empty());
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits(b"kitten", b"sitting"), 3);
        assert_eq!(edits(b"", b"ab"), 2);
    }
}
