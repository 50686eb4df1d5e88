//! Kubernetes quantities: `250m`, `1.5Gi`, `12345678n`.

const SUFFIXES: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
];

/// The amount in its base unit: cores or bytes.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let suffixed = SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)));
    let (number, factor) = suffixed.unwrap_or((text, &1.0));
    number.trim().parse::<f64>().ok().map(|number| number * factor)
}

/// `250m`.
pub(crate) fn cpu(cores: f64) -> String {
    format!("{:.0}m", cores * 1000.0)
}

/// `256Mi`.
pub(crate) fn memory(bytes: f64) -> String {
    format!("{:.0}Mi", bytes / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_every_unit() {
        assert_eq!(parse("250m"), Some(0.25));
        assert_eq!(parse("1Gi"), Some(1_073_741_824.0));
        assert_eq!(parse("2"), Some(2.0));
        assert_eq!(cpu(parse("156340000n").unwrap()), "156m");
        assert_eq!(memory(parse("262144Ki").unwrap()), "256Mi");
        assert_eq!(parse("lots"), None);
    }
}
