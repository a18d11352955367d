//! Aligned text.

use std::fmt;

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// The left one: text.
    Left,
    /// The right one: numbers.
    Right,
}

/// A table: a line of headings, then the rows, each column as wide as its widest cell.
#[derive(Debug)]
pub struct Table {
    aligns: Vec<Align>,
    lines: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let headings = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        Self { aligns: columns.iter().map(|(_, align)| *align).collect(), lines: vec![headings] }
    }

    /// Adds a row: one cell for each column.
    pub fn add(&mut self, cells: Vec<String>) {
        self.lines.push(cells);
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column| {
            self.lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|cell: &String| cell.chars().count())
                .max()
        };
        (0..self.aligns.len()).map(|column| width(column).unwrap_or(0)).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for line in &self.lines {
            let columns = line.iter().zip(&self.aligns).zip(&widths);
            let cells: Vec<String> = columns
                .map(|((cell, align), width)| match align {
                    Align::Left => format!("{cell:<width$}"),
                    Align::Right => format!("{cell:>width$}"),
                })
                .collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// A count with its thousands apart: `100,000`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
#[allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&[("what", Align::Left), ("count", Align::Right), ("note", Align::Left)]);
        table.add(vec!["get".to_owned(), "1,000,000".to_owned(), String::new()]);
        table.add(vec!["filter, é".to_owned(), "7".to_owned(), "slow".to_owned()]);
        expect![[r#"
            what           count  note
            get        1,000,000
            filter, é          7  slow
        "#]]
        .assert_eq(&table.to_string());
    }

    #[test]
    fn thousands_are_apart() {
        let check = |count, text: &str| assert_eq!(thousands(count), text);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(1_234_567, "1,234,567");
    }
}
