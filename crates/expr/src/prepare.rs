//! Preparing an expression for the parser: `is None`, and a function around it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::scan::{Token, Unreadable, scan};

/// What the function is called; a name with `_` in front would be private to the module.
pub(crate) const FUNCTION: &str = "rollcall_expression";
/// Spaces in front of each line of the function.
const INDENT: &str = "    ";

/// An expression that was scanned.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The names in it, variables among them.
    pub(crate) names: BTreeSet<String>,
    /// The statements, indented as the body of a function.
    body: String,
    /// For each line: how many characters its beginning grew by.
    grown: Vec<i64>,
    /// The lines as they were written.
    lines: Vec<String>,
}

/// A place in an expression as it was written: line and column from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Prepared {
    /// Scans and rewrites an expression.
    ///
    /// # Errors
    ///
    /// Where it nests too deep, or uses `is` for something else than `None`, `True` and `False`.
    pub(crate) fn new(source: &str) -> Result<Self, (Position, String)> {
        let place = |unreadable: Unreadable| (position(source, unreadable.at), unreadable.message);
        let scanned = scan(source).map_err(place)?;
        let rewritten = without_is(source, &scanned.tokens).map_err(place)?;
        let mut names = BTreeSet::new();
        for (_, token) in &scanned.tokens {
            match token {
                Token::Name(name) => {
                    names.insert((*name).to_owned());
                }
                // What is in the braces of an f-string, and a little more, which does no harm.
                Token::Text(text) if text.starts_with(['f', 'F']) => names.extend(words(text)),
                Token::Text(_) | Token::Sign(_) => {}
            }
        }
        let (body, grown) = indented(&rewritten, &scanned.lines);
        Ok(Self { names, body, grown, lines: source.split('\n').map(str::to_owned).collect() })
    }

    /// A module with one function of these parameters.
    pub(crate) fn module(&self, parameters: &[&str]) -> String {
        let mut module = format!("def {FUNCTION}({}):\n{}", parameters.join(", "), self.body);
        // A body of comments alone is none.
        let _ = write!(module, "\n{INDENT}pass\n");
        module
    }

    /// Where line and column (from 0) of the module are in the expression; `None` past its end.
    pub(crate) fn place(&self, line: usize, column: usize) -> Option<Position> {
        let at = line.saturating_sub(1);
        let grown = self.grown.get(at).copied()?;
        let column = (i64::try_from(column).unwrap_or_default() - grown).max(0);
        Some(Position { line: number(at + 1), column: u32::try_from(column + 1).unwrap_or(u32::MAX) })
    }

    /// The end of the expression.
    pub(crate) fn end(&self) -> Position {
        let last = self.lines.last().map_or(0, |line| line.chars().count());
        Position { line: number(self.lines.len()), column: number(last + 1) }
    }

    /// A line as it was written, from 1.
    pub(crate) fn line(&self, line: u32) -> &str {
        let at = usize::try_from(line).unwrap_or_default().saturating_sub(1);
        self.lines.get(at).map_or("", |line| line.trim())
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Line and column of a byte offset.
fn position(source: &str, at: usize) -> Position {
    let before = source.get(..at).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: number(before.matches('\n').count() + 1),
        column: number(before.get(line_start..).unwrap_or_default().chars().count() + 1),
    }
}

/// The expression with `is` and `is not` as `==` and `!=`, of the same length.
///
/// Starlark has no `is`; for `None`, `True` and `False` it means the same.
fn without_is(source: &str, tokens: &[(usize, Token<'_>)]) -> Result<String, Unreadable> {
    let mut rewritten = source.to_owned();
    for (index, (at, token)) in tokens.iter().enumerate() {
        if *token != Token::Name("is") {
            continue;
        }
        let next = |ahead: usize| tokens.get(index + ahead).copied();
        let (end, operator, operand) = match (next(1), next(2)) {
            (Some((not_at, Token::Name("not"))), operand) => (not_at + 3, "!=", operand),
            (operand, _) => (at + 2, "==", operand),
        };
        if !matches!(operand, Some((_, Token::Name("None" | "True" | "False")))) {
            let message = "`is` is only for None, True and False; compare with ==".to_owned();
            return Err(Unreadable { at: *at, message });
        }
        let between = source.get(*at..end).unwrap_or_default();
        let rest = between.chars().skip(2).map(|c| if c.is_alphabetic() { ' ' } else { c });
        let replaced: String = operator.chars().chain(rest).collect();
        rewritten.replace_range(*at..end, &replaced);
    }
    Ok(rewritten)
}

/// Every line that does not begin inside a string one level deeper, tabs as spaces.
fn indented(source: &str, starts: &[usize]) -> (String, Vec<i64>) {
    let (mut body, mut grown, mut at) = (String::new(), Vec::new(), 0);
    for line in source.split('\n') {
        let is_code = starts.binary_search(&at).is_ok();
        at += line.len() + 1;
        if !body.is_empty() || !grown.is_empty() {
            body.push('\n');
        }
        if !is_code {
            body.push_str(line);
            grown.push(0);
            continue;
        }
        let code = line.trim_start_matches([' ', '\t']);
        let before = line.len() - code.len();
        let spaces: usize = line.chars().take(before).map(|c| if c == '\t' { INDENT.len() } else { 1 }).sum();
        body.push_str(INDENT);
        body.push_str(&" ".repeat(spaces));
        body.push_str(code);
        let after = INDENT.len() + spaces;
        grown.push(i64::try_from(after).unwrap_or_default() - i64::try_from(before).unwrap_or_default());
    }
    (body, grown)
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_none_becomes_a_comparison_of_the_same_length() {
        for (source, body) in [
            ("return a is None", "    return a == None"),
            ("return a is not None", "    return a !=     None"),
            ("return 'is None'", "    return 'is None'"),
            ("if a is not\tTrue:\n\tpass", "    if a !=    \tTrue:\n        pass"),
        ] {
            assert_eq!(Prepared::new(source).unwrap().body, body, "{source}");
        }
        let (at, message) = Prepared::new("x = 1\nreturn a is b").unwrap_err();
        assert_eq!((at.line, at.column), (2, 10));
        assert_eq!(message, "`is` is only for None, True and False; compare with ==");
    }

    #[test]
    fn strings_of_several_lines_are_not_indented() {
        let prepared = Prepared::new("x = '''a\n  b'''\nreturn x").unwrap();
        assert_eq!(prepared.body, "    x = '''a\n  b'''\n    return x");
        assert_eq!(prepared.place(3, 4), Some(Position { line: 3, column: 1 }));
        assert_eq!(prepared.place(4, 4), None);
        assert_eq!(prepared.end(), Position { line: 3, column: 9 });
    }

    #[test]
    fn names_in_f_strings_are_names() {
        let prepared = Prepared::new("return f\"{userName}@x\" + 'title'").unwrap();
        assert!(prepared.names.contains("userName"));
        assert!(!prepared.names.contains("title"));
    }
}
