//! Parsing filters and paths: recursive descent over RFC 7644 §3.4.2.2 figure 1, its depth limited.

use super::lex::{Cursor, OPERATOR};
use super::{CompareOp, Filter, FilterError};
use crate::limits::{MAX_EXPRESSION_BYTES, MAX_FILTER_DEPTH, MAX_FILTER_TERMS};
use crate::path::{AttributePath, PathError, ValuePath};

impl CompareOp {
    /// The operator of this name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        const ALL: [CompareOp; 9] = [
            CompareOp::Eq,
            CompareOp::Ne,
            CompareOp::Co,
            CompareOp::Sw,
            CompareOp::Ew,
            CompareOp::Gt,
            CompareOp::Ge,
            CompareOp::Lt,
            CompareOp::Le,
        ];
        ALL.into_iter().find(|op| op.name().eq_ignore_ascii_case(name))
    }
}

impl Filter {
    /// Parses a `filter` query value (already percent-decoded).
    ///
    /// Attribute names and operators match in any case; values keep theirs. Beyond the grammar of
    /// RFC 7644 §3.4.2.2, ours: white space is needed only where two words would touch; `True` and
    /// `False` are booleans; `emails[type eq "work"].value eq "x"`, which Entra ID sends, means
    /// `emails[type eq "work" and value eq "x"]`.
    ///
    /// # Errors
    ///
    /// - [`FilterError::Syntax`]: byte offset of the first character that does not fit the grammar.
    /// - [`FilterError::TooDeep`]: parentheses, brackets and `not` nest past [`MAX_FILTER_DEPTH`].
    /// - [`FilterError::TooLarge`]: longer than [`MAX_EXPRESSION_BYTES`], or of more comparisons than
    ///   [`MAX_FILTER_TERMS`].
    ///
    /// All become HTTP 400 with `scimType: invalidFilter` (RFC 7644 §3.12).
    ///
    /// ```
    /// use rollcall_scim::filter::Filter;
    ///
    /// let filter = Filter::parse(r#"USERNAME Eq "Ann" and not(title pr)"#)?;
    /// assert_eq!(filter.to_string(), r#"USERNAME eq "Ann" and not (title pr)"#);
    /// let error = Filter::parse("userName eq").unwrap_err();
    /// assert_eq!(error.to_string(), "expected a value at byte 11");
    /// # Ok::<(), rollcall_scim::filter::FilterError>(())
    /// ```
    pub fn parse(src: &str) -> Result<Self, FilterError> {
        let mut parser = Parser::new(src)?;
        let filter = parser.any()?;
        parser.end("'and', 'or' or the end of the filter")?;
        Ok(filter)
    }
}

/// Parses a PATCH `path` (RFC 7644 §3.5.2 figure 7): `attrPath`, or `attrPath[filter]` and perhaps
/// `.subAttribute`. No white space around it.
///
/// # Errors
///
/// - [`PathError::Syntax`]: byte offset of the first character that does not fit.
/// - [`PathError::TooLarge`]: past a limit of [`Filter::parse`].
///
/// ```
/// use rollcall_scim::filter::parse_value_path;
///
/// let path = parse_value_path(r#"emails[type eq "work"].value"#)?;
/// assert_eq!((path.path.name.as_str(), path.sub.as_deref()), ("emails", Some("value")));
/// # Ok::<(), rollcall_scim::path::PathError>(())
/// ```
pub fn parse_value_path(src: &str) -> Result<ValuePath, PathError> {
    let parse = || {
        let mut parser = Parser::new(src)?;
        let path = parser.value_path()?;
        if parser.cursor.is_end() { Ok(path) } else { Err(parser.cursor.expected("the end of the path")) }
    };
    parse().map_err(|error| match error {
        FilterError::Syntax { at, expected } => PathError::Syntax { at, expected },
        FilterError::TooDeep => PathError::TooLarge("deep"),
        FilterError::TooLarge(_) | FilterError::Type(_) => PathError::TooLarge("long"),
        FilterError::Path(error) => error,
    })
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    /// Comparisons and presence tests so far.
    terms: usize,
    /// Open parentheses and brackets.
    depth: usize,
    in_brackets: bool,
}

impl<'a> Parser<'a> {
    fn new(src: &'a str) -> Result<Self, FilterError> {
        if src.len() > MAX_EXPRESSION_BYTES {
            return Err(FilterError::TooLarge("bytes"));
        }
        Ok(Self { cursor: Cursor::new(src), terms: 0, depth: 0, in_brackets: false })
    }

    fn end(&mut self, expected: &'static str) -> Result<(), FilterError> {
        self.cursor.skip_space();
        if self.cursor.is_end() { Ok(()) } else { Err(self.cursor.expected(expected)) }
    }

