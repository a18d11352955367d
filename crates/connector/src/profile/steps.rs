//! The usual paths, gone without asking anybody: names, places in lists, and filters that compare with a literal.
//!
//! What is not understood here is left to the library. The RFC decides what a path finds: a test holds this against
//! what the library says.

use std::ops::ControlFlow;

use crate::json::{Json, View};

/// A segment with one selector.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// `.name`, `["name"]`: a member.
    Name(String),
    /// `[0]`: an element.
    At(usize),
    /// `[*]`: each element, or member.
    Each,
    /// `[?(@.name == true && @.other == "text")]`: each element, or member, of which all this holds.
    Where(Vec<(String, Literal)>),
}

/// What a member is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Bool(bool),
    Text(String),
}

/// The steps of a complete path (`$…`) that the RFC's grammar takes; `None` when there is more to it than steps.
pub(super) fn of(full: &str) -> Option<Vec<Step>> {
    let (mut steps, mut rest) = (Vec::new(), full.strip_prefix('$')?);
    while !rest.is_empty() {
        if let Some(dotted) = rest.strip_prefix('.') {
            let (name, after) = dotted.split_at(dotted.find(['.', '[']).unwrap_or(dotted.len()));
            steps.push(Step::Name(plain(name)?.to_owned()));
            rest = after;
        } else {
            let (step, after) = bracket(rest.strip_prefix('[')?)?;
            steps.push(step);
            rest = after;
        }
    }
    Some(steps)
}

/// A name that stands for itself.
fn plain(name: &str) -> Option<&str> {
    (!name.is_empty() && !name.contains(|one: char| "*\"'\\".contains(one) || one.is_whitespace()))
        .then_some(name)
}

/// What is in brackets, and what comes after them.
fn bracket(inside: &str) -> Option<(Step, &str)> {
    if let Some(after) = inside.strip_prefix("*]") {
        return Some((Step::Each, after));
    }
    if let Some(filter) = inside.strip_prefix('?') {
        return condition(filter);
    }
    if let Some((text, after)) = quoted(inside) {
        return Some((Step::Name(text.to_owned()), after.strip_prefix(']')?));
    }
    let (digits, after) = inside.split_once(']')?;
    let is_place =
        digits == "0" || !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((Step::At(digits.parse().ok().filter(|_| is_place)?), after))
}

/// Text in quotes without escapes, and what comes after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|one| matches!(one, '"' | '\''))?;
    let (inside, after) = text.strip_prefix(quote)?.split_once(quote)?;
    (!inside.contains('\\')).then_some((inside, after))
}

/// Comparisons, with or without one pair of brackets around them, joined by `&&`.
fn condition(filter: &str) -> Option<(Step, &str)> {
    let (open, mut rest) = match filter.trim_start().strip_prefix('(') {
        Some(inside) => (true, inside),
        None => (false, filter),
    };
    let mut all = Vec::new();
    loop {
        let dotted = rest.trim_start().strip_prefix("@.")?;
        let (name, after) = dotted.split_once("==")?;
        let name =
            plain(name.trim_end()).filter(|name| !name.contains(|one: char| "[].()&|!<>=:".contains(one)))?;
        let (literal, after) = literal(after.trim_start())?;
        all.push((name.to_owned(), literal));
        let after = after.trim_start();
        let Some(next) = after.strip_prefix("&&") else {
            let after = if open { after.strip_prefix(')')?.trim_start() } else { after };
            return Some((Step::Where(all), after.strip_prefix(']')?));
        };
        rest = next;
    }
}

fn literal(text: &str) -> Option<(Literal, &str)> {
    if let Some((inside, after)) = quoted(text) {
        return Some((Literal::Text(inside.to_owned()), after));
    }
    let words = [("true", true), ("false", false)];
    words.into_iter().find_map(|(word, value)| Some((Literal::Bool(value), text.strip_prefix(word)?)))
}

