//! Filters: flat names in them, and what of a filter an application can be asked.

use rollcall_scim::filter::{CompareOp, Filter, FilterError, Literal};
use rollcall_scim::path::AttributePath;
use rollcall_scim::schema::{Attribute, AttributeType};

use super::names::{Names, Part, Place};
use crate::profile::ScimVersion;

/// Parses a filter (RFC 7644 §3.4.2.2) in which names may be flat: `emails.work.value eq "a@x"` is
/// `emails[type eq "work" and value eq "a@x"]`.
///
/// # Errors
///
/// As [`Filter::parse`]; in a filter with flat names, offsets count these as short ones.
pub fn parse(text: &str, names: &Names<'_>) -> Result<Filter, FilterError> {
    let mut found = Vec::new();
    let plain = with_stand_ins(text, names, &mut found);
    Ok(resolved(Filter::parse(&plain)?, &found, names))
}

/// The text with a word in the place of each flat name, and the names.
fn with_stand_ins(text: &str, names: &Names<'_>, found: &mut Vec<Place>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut depth = 0_usize;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => string_end(rest),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => {
                depth = if c == '[' { depth + 1 } else { depth.saturating_sub(usize::from(c == ']')) };
                c.len_utf8()
            }
        };
        let (token, after) = rest.split_at(end);
        if depth == 0 && is_flat(token, names) && !after.starts_with('[') {
            out.push_str(STAND_IN);
            out.push_str(&found.len().to_string());
            found.push(names.place(token));
        } else {
            out.push_str(token);
        }
        rest = after;
    }
    out
}

/// What stands for a flat name while the filter is parsed.
const STAND_IN: &str = "rollcall-flat-";

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '$' | '-')
}

/// Where the string that the text begins with ends.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Whether a word is a name that SCIM does not have.
fn is_flat(word: &str, names: &Names<'_>) -> bool {
    if !word.starts_with(|c: char| c.is_alphabetic() || c == '_') || !word.contains(['.', ':', '_']) {
        return false;
    }
    let place = names.place(word);
    word.starts_with("__") || names.path(&place).is_none_or(|path| path.to_string() != word)
}

/// The filter with the flat names' own meaning in the place of the stand-ins.
fn resolved(filter: Filter, found: &[Place], names: &Names<'_>) -> Filter {
    let place = |path: &AttributePath| {
        path.name.strip_prefix(STAND_IN)?.parse::<usize>().ok().and_then(|at| found.get(at))
    };
    let all = |terms: Vec<Filter>| terms.into_iter().map(|term| resolved(term, found, names)).collect();
    match filter {
        Filter::Compare(path, op, literal) => match place(&path) {
            Some(place) => compare(place, op, literal, names),
            None => Filter::Compare(path, op, literal),
        },
        Filter::Present(path) => match place(&path) {
            Some(Place { urn, attribute, part: Part::Typed(Some(kind), sub) }) => {
                of_type(urn.as_ref(), attribute, kind, Filter::Present(AttributePath::named(sub)))
            }
            Some(place) => Filter::Present(names.path(place).unwrap_or(path)),
            None => Filter::Present(path),
        },
        Filter::And(terms) => Filter::And(all(terms)),
        Filter::Or(terms) => Filter::Or(all(terms)),
        Filter::Not(inner) => Filter::Not(Box::new(resolved(*inner, found, names))),
        Filter::Element(..) => filter,
    }
}

fn compare(place: &Place, op: CompareOp, literal: Literal, names: &Names<'_>) -> Filter {
    let attribute = names.attribute(place.urn.as_deref(), &place.attribute);
    let literal = typed(literal, attribute, &place.part);
    match (&place.part, op) {
        (Part::Typed(Some(_), _), CompareOp::Ne) => {
            Filter::Not(Box::new(compare(place, CompareOp::Eq, literal, names)))
        }
        (Part::Typed(Some(kind), sub), _) => of_type(
            place.urn.as_ref(),
            &place.attribute,
            kind,
            Filter::Compare(AttributePath::named(sub), op, literal),
        ),
        _ => {
            let path = names.path(place).unwrap_or_else(|| AttributePath::named(&place.attribute));
            Filter::Compare(path, op, literal)
        }
    }
}

fn of_type(urn: Option<&String>, attribute: &str, kind: &str, term: Filter) -> Filter {
    let is_type =
        Filter::Compare(AttributePath::named("type"), CompareOp::Eq, Literal::String(kind.to_owned()));
    let path = AttributePath { urn: urn.cloned(), name: attribute.to_owned(), sub: None };
    Filter::Element(path, Box::new(Filter::And(vec![is_type, term])))
}

/// ConnId gives numbers as text: one that is compared with a number is one.
fn typed(literal: Literal, attribute: Option<&Attribute>, part: &Part) -> Literal {
    let leaf = match part {
        Part::Whole => attribute,
        Part::Sub(sub) | Part::Beside(sub) | Part::Typed(_, sub) => {
            attribute.and_then(|attribute| attribute.sub(sub))
        }
    };
    let is_number =
        leaf.is_some_and(|leaf| matches!(leaf.kind, AttributeType::Integer | AttributeType::Decimal));
    match &literal {
        Literal::String(text) if is_number => text.trim().parse().map_or(literal, Literal::Number),
        _ => literal,
    }
}