    /// Terms joined by `or`.
    fn any(&mut self) -> Result<Filter, FilterError> {
        let first = self.all()?;
        let mut rest = Vec::new();
        while self.cursor.take_keyword("or") {
            rest.push(self.all()?);
        }
        Ok(any_of(first, rest))
    }

    /// Terms joined by `and`.
    fn all(&mut self) -> Result<Filter, FilterError> {
        let first = self.term()?;
        let mut rest = Vec::new();
        while self.cursor.take_keyword("and") {
            rest.push(self.term()?);
        }
        Ok(all_of(first, rest))
    }

    /// A group, a negated group, or something about an attribute.
    fn term(&mut self) -> Result<Filter, FilterError> {
        self.cursor.skip_space();
        if self.cursor.is_next('(') {
            return self.group();
        }
        let path = self.cursor.path()?;
        self.cursor.skip_space();
        if self.cursor.is_next('(') && path.is_word("not") {
            return self.group().map(|inner| Filter::Not(Box::new(inner)));
        }
        if self.cursor.is_next('[') { self.element(path) } else { self.comparison(path) }
    }

    fn group(&mut self) -> Result<Filter, FilterError> {
        self.cursor.take('(');
        self.enter()?;
        let inner = self.any()?;
        self.leave(')', "'and', 'or' or ')'")?;
        Ok(inner)
    }

    /// `path[filter]`, and `path[filter].sub op value`.
    fn element(&mut self, path: AttributePath) -> Result<Filter, FilterError> {
        let inner = self.brackets(&path)?;
        if !self.cursor.take('.') {
            return Ok(Filter::Element(path, Box::new(inner)));
        }
        // Printed, an `or` before the dot needs parentheses of its own: they count here already, so
        // that what is printed parses.
        if self.depth + 2 > MAX_FILTER_DEPTH {
            return Err(FilterError::TooDeep);
        }
        let sub = AttributePath::named(&self.cursor.sub_attribute()?);
        self.cursor.skip_space();
        let last = self.comparison(sub)?;
        Ok(Filter::Element(path, Box::new(all_of(inner, vec![last]))))
    }

    /// `[filter]` after `path`.
    fn brackets(&mut self, path: &AttributePath) -> Result<Filter, FilterError> {
        if self.in_brackets {
            return Err(self.cursor.expected("no brackets inside brackets"));
        }
        if path.sub.is_some() {
            return Err(self.cursor.expected(OPERATOR));
        }
        self.cursor.take('[');
        self.enter()?;
        self.in_brackets = true;
        let inner = self.any()?;
        self.leave(']', "'and', 'or' or ']'")?;
        self.in_brackets = false;
        Ok(inner)
    }

    /// ` op value` or ` pr`, after `path`.
    fn comparison(&mut self, path: AttributePath) -> Result<Filter, FilterError> {
        self.terms += 1;
        if self.terms > MAX_FILTER_TERMS {
            return Err(FilterError::TooLarge("terms"));
        }
        let Some(operator) = self.cursor.operator()? else {
            return Ok(Filter::Present(path));
        };
        self.cursor.skip_space();
        Ok(Filter::Compare(path, operator, self.cursor.literal()?))
    }

    fn value_path(&mut self) -> Result<ValuePath, FilterError> {
        let path = self.cursor.path()?;
        if !self.cursor.is_next('[') {
            return Ok(ValuePath { path, filter: None, sub: None });
        }
        let filter = Some(self.brackets(&path)?);
        let sub = if self.cursor.take('.') { Some(self.cursor.sub_attribute()?) } else { None };
        Ok(ValuePath { path, filter, sub })
    }

    fn enter(&mut self) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_FILTER_DEPTH { Err(FilterError::TooDeep) } else { Ok(()) }
    }

    fn leave(&mut self, closing: char, expected: &'static str) -> Result<(), FilterError> {
        self.cursor.skip_space();
        self.depth -= 1;
        if self.cursor.take(closing) { Ok(()) } else { Err(self.cursor.expected(expected)) }
    }
}

/// `first and rest…`, with the terms of terms that are `And` themselves in their place.
fn all_of(first: Filter, rest: Vec<Filter>) -> Filter {
    if rest.is_empty() {
        return first;
    }
    let mut terms = Vec::with_capacity(rest.len() + 1);
    for term in std::iter::once(first).chain(rest) {
        match term {
            Filter::And(inner) => terms.extend(inner),
            other => terms.push(other),
        }
    }
    Filter::And(terms)
}

/// `first or rest…`, with the terms of terms that are `Or` themselves in their place.
fn any_of(first: Filter, rest: Vec<Filter>) -> Filter {
    if rest.is_empty() {
        return first;
    }
    let mut terms = Vec::with_capacity(rest.len() + 1);
    for term in std::iter::once(first).chain(rest) {
        match term {
            Filter::Or(inner) => terms.extend(inner),
            other => terms.push(other),
        }
    }
    Filter::Or(terms)
}
