//! The cursor under the filter and path parsers: white space, words, names and JSON literals.

use super::{CompareOp, FilterError, Literal};
use crate::limits::MAX_PATH_BYTES;
use crate::path::AttributePath;

/// What stands where a comparison or `pr` should.
pub(super) const OPERATOR: &str = "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)";
const VALUE: &str = "a value";
const UNQUOTED: &str = "a value (text goes in double quotes)";
const STRING: &str = "a JSON string";
const CLOSING_QUOTE: &str = "a closing double quote";
const NUMBER: &str = "a number that a 64-bit float can hold";

/// A position in the source text; always at a character boundary.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    src: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The start of `src`.
    pub(super) fn new(src: &'a str) -> Self {
        Self { src, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.src.get(self.at..).unwrap_or_default()
    }

    /// The error that something else was expected here.
    pub(super) fn expected(&self, expected: &'static str) -> FilterError {
        FilterError::Syntax { at: self.at, expected }
    }

    /// Skips white space.
    pub(super) fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// Whether nothing is left.
    pub(super) fn is_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Whether this character is next.
    pub(super) fn is_next(&self, wanted: char) -> bool {
        self.rest().starts_with(wanted)
    }

    /// Passes this character if it is next.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.is_next(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// The run of characters that paths, operators and bare literals are made of; perhaps empty.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        rest.split(|c: char| !is_word(c)).next().unwrap_or_default()
    }

    /// Passes white space and then this word, in any case, if it is next.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let start = self.at;
        self.skip_space();
        let found = self.word().eq_ignore_ascii_case(keyword);
        self.at = if found { self.at + keyword.len() } else { start };
        found
    }

    /// Reads `[urn:]name[.sub]`.
    pub(super) fn path(&mut self) -> Result<AttributePath, FilterError> {
        let word = self.word();
        if word.len() > MAX_PATH_BYTES {
            return Err(FilterError::TooLarge("bytes in one attribute path"));
        }
        let path = AttributePath::from_word(word)
            .map_err(|(offset, expected)| FilterError::Syntax { at: self.at + offset, expected })?;
        self.at += word.len();
        Ok(path)
    }

    /// Reads the sub-attribute name after `].`.
    pub(super) fn sub_attribute(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        let path = self.path()?;
        if path.urn.is_some() || path.sub.is_some() {
            return Err(FilterError::Syntax { at: start, expected: "one sub-attribute name" });
        }
        Ok(path.name)
    }

    /// Reads a comparison operator, or `pr` as `None`.
    pub(super) fn operator(&mut self) -> Result<Option<CompareOp>, FilterError> {
        let word = self.word();
        let found =
            if word.eq_ignore_ascii_case("pr") { Some(None) } else { CompareOp::named(word).map(Some) };
        let operator = found.ok_or_else(|| self.expected(OPERATOR))?;
        self.at += word.len();
        Ok(operator)
    }

    /// Reads a JSON string, number, boolean or `null`; `True` and `False` too (ours).
    pub(super) fn literal(&mut self) -> Result<Literal, FilterError> {
        if self.is_next('"') {
            return self.string().map(Literal::String);
        }
        let word = self.word();
        let literal = match word {
            "" if self.is_end() => return Err(self.expected(VALUE)),
            "null" => Literal::Null,
            "true" | "True" => Literal::Boolean(true),
            "false" | "False" => Literal::Boolean(false),
            _ if is_json_number(word) => Literal::Number(number(word).ok_or_else(|| self.expected(NUMBER))?),
            _ => return Err(self.expected(UNQUOTED)),
        };
        self.at += word.len();
        Ok(literal)
    }

    fn string(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        let mut escaped = false;
        let closing = rest.bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let Some(length) = closing.map(|inside| inside + 2) else {
            return Err(FilterError::Syntax { at: self.src.len(), expected: CLOSING_QUOTE });
        };
        let text = rest.get(..length).unwrap_or_default();
        let string = serde_json::from_str(text).map_err(|error| {
            let offset = if error.line() == 1 { error.column().saturating_sub(1) } else { 0 };
            FilterError::Syntax { at: self.at + offset.min(length), expected: STRING }
        })?;
        self.at += length;
        Ok(string)
    }
}

/// Characters of names, URNs (RFC 8141 without parentheses), operators and bare literals.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.:$+,=@;!*'%/~#?&".contains(c)
}

/// RFC 8259 §6.
fn is_json_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// The nearest number; `None` when it is past the range of a 64-bit float.
fn number(text: &str) -> Option<serde_json::Number> {
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.into());
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(integer.into());
    }
    text.parse().ok().and_then(serde_json::Number::from_f64)
}