/// What filters an application understands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Able {
    /// None at all.
    pub none: bool,
    /// Names of operators, `and`, `or`, `not` and `[]` (value paths) among them; all when `None`.
    pub operators: Option<Vec<String>>,
}

impl Able {
    /// What a version has, less what the application does not take.
    pub fn of(version: ScimVersion, supported: bool, operators: Option<&Vec<String>>) -> Self {
        const OLD: [&str; 10] = ["eq", "co", "sw", "pr", "gt", "ge", "lt", "le", "and", "or"];
        let old = || OLD.map(str::to_owned).to_vec();
        let operators = match (version, operators) {
            (ScimVersion::V1, None) => Some(old()),
            (ScimVersion::V1, Some(given)) => {
                Some(old().into_iter().filter(|name| given.contains(name)).collect())
            }
            (ScimVersion::V2, given) => given.cloned(),
        };
        Self { none: !supported, operators }
    }

    fn takes(&self, operator: &str) -> bool {
        !self.none
            && self
                .operators
                .as_ref()
                .is_none_or(|known| known.iter().any(|name| name.eq_ignore_ascii_case(operator)))
    }
}

/// What an application is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed {
    /// Selects all that the whole filter selects, perhaps more; `None` selects everything.
    pub filter: Option<Filter>,
    /// It selects no more than the whole filter.
    pub exact: bool,
}

const EVERYTHING: Pushed = Pushed { filter: None, exact: false };

/// The part of a filter that an application understands; the rest is for us to evaluate.
pub fn pushed(filter: &Filter, able: &Able) -> Pushed {
    let whole =
        |taken: bool| if taken { Pushed { filter: Some(filter.clone()), exact: true } } else { EVERYTHING };
    match filter {
        // Few applications know `null`.
        Filter::Compare(path, CompareOp::Ne, Literal::Null) => pushed(&Filter::Present(path.clone()), able),
        Filter::Compare(path, CompareOp::Eq, Literal::Null) => negated(&Filter::Present(path.clone()), able),
        Filter::Compare(path, CompareOp::Ne, literal) if !able.takes("ne") => {
            let equal = Filter::Compare(path.clone(), CompareOp::Eq, literal.clone());
            negated(&equal, able)
        }
        Filter::Compare(_, op, _) => whole(able.takes(op.name())),
        Filter::Present(_) => whole(able.takes("pr")),
        Filter::Element(_, inner) if able.takes("[]") && pushed(inner, able).exact => whole(true),
        Filter::Element(path, inner) => match anywhere(path, inner) {
            Some(weaker) => Pushed { exact: false, ..pushed(&weaker, able) },
            None => EVERYTHING,
        },
        Filter::Not(inner) => negated(inner, able),
        Filter::And(terms) => {
            let parts: Vec<Pushed> = terms.iter().map(|term| pushed(term, able)).collect();
            let exact = parts.iter().all(|part| part.exact);
            let mut known: Vec<Filter> =
                parts.into_iter().filter_map(|part| part.filter).flat_map(conjuncts).collect();
            if known.len() < 2 {
                return Pushed { filter: known.pop(), exact };
            }
            if !able.takes("and") {
                return Pushed { filter: known.into_iter().next(), exact: false };
            }
            Pushed { filter: Some(Filter::And(known)), exact }
        }
        Filter::Or(terms) => {
            let parts: Vec<Pushed> = terms.iter().map(|term| pushed(term, able)).collect();
            let exact = parts.iter().all(|part| part.exact);
            let known: Option<Vec<Filter>> = parts.into_iter().map(|part| part.filter).collect();
            match known.filter(|_| able.takes("or")) {
                Some(known) => Pushed { filter: Some(Filter::Or(known)), exact },
                None => EVERYTHING,
            }
        }
    }
}

fn negated(inner: &Filter, able: &Able) -> Pushed {
    match pushed(inner, able) {
        Pushed { filter: Some(inner), exact: true } if able.takes("not") => {
            Pushed { filter: Some(Filter::Not(Box::new(inner))), exact: true }
        }
        _ => EVERYTHING,
    }
}

fn conjuncts(filter: Filter) -> Vec<Filter> {
    match filter {
        Filter::And(terms) => terms,
        other => vec![other],
    }
}

/// What follows from a filter over one value for all of them together: `a[x and y]` means `a.x and a.y`, and
/// more. `None` when nothing does: that one value is not so says nothing of the others.
fn anywhere(path: &AttributePath, inner: &Filter) -> Option<Filter> {
    let sub = |name: &AttributePath| AttributePath { sub: Some(name.name.clone()), ..path.clone() };
    match inner {
        Filter::Compare(_, CompareOp::Ne, _)
        | Filter::Compare(_, _, Literal::Null)
        | Filter::Not(_)
        | Filter::Element(..) => None,
        Filter::Compare(name, op, literal) => Some(Filter::Compare(sub(name), *op, literal.clone())),
        Filter::Present(name) => Some(Filter::Present(sub(name))),
        Filter::And(terms) => {
            let mut known: Vec<Filter> = terms.iter().filter_map(|term| anywhere(path, term)).collect();
            if known.len() < 2 { known.pop() } else { Some(Filter::And(known)) }
        }
        Filter::Or(terms) => {
            terms.iter().map(|term| anywhere(path, term)).collect::<Option<Vec<_>>>().map(Filter::Or)
        }
    }
}
