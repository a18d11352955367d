//! The words of an expression: enough of a lexer to know names from strings, and how deep brackets nest.

/// How deep brackets may nest, and how many signs and `not` may follow each other.
const MAX_DEPTH: usize = 64;

/// A word or sign of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name or keyword.
    Name(&'a str),
    /// A string, with its prefix and quotes.
    Text(&'a str),
    /// Anything else but white space and comments: one character.
    Sign(char),
}

/// What was found, with byte offsets.
#[derive(Debug, Default)]
pub(crate) struct Scan<'a> {
    pub(crate) tokens: Vec<(usize, Token<'a>)>,
    /// Byte offsets of the beginnings of lines that are not inside a string.
    pub(crate) lines: Vec<usize>,
}

/// Why an expression is not even looked at by the parser.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) at: usize,
    pub(crate) message: String,
}

/// Scans an expression.
///
/// # Errors
///
/// When it nests past [`MAX_DEPTH`]: the parser recurses, and its stack is not endless.
pub(crate) fn scan(source: &str) -> Result<Scan<'_>, Unreadable> {
    let mut scan = Scan { tokens: Vec::new(), lines: vec![0] };
    let (mut depth, mut run) = (0_usize, 0_usize);
    let mut at = 0;
    while let Some(c) = source.get(at..).and_then(|rest| rest.chars().next()) {
        let length = match c {
            '\n' => {
                scan.lines.push(at + 1);
                1
            }
            '#' => until(source, at, |c| c == '\n'),
            c if c.is_whitespace() => c.len_utf8(),
            c => {
                let (length, token) = token(source, at, c);
                depth = match c {
                    '(' | '[' | '{' => depth + 1,
                    ')' | ']' | '}' => depth.saturating_sub(1),
                    _ => depth,
                };
                let is_prefix = matches!(token, Token::Sign('-' | '+' | '~') | Token::Name("not"));
                run = if is_prefix { run + 1 } else { 0 };
                if depth > MAX_DEPTH || run > MAX_DEPTH {
                    return Err(Unreadable { at, message: format!("it nests deeper than {MAX_DEPTH}") });
                }
                scan.tokens.push((at, token));
                length
            }
        };
        at += length.max(1);
    }
    Ok(scan)
}

fn until(source: &str, at: usize, ends: impl Fn(char) -> bool) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    rest.find(ends).unwrap_or(rest.len())
}

fn token(source: &str, at: usize, first: char) -> (usize, Token<'_>) {
    let text = |length: usize| source.get(at..at + length).unwrap_or_default();
    if first == '"' || first == '\'' {
        let length = string(source, at, at);
        return (length, Token::Text(text(length)));
    }
    if first.is_alphabetic() || first == '_' {
        let length = until(source, at, |c| !(c.is_alphanumeric() || c == '_'));
        let is_prefix = matches!(text(length), "r" | "b" | "f" | "rb" | "br" | "R" | "B" | "F");
        if is_prefix && source.get(at + length..).is_some_and(|rest| rest.starts_with(['"', '\''])) {
            let length = string(source, at, at + length);
            return (length, Token::Text(text(length)));
        }
        return (length, Token::Name(text(length)));
    }
    if first.is_ascii_digit() {
        // `1e5` and `0x1f` are no names.
        let length = until(source, at, |c| !(c.is_alphanumeric() || c == '_'));
        return (length, Token::Sign('0'));
    }
    (first.len_utf8(), Token::Sign(first))
}

/// Bytes from `start` to the end of the string whose quote is at `quote_at`.
fn string(source: &str, start: usize, quote_at: usize) -> usize {
    let rest = source.get(quote_at..).unwrap_or_default();
    let quote = rest.get(..1).unwrap_or_default();
    let triple = quote.repeat(3);
    let (end, is_triple) = if rest.starts_with(&triple) { (&*triple, true) } else { (quote, false) };
    let mut at = end.len();
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        if c == '\\' {
            at += 1;
            at += rest.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        } else if rest.get(at..).is_some_and(|rest| rest.starts_with(end)) {
            return quote_at - start + at + end.len();
        } else if c == '\n' && !is_triple {
            // Not closed: the parser will say so.
            return quote_at - start + at;
        } else {
            at += c.len_utf8();
        }
    }
    quote_at - start + rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<&str> {
        let tokens = scan(source).unwrap().tokens;
        tokens.into_iter().filter_map(|(_, t)| if let Token::Name(n) = t { Some(n) } else { None }).collect()
    }

    #[test]
    fn names_in_strings_and_comments_are_none() {
        for (source, expected) in [
            ("a + b # c", vec!["a", "b"]),
            (r#"x = "a \" b" + 'c"d'"#, vec!["x"]),
            ("r'\\d' + f\"{n}\" + rx", vec!["rx"]),
            ("\"\"\"a\nb\"\"\"; c", vec!["c"]),
            ("1e5 + 0x1f + d1", vec!["d1"]),
            ("'open\nnext", vec!["next"]),
            ("é.ü", vec!["é", "ü"]),
        ] {
            assert_eq!(names(source), expected, "{source}");
        }
    }

    #[test]
    fn lines_inside_strings_do_not_count() {
        assert_eq!(scan("a\n'''b\nc'''\nd").unwrap().lines, [0, 2, 12]);
    }

    #[test]
    fn what_nests_too_deep_is_not_parsed() {
        for source in ["(".repeat(65), "[".repeat(50_000), "-".repeat(65), "not ".repeat(65)] {
            assert!(scan(&source).is_err(), "{}", &source[..7]);
        }
        assert!(scan(&"()".repeat(100)).is_ok());
    }
}
