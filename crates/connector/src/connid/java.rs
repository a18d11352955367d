//! `.properties` files, as Java reads them.

/// One property and the line that it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
}

/// Reads names and values. `=`, `:` or a space parts them, `#` and `!` begin comments, a `\` at the end goes
/// on on the next line, and `\t`, `\n`, `\u0041` stand for characters.
pub(super) fn read(text: &str) -> Vec<Property> {
    let mut properties = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let mut line = line.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while goes_on(&line) {
            line.pop();
            match lines.next() {
                Some((_, next)) => line.push_str(next.trim_start()),
                None => break,
            }
        }
        let (name, value) = split(&line);
        properties.push(Property { name: unescaped(name), value: unescaped(value), line: at + 1 });
    }
    properties
}

/// Whether a line ends with a backslash that is not itself escaped.
fn goes_on(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// Name and value, parted by the first `=`, `:` or white space that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let is_end = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = !escaped && *c == '\\';
        is_end
    });
    let Some((end, _)) = end else { return (line, "") };
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start();
    (name, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start())
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.clone().take(4).collect();
                let found = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                match found.filter(|_| digits.len() == 4) {
                    Some(found) => {
                        out.push(found);
                        chars.nth(3);
                    }
                    None => out.push('u'),
                }
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_read_as_java_does() {
        for (text, name, value) in [
            ("a=b", "a", "b"),
            ("  a : b c ", "a", "b c "),
            ("a b", "a", "b"),
            ("a", "a", ""),
            ("a\\ b=c", "a b", "c"),
            ("a\\=b=c=d", "a=b", "c=d"),
            ("a=b\\\n   c", "a", "bc"),
            ("a=b\\\\", "a", "b\\"),
            ("a=\\u0041\\t\\x\\u00", "a", "A\txu00"),
            ("# x\n! y\n\na=b", "a", "b"),
        ] {
            let found = read(text);
            assert_eq!(
                (found.len(), found[0].name.as_str(), found[0].value.as_str()),
                (1, name, value),
                "{text}"
            );
        }
        assert_eq!(
            read("# x\n\na=b\nc=d\\\ne\nf=g").iter().map(|property| property.line).collect::<Vec<_>>(),
            [3, 4, 6]
        );
    }
}
