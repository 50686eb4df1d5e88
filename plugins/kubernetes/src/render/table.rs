//! Aligned text tables.

/// Wider cells do not push the next column away: padding costs tokens.
const WIDEST: usize = 48;

/// Headers and rows as lines; columns are aligned, and the last one is never padded.
pub(crate) fn lines(columns: &[&str], rows: &[&[String]]) -> Vec<String> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(*row) {
            *width = (*width).max(cell.chars().count().min(WIDEST));
        }
    }
    let header: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    std::iter::once(header.as_slice()).chain(rows.iter().copied()).map(|row| line(row, &widths)).collect()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if index > 0 {
            line.push_str("  ");
        }
        let cell = if cell.is_empty() { "-" } else { cell };
        line.push_str(cell);
        if index + 1 < cells.len() {
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_empty_cells_show() {
        let rows = [vec!["a".to_owned(), String::new()], vec!["longer".to_owned(), "x".to_owned()]];
        let rows: Vec<&[String]> = rows.iter().map(Vec::as_slice).collect();
        assert_eq!(lines(&["NAME", "AGE"], &rows), ["NAME    AGE", "a       -", "longer  x"]);
    }
}
