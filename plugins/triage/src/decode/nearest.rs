//! The nearest name: a suggestion beside a finding, never evidence.

/// The candidate that somebody may have meant, if one stands out.
pub(crate) fn name<'c>(wanted: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let mut scored: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != wanted && !candidate.is_empty())
        .filter_map(|candidate| Some((distance_for_people(wanted, candidate)?, candidate)))
        .collect();
    scored.sort_unstable();
    match scored.as_slice() {
        [(_, only)] => Some(only),
        [(best, first), (second, _), ..] if best < second => Some(first),
        _ => None,
    }
}

/// Two names are near when they differ by a slip: case and separators, two letters, or a lost end.
fn distance_for_people(one: &str, other: &str) -> Option<usize> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', '.'], "");
    if plain(one) == plain(other) {
        return Some(0);
    }
    let distance = distance(one, other);
    // In a short name two letters are another name.
    let slip = if one.len().min(other.len()) <= 4 { 1 } else { 2 };
    if distance <= slip {
        return Some(distance);
    }
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let cut = short.len() >= 4 && long.starts_with(short);
    cut.then_some(3)
}

/// Letters to insert, delete, replace or swap with their neighbour.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut last = None;
    for (index, letter) in one.chars().enumerate() {
        let mut next = vec![index + 1];
        for (column, wanted) in other.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&row, column) + usize::from(letter != *wanted);
            best = best.min(at(&row, column + 1) + 1).min(at(&next, column) + 1);
            let left = column.checked_sub(1).and_then(|column| other.get(column).map(|left| (column, *left)));
            if let (Some((left_column, left)), Some(previous)) = (left, last)
                && previous == *wanted
                && letter == left
            {
                best = best.min(at(&before, left_column) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(letter);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near() {
        assert_eq!(distance("cart", "crat"), 1);
        assert_eq!(name("promo-config", ["promo-conf", "other"]), Some("promo-conf"));
        assert_eq!(name("PAYMENT_GATEWAY_URL", ["PAYMENT_GATEWY_URL", "LEDGER"]), Some("PAYMENT_GATEWY_URL"));
        assert_eq!(name("live-svc", ["live", "web"]), Some("live"));
    }

    #[test]
    fn a_tie_or_another_name_is_no_suggestion() {
        assert_eq!(name("web", ["api", "db"]), None);
        assert_eq!(name("web-a", ["web-b", "web-c"]), None);
    }
}
