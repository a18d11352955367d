//! From text to [`Node`]s (RFC 8259).

use std::borrow::Cow;

use super::Node;

/// Lists and objects in one another, as many as `serde_json` takes.
const MAX_DEPTH: u32 = 127;

/// Why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It breaks off.
    #[error("the JSON ends too early")]
    TooShort,
    /// Something else is wrong with it, at this byte.
    #[error("it is not JSON from byte {0} on")]
    Wrong(usize),
}

impl<'a> Node<'a> {
    /// Reads a whole text.
    ///
    /// # Errors
    ///
    /// [`ParseError`]: it breaks off, is no JSON, is not UTF-8, or is nested more than 127 deep.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(bytes).map_err(|error| match error.error_len() {
            None => ParseError::TooShort,
            Some(_) => ParseError::Wrong(error.valid_up_to()),
        })?;
        let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
        parser.blank();
        let node = parser.value(MAX_DEPTH)?;
        parser.blank();
        if parser.at < bytes.len() { Err(ParseError::Wrong(parser.at)) } else { Ok(node) }
    }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// What is wrong here.
    fn wrong<T>(&self) -> Result<T, ParseError> {
        Err(if self.at < self.bytes.len() { ParseError::Wrong(self.at) } else { ParseError::TooShort })
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Goes over this byte if it is there.
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, ParseError> {
        for byte in word.bytes() {
            if !self.take(byte) {
                return self.wrong();
            }
        }
        Ok(node)
    }

    fn value(&mut self, depth: u32) -> Result<Node<'a>, ParseError> {
        match self.peek() {
            Some(b'"') => Ok(Node::Text(self.string()?)),
            Some(b'{') => self.object(depth.checked_sub(1).ok_or(ParseError::Wrong(self.at))?),
            Some(b'[') => self.list(depth.checked_sub(1).ok_or(ParseError::Wrong(self.at))?),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            _ => self.wrong(),
        }
    }

    fn object(&mut self, depth: u32) -> Result<Node<'a>, ParseError> {
        self.at += 1;
        let mut members = Vec::with_capacity(4);
        self.blank();
        if self.take(b'}') {
            return Ok(Node::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.wrong();
            }
            let name = self.string()?;
            self.blank();
            if !self.take(b':') {
                return self.wrong();
            }
            self.blank();
            members.push((name, self.value(depth)?));
            self.blank();
            if self.take(b'}') {
                return Ok(Node::Object(members));
            }
            if !self.take(b',') {
                return self.wrong();
            }
            self.blank();
        }
    }

    fn list(&mut self, depth: u32) -> Result<Node<'a>, ParseError> {
        self.at += 1;
        let mut list = Vec::new();
        self.blank();
        if self.take(b']') {
            return Ok(Node::List(list));
        }
        loop {
            list.push(self.value(depth)?);
            self.blank();
            if self.take(b']') {
                return Ok(Node::List(list));
            }
            if !self.take(b',') {
                return self.wrong();
            }
            self.blank();
        }
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { self.wrong() }
    }

    fn number(&mut self) -> Result<Node<'a>, ParseError> {
        let from = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Node::Number(self.text.get(from..self.at).unwrap_or_default()))
    }

    /// The part from here that a string has as it is.
    fn plain(&mut self) -> &'a str {
        let from = self.at;
        let rest = self.bytes.get(from..).unwrap_or_default();
        let odd = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        self.at += rest.iter().position(odd).unwrap_or(rest.len());
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn string(&mut self) -> Result<Cow<'a, str>, ParseError> {
        self.at += 1;
        let plain = self.plain();
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            if self.take(b'"') {
                return Ok(Cow::Owned(text));
            }
            if !self.take(b'\\') {
                // A control character, or nothing.
                return self.wrong();
            }
            text.push(self.escaped()?);
            text.push_str(self.plain());
        }
    }

    fn escaped(&mut self) -> Result<char, ParseError> {
        let Some(byte) = self.peek() else { return self.wrong() };
        let meant = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unit(),
            _ => return self.wrong(),
        };
        self.at += 1;
        Ok(meant)
    }

    /// `\u` and four hexadecimal digits, or two of these that make one character together.
    fn unit(&mut self) -> Result<char, ParseError> {
        let from = self.at;
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.take(b'\\') || self.peek() != Some(b'u') {
                return self.wrong();
            }
            let second = self.hex()?;
            let Some(low) = second.checked_sub(0xdc00).filter(|low| *low < 0x400) else {
                return Err(ParseError::Wrong(from));
            };
            0x1_0000 + ((first - 0xd800) << 10) + low
        } else {
            first
        };
        char::from_u32(code).ok_or(ParseError::Wrong(from))
    }

    /// Four digits behind `u`.
    fn hex(&mut self) -> Result<u32, ParseError> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.wrong();
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::json::Json as _;

    /// What `serde_json` makes of it is what is expected, and where it sees an end too early, so is that.
    fn check(text: &[u8]) {
        let shown = String::from_utf8_lossy(text);
        match (Node::parse(text), serde_json::from_slice::<Value>(text)) {
            (Ok(node), Ok(value)) => assert_eq!(node.to_value(), value, "{shown}"),
            (Err(error), Err(expected)) => {
                assert_eq!(error == ParseError::TooShort, expected.is_eof(), "{shown}: {error}, {expected}");
            }
            (found, expected) => panic!("{shown}: {found:?}, {expected:?}"),
        }
    }

    #[test]
    fn texts_are_read_as_serde_json_reads_them() {
        for text in [
            "null",
            "true",
            "false",
            "nul",
            "tru",
            "nulll",
            "",
            " ",
            " [ ] ",
            "{}",
            "{ }",
            "[1,]",
            "[,1]",
            "0",
            "-0",
            "01",
            "-",
            "1.",
            ".5",
            "1.5e10",
            "1e",
            "1E+2",
            "1e-7",
            "123456789012345678901234567890",
            "[1 2]",
            r#"{"a":1,"a":2}"#,
            r#"{"a" : [1, {"b": null}] }"#,
            r#"{"a"}"#,
            r#"{"a":}"#,
            "{a:1}",
            r#"{"a":1,}"#,
            r#""\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83dx""#,
            r#""\ud83d\u0041""#,
            r#""\x""#,
            r#""\u12x4""#,
            "\"a\nb\"",
            "\"abc",
            "\"\u{7f}é😀\"",
            r#"{"a":"b""#,
            "[[[",
            "1 2",
            "{}x",
            "\u{feff}{}",
        ] {
            check(text.as_bytes());
        }
        check(b"\"\xff\"");
        for depth in [126, 127, 128, 200] {
            check(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        }
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let Node::List(list) = Node::parse(br#"["plain", "with \" quote"]"#).unwrap() else { panic!() };
        let borrowed = |node: &Node<'_>| matches!(node, Node::Text(Cow::Borrowed(_)));
        assert_eq!(list.iter().map(borrowed).collect::<Vec<_>>(), [true, false]);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| members.into_iter().collect::<Value>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(value in value(), cut in 0_usize..200) {
            let text = value.to_string();
            prop_assert_eq!(Node::parse(text.as_bytes()).unwrap().to_value(), value);
            check(text.as_bytes().get(..cut.min(text.len())).unwrap());
            check(serde_json::to_string_pretty(&text).unwrap().as_bytes());
        }
    }
}