/// Goes over what the steps lead to, in document order, as far as `each` wants to.
pub(super) fn walk<'v, T: Json, B>(
    steps: &[Step],
    value: &'v T,
    each: &mut impl FnMut(&'v T) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let Some((step, rest)) = steps.split_first() else { return each(value) };
    match step {
        Step::Name(name) => {
            value.member(name).map_or(ControlFlow::Continue(()), |next| walk(rest, next, each))
        }
        Step::At(at) => {
            value.list().get(*at).map_or(ControlFlow::Continue(()), |next| walk(rest, next, each))
        }
        Step::Each => children(value, &mut |next| walk(rest, next, each)),
        Step::Where(all) => children(value, &mut |next| {
            let holds = all.iter().all(|(name, literal)| next.member(name).is_some_and(|it| literal.is(it)));
            if holds { walk(rest, next, each) } else { ControlFlow::Continue(()) }
        }),
    }
}

fn children<'v, T: Json, B>(value: &'v T, each: &mut dyn FnMut(&'v T) -> ControlFlow<B>) -> ControlFlow<B> {
    match value.view() {
        View::List(list) => list.iter().try_for_each(each),
        View::Object => value.values().try_for_each(each),
        _ => ControlFlow::Continue(()),
    }
}

impl Literal {
    fn is<T: Json>(&self, value: &T) -> bool {
        match (self, value.view()) {
            (Self::Bool(wanted), View::Bool(found)) => *wanted == found,
            (Self::Text(wanted), View::Text(found)) => wanted == found,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_usual_paths_are_steps_and_find_what_the_library_finds() {
        let document = json!({
            "a": {"b": [1, {"c": 2}], "x": {"p": true, "t": "w"}, "y": {"p": false}},
            "emails": [
                {"value": "a", "primary": false, "type": "home"}, {"value": "b", "primary": true, "type": "work"},
                {"value": "c", "primary": "true", "type": null}, "d", null, [{"primary": true, "value": "e"}],
            ],
            "urn:x:1.0:User": {"c": 3}, "odd ' name": 4,
        });
        for (path, count) in [
            ("$", 1),
            ("$.a.b", 1),
            ("$.a.b[1].c", 1),
            ("$.a.b[7]", 0),
            ("$.a[0]", 0),
            ("$.a.b.c", 0),
            ("$[\"urn:x:1.0:User\"].c", 1),
            ("$[\"odd ' name\"]", 1),
            ("$['a']['b'][0]", 1),
            ("$.emails[*]", 6),
            ("$.emails[*].value", 3),
            ("$.a[*]", 3),
            ("$.a.b[0][*]", 0),
            ("$.emails[?(@.primary==true)].value", 1),
            ("$.emails[?@.primary == true].value", 1),
            ("$.emails[?( @.primary == false )].value", 1),
            ("$.emails[?(@.type=='work' && @.primary==true)].value", 1),
            ("$.emails[?@.type==\"home\"&&@.primary==true]", 0),
            ("$.emails[?(@.type=='a b]')].value", 0),
            ("$.a[?@.p==true].t", 1),
            ("$.emails[5][?@.primary==true].value", 1),
        ] {
            let steps = of(path).unwrap_or_else(|| panic!("{path} is not made of steps"));
            let mut found = Vec::new();
            let _: ControlFlow<()> = walk(&steps, &document, &mut |one: &Value| {
                found.push(one);
                ControlFlow::Continue(())
            });
            let expected = serde_json_path::JsonPath::parse(path).unwrap().query(&document).all();
            assert_eq!(found, expected, "{path}");
            assert_eq!(found.len(), count, "{path}");
        }
    }

    #[test]
    fn what_else_there_is_is_left_to_the_library() {
        for path in [
            "$..value",
            "$.a.*",
            "$.emails[-1]",
            "$.emails[0,1]",
            "$.emails[0:1]",
            "$.emails[?(@.primary)]",
            "$.emails[?(@.n==1)]",
            "$.emails[?(@.n==null)]",
            "$.emails[?(@.type!='x')]",
            "$.emails[?(@.type=='a' || @.type=='b')]",
            "$.emails[?(!(@.type=='a'))]",
            "$.emails[?((@.type=='a'))]",
            "$.emails[?(@.type=='a\\'b')]",
            "$.emails[?(@.sub.type=='a')]",
            "$.emails[?(@['type']=='a')]",
            "$.emails[?(true==@.primary)]",
            "$.emails[?match(@.value, 'b.*')]",
            "$.emails[?($.a==true)]",
            "$[\"a\\\"b\"]",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
