//! Aligned text tables.

/// Wider cells do not push the next column away: padding costs tokens.
const WIDEST: usize = 48;

/// Headers and rows as lines; columns are aligned, the last one is never padded, and a column that is empty in
/// every row is left out.
pub(crate) fn lines(columns: &[&str], rows: &[&[String]]) -> Vec<String> {
    let header: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let mut widths = vec![0; columns.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(*row) {
            *width = (*width).max(cell.chars().count().min(WIDEST));
        }
    }
    for (width, column) in widths.iter_mut().zip(columns).filter(|(width, _)| **width > 0) {
        *width = (*width).max(column.len());
    }
    std::iter::once(header.as_slice()).chain(rows.iter().copied()).map(|row| line(row, &widths)).collect()
}

/// One line; a column without width is left out.
fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let cell = if cell.is_empty() { "-" } else { cell };
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_empty_cells_show_and_empty_columns_do_not() {
        let rows = [["a", "", ""], ["longer", "", "x"]].map(|row| row.map(str::to_owned));
        let rows: Vec<&[String]> = rows.iter().map(<[String; 3]>::as_slice).collect();
        assert_eq!(lines(&["NAME", "ZONE", "AGE"], &rows), ["NAME    AGE", "a       -", "longer  x"]);
    }
}
