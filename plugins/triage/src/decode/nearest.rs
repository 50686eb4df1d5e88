//! The nearest name, and the nearest labels: a suggestion beside a finding, never evidence.

use serde_json::Value;

use crate::object::label;

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

/// Pods of one workload, as a selector may have meant them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<'t> {
    pub(crate) name: &'t str,
    pub(crate) labels: &'t Value,
    /// Has it the port that is wanted?
    pub(crate) exposes_port: bool,
}

/// The group that a selector of this name nearly matches, if one stands out.
pub(crate) fn labels(name: &str, selector: &[(&str, &str)], groups: &[Group<'_>]) -> Option<usize> {
    let most = 4 * selector.len() + 3;
    let mut scored: Vec<(usize, usize)> = groups
        .iter()
        .enumerate()
        .filter_map(|(index, group)| {
            let pairs: Vec<usize> = selector.iter().map(|pair| likeness(pair, group.labels)).collect();
            let same_name = group.name == name;
            let score =
                pairs.iter().sum::<usize>() + 2 * usize::from(group.exposes_port) + usize::from(same_name);
            // A label of quite another value means other pods, whatever else they share, unless the name says
            // whose they are.
            let plausible =
                if pairs.contains(&0) { same_name && group.exposes_port } else { 2 * score >= most };
            plausible.then_some((score, index))
        })
        .collect();
    scored.sort_unstable_by_key(|(score, index)| (std::cmp::Reverse(*score), *index));
    match scored.as_slice() {
        [(_, only)] => Some(*only),
        [(best, first), (second, _), ..] if best > second => Some(*first),
        _ => None,
    }
}

/// How near a pair of a selector is to labels: the same, a slip, the value under another key, or not at all.
fn likeness((key, value): &(&str, &str), labels: &Value) -> usize {
    let elsewhere = || {
        let mut values = labels.as_object().into_iter().flat_map(|map| map.values());
        usize::from(values.any(|found| found.as_str() == Some(value)))
    };
    match label(labels, key) {
        Some(found) if found == *value => 4,
        Some(found) if distance_for_people(found, value).is_some() => 2,
        Some(_) | None => elsewhere(),
    }
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
    use serde_json::json;

    #[test]
    fn slips_are_near() {
        assert_eq!(distance("cart", "crat"), 1);
        assert_eq!(name("promo-config", ["promo-conf", "other"]), Some("promo-conf"));
        assert_eq!(name("PAYMENT_GATEWAY_URL", ["PAYMENT_GATEWY_URL", "LEDGER"]), Some("PAYMENT_GATEWY_URL"));
        assert_eq!(name("live-svc", ["live", "web"]), Some("live"));
    }

    #[test]
    fn labels_are_near_by_a_slip_and_not_by_what_all_share() {
        let find = |selector: &[(&str, &str)], groups: &[(&str, Value)]| {
            let groups: Vec<Group<'_>> =
                groups.iter().map(|(name, labels)| Group { name, labels, exposes_port: true }).collect();
            labels("cart", selector, &groups)
        };
        let cart = ("shop-cart", json!({"app": "cart", "tier": "back"}));
        let other = ("other", json!({"app": "other", "tier": "back"}));
        assert_eq!(find(&[("app", "crat"), ("tier", "back")], &[other.clone(), cart.clone()]), Some(1));
        assert_eq!(find(&[("app", "payments"), ("tier", "back")], &[other.clone(), cart.clone()]), None);
        assert_eq!(find(&[("app", "crat")], &[cart.clone(), cart]), None);
        assert_eq!(find(&[("name", "cart")], &[("cart", json!({"app": "cart"}))]), Some(0));
    }

    #[test]
    fn a_tie_or_another_name_is_no_suggestion() {
        assert_eq!(name("web", ["api", "db"]), None);
        assert_eq!(name("web-a", ["web-b", "web-c"]), None);
    }
}
