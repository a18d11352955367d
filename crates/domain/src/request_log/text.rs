//! Masks of text: the shape stays, so that one sees what kind of thing was sent.

/// What stands for a secret.
pub(super) const SECRET: &str = "•••";
/// What stands for what is left out.
pub(super) const REST: &str = "…";

/// What is left of a personal value: `a…` of a name, `a…@…` of an address; blank text and booleans as they are.
pub(super) fn shape(text: &str) -> String {
    if is_telling(text) {
        return text.to_owned();
    }
    match text.split_once('@') {
        Some((local, _)) => format!("{}{REST}@{REST}", head(local)),
        None => format!("{}{REST}", head(text)),
    }
}

/// Whether a value says nothing of a person: it is blank, or a boolean in whatever case.
fn is_telling(text: &str) -> bool {
    text.trim().is_empty() || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// The first character, of what is longer than two.
fn head(text: &str) -> String {
    let first = text.chars().next().filter(|first| first.is_alphanumeric() || *first == '+');
    first.filter(|_| text.chars().count() > 2).map(String::from).unwrap_or_default()
}

/// The text with every mail address in it masked: whatever has an `@` between separators.
pub(super) fn mails(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let is_separator = |c: char| c.is_whitespace() || "\"'`,;:()<>[]{}|=&?/\\".contains(c);
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_separator) {
        let word = piece.trim_end_matches(is_separator);
        let masked = if word.contains('@') { shape(word) } else { word.to_owned() };
        out.push_str(&masked);
        out.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    out
}

/// The sentence with a value masked wherever it stands as a word of its own.
pub(super) fn replace_word(sentence: String, value: &str, masked: &str) -> String {
    if !sentence.contains(value) {
        return sentence;
    }
    let mut out = String::with_capacity(sentence.len());
    let mut end = 0;
    for (at, _) in sentence.match_indices(value) {
        let (before, after) = (sentence.get(..at), sentence.get(at + value.len()..));
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_inside = is_word(before.and_then(|text| text.chars().next_back()))
            || is_word(after.and_then(|text| text.chars().next()));
        if !is_inside {
            out.push_str(sentence.get(end..at).unwrap_or_default());
            out.push_str(masked);
            end = at + value.len();
        }
    }
    out.push_str(sentence.get(end..).unwrap_or_default());
    out
}

/// The filter or path with what is in double quotes given to `mask`; an open quote goes to the end.
///
/// `mask` gets the text as JSON has it, with escapes undone where they can be.
pub(super) fn literals(filter: &str, mut mask: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(filter.len());
    let mut rest = filter;
    while let Some((before, from)) = rest.split_once('"') {
        out.push_str(before);
        let end = closing(from);
        let inner = from.get(..end).unwrap_or(from);
        let plain = serde_json::from_str::<String>(&format!("\"{inner}\""));
        out.push('"');
        out.push_str(&mask(plain.as_deref().unwrap_or(inner)));
        rest = from.get(end..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('"') {
            out.push('"');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Where the string that begins here ends.
fn closing(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_show_what_kind_of_value_it_was() {
        for (value, expected) in [
            ("Barbara", "B…"),
            ("barbara@example.com", "b…@…"),
            ("+1 555 0100", "+…"),
            ("Jo", "…"),
            ("", ""),
            ("  ", "  "),
            ("TRUE", "TRUE"),
            ("jo@example.com", "…@…"),
            ("Ünal", "Ü…"),
        ] {
            assert_eq!(shape(value), expected, "{value}");
        }
    }

    #[test]
    fn addresses_are_found_in_sentences() {
        for (text, expected) in [
            ("mailto:barbara@example.com, and <bob@example.org>", "mailto:b…@…, and <b…@…>"),
            ("no address", "no address"),
            ("a @ b", "a …@… b"),
        ] {
            assert_eq!(mails(text), expected, "{text}");
        }
    }

    #[test]
    fn literals_of_filters_are_masked_also_in_broken_ones() {
        for (filter, expected) in [
            (r#"userName eq "barbara" and active eq true"#, r#"userName eq "b…" and active eq true"#),
            (r#"emails[value eq "a\"b@x"].type"#, r#"emails[value eq "a…@…"].type"#),
            (r#"userName eq "barb"#, r#"userName eq "b…"#),
            ("title pr", "title pr"),
        ] {
            assert_eq!(literals(filter, shape), expected, "{filter}");
        }
    }
}
