//! What of a filter the index rows can answer.
//!
//! [`Plan::of`] turns a bound filter into a [`Condition`] that every backend can compile. When the plan
//! is not [`exact`](Plan::exact) the condition selects a superset, and the filter is evaluated over it.
//! `not`, `ne`, `co`, `ew` and attributes without index rows select all.

use std::fmt;
use std::ops::Bound as Edge;

use rollcall_scim::filter::{Bound, CompareOp, Target};
use rollcall_scim::schema::AttributeType;
use rollcall_scim::value::{Scalar, fold};
use uuid::Uuid;

use crate::index::{Indexer, ORDERED_BYTES, encode, start};

/// Conditions past so many leaves are not compiled; the filter is evaluated over all.
pub const MAX_LEAVES: usize = 200;

/// What a filter needs of the rows of a type.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What selects the resources, or a superset of them.
    pub condition: Condition,
    /// Whether the condition selects just those that the filter matches.
    pub exact: bool,
}

/// A selection that index rows, memberships and columns answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Every resource of the type.
    All,
    /// No resource.
    None,
    /// The resource of this id.
    Id(Uuid),
    /// The resources with an index row of just this value.
    IndexEq {
        /// [`crate::index::IndexEntry::attribute`].
        attribute: String,
        /// [`crate::index::IndexEntry::value`].
        value: String,
    },
    /// The resources with an index row between these values, by code point; open on both sides: with any.
    IndexRange {
        /// [`crate::index::IndexEntry::attribute`].
        attribute: String,
        /// The least value.
        low: Edge<String>,
        /// The greatest value.
        high: Edge<String>,
    },
    /// `meta.created` from and to these milliseconds, both included.
    Created(Option<i64>, Option<i64>),
    /// `meta.lastModified` from and to these milliseconds, both included.
    Modified(Option<i64>, Option<i64>),
    /// The groups with this member: an id, or a pending value in any case.
    HasMember(String),
    /// The direct and indirect members of this group.
    MemberOf(Uuid),
    /// Those that all select; at least two.
    And(Vec<Condition>),
    /// Those that any selects; at least two.
    Or(Vec<Condition>),
}

impl Plan {
    /// Plans a filter over a type's index.
    pub fn of(filter: &Bound, index: &Indexer) -> Self {
        let plan = Planner { index, element: None }.plan(filter);
        if plan.condition.leaves() > MAX_LEAVES { Self::scan() } else { plan }
    }

    fn scan() -> Self {
        Self { condition: Condition::All, exact: false }
    }

    fn exactly(condition: Condition) -> Self {
        Self { condition, exact: true }
    }
}

impl Condition {
    fn leaves(&self) -> usize {
        match self {
            Self::And(terms) | Self::Or(terms) => terms.iter().map(Self::leaves).sum(),
            _ => 1,
        }
    }
}

struct Planner<'a> {
    index: &'a Indexer,
    /// The attribute whose elements are looked at.
    element: Option<&'a Target>,
}

impl Planner<'_> {
    fn plan(&self, filter: &Bound) -> Plan {
        match filter {
            Bound::Compare(target, op, Some(value)) => self.compare(&self.absolute(target), *op, value),
            Bound::Compare(_, _, None) | Bound::Not(_) => Plan::scan(),
            Bound::Present(target) => self.present(&self.absolute(target)),
            Bound::Element(target, filter) => {
                Planner { index: self.index, element: Some(target) }.plan(filter)
            }
            Bound::And(terms) => self.all(terms),
            Bound::Or(terms) => self.any(terms),
        }
    }

    /// Targets inside an element are relative to it.
    fn absolute(&self, target: &Target) -> Target {
        let Some(element) = self.element else { return target.clone() };
        Target {
            extension: element.extension.clone(),
            attribute: element.attribute.clone(),
            sub: Some(target.attribute.clone()),
            ..*target
        }
    }

    fn all(&self, terms: &[Bound]) -> Plan {
        let plans: Vec<Plan> = terms.iter().map(|term| self.plan(term)).collect();
        // Different elements may satisfy the terms: a superset.
        let exact = self.element.is_none() && plans.iter().all(|plan| plan.exact);
        let mut conditions: Vec<Condition> = plans.into_iter().map(|plan| plan.condition).collect();
        if conditions.contains(&Condition::None) {
            return Plan::exactly(Condition::None);
        }
        conditions.retain(|condition| *condition != Condition::All);
        let condition = one_or(conditions, Condition::All, Condition::And);
        Plan { condition, exact }
    }

    fn any(&self, terms: &[Bound]) -> Plan {
        let plans: Vec<Plan> = terms.iter().map(|term| self.plan(term)).collect();
        let everything = |plan: &&Plan| plan.condition == Condition::All;
        if plans.iter().any(|plan| everything(&plan)) {
            return Plan {
                condition: Condition::All,
                exact: plans.iter().filter(everything).any(|plan| plan.exact),
            };
        }
        let exact = plans.iter().all(|plan| plan.exact);
        let mut conditions: Vec<Condition> = plans.into_iter().map(|plan| plan.condition).collect();
        conditions.retain(|condition| *condition != Condition::None);
        Plan { condition: one_or(conditions, Condition::None, Condition::Or), exact }
    }

    fn compare(&self, target: &Target, op: CompareOp, value: &Scalar) -> Plan {
        let name = (target.extension.as_deref(), target.attribute.as_str(), target.sub.as_deref());
        match (name, op, value) {
            ((None, "id", None), CompareOp::Eq, Scalar::Text(id)) => Plan::exactly(exact_id(id)),
            ((None, "meta", Some("created")), _, Scalar::Instant(at)) => {
                instants(op, *at, Condition::Created)
            }
            ((None, "meta", Some("lastModified")), _, Scalar::Instant(at)) => {
                instants(op, *at, Condition::Modified)
            }
            ((None, "members", Some("value")), CompareOp::Eq, Scalar::Text(member))
                if self.index.has_members() =>
            {
                let condition = Condition::HasMember(fold(member, false).into_owned());
                // An id as it is printed can only be one member's, whatever the case rule.
                Plan { condition, exact: !target.case_exact || is_printed_id(member) }
            }
            ((None, "groups", Some("value")), CompareOp::Eq, Scalar::Text(group))
                if self.index.has_groups() =>
            {
                let found = parse_id(group).filter(|_| !target.case_exact || is_printed_id(group));
                Plan::exactly(found.map_or(Condition::None, Condition::MemberOf))
            }
            _ => self.index.find(target).map_or_else(Plan::scan, |found| {
                let value = typed(value, found.target.kind);
                value.map_or_else(Plan::scan, |value| row(&found.path, &found.target, op, &value))
            }),
        }
    }

    fn present(&self, target: &Target) -> Plan {
        if target.extension.is_none() && target.attribute == "id" {
            return Plan::exactly(Condition::All);
        }
        self.index.find(target).map_or_else(Plan::scan, |found| {
            let low =
                if is_text(found.target.kind) { Edge::Excluded(String::new()) } else { Edge::Unbounded };
            Plan::exactly(Condition::IndexRange { attribute: found.path.clone(), low, high: Edge::Unbounded })
        })
    }
}

/// The id that a text is: 36 characters with hyphens, in any case.
pub fn parse_id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

fn exact_id(text: &str) -> Condition {
    // `id` is caseExact.
    parse_id(text).filter(|_| is_printed_id(text)).map_or(Condition::None, Condition::Id)
}

/// Whether a text is an id in lower case, as they are printed.
fn is_printed_id(text: &str) -> bool {
    parse_id(text).is_some_and(|id| id.to_string() == text)
}

fn one_or(mut terms: Vec<Condition>, none: Condition, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match (terms.len(), terms.pop()) {
        (1, Some(term)) => term,
        (_, Some(last)) => {
            terms.push(last);
            many(terms)
        }
        (_, None) => none,
    }
}

/// The comparison of milliseconds that is the same as that of nanoseconds.
fn instants(op: CompareOp, at: i128, condition: fn(Option<i64>, Option<i64>) -> Condition) -> Plan {
    let floor = i64::try_from(at.div_euclid(1_000_000)).ok();
    let Some(floor) = floor else { return Plan::scan() };
    let whole = at.rem_euclid(1_000_000) == 0;
    let ceiling = if whole { floor } else { floor + 1 };
    Plan::exactly(match op {
        CompareOp::Eq if whole => condition(Some(floor), Some(floor)),
        CompareOp::Eq => Condition::None,
        CompareOp::Gt => condition(Some(floor + 1), None),
        CompareOp::Ge => condition(Some(ceiling), None),
        CompareOp::Lt => condition(None, Some(ceiling - 1)),
        CompareOp::Le => condition(None, Some(floor)),
        CompareOp::Ne | CompareOp::Co | CompareOp::Sw | CompareOp::Ew => return Plan::scan(),
    })
}

/// The value as the attribute's rows have it.
fn typed(value: &Scalar, kind: AttributeType) -> Option<Scalar> {
    match (value, kind) {
        #[expect(clippy::cast_precision_loss, reason = "as rollcall_scim::value::compare does")]
        (Scalar::Integer(number), AttributeType::Decimal) => Some(Scalar::Decimal(*number as f64)),
        (Scalar::Text(_), _) if is_text(kind) => Some(value.clone()),
        (Scalar::Integer(_), AttributeType::Integer)
        | (Scalar::Decimal(_), AttributeType::Decimal)
        | (Scalar::Instant(_), AttributeType::DateTime) => Some(value.clone()),
        _ => None,
    }
}

fn is_text(kind: AttributeType) -> bool {
    matches!(kind, AttributeType::String | AttributeType::Reference | AttributeType::Binary)
}

/// The condition on one attribute's rows.
fn row(path: &str, target: &Target, op: CompareOp, value: &Scalar) -> Plan {
    let attribute = path.to_owned();
    if op == CompareOp::Sw {
        let Scalar::Text(text) = value else { return Plan::scan() };
        return prefix(attribute, &fold(text, target.case_exact));
    }
    let value = encode(value, target.case_exact);
    if op == CompareOp::Eq {
        return Plan::exactly(Condition::IndexEq { attribute, value });
    }
    if value.len() >= ORDERED_BYTES {
        return Plan::scan();
    }
    let (low, high) = match op {
        CompareOp::Gt => (Edge::Excluded(value), Edge::Unbounded),
        CompareOp::Ge => (Edge::Included(value), Edge::Unbounded),
        CompareOp::Lt => (Edge::Unbounded, Edge::Excluded(value)),
        CompareOp::Le => (Edge::Unbounded, Edge::Included(value)),
        _ => return Plan::scan(),
    };
    Plan::exactly(Condition::IndexRange { attribute, low, high })
}

fn prefix(attribute: String, text: &str) -> Plan {
    let kept = start(text, ORDERED_BYTES);
    let condition = Condition::IndexRange {
        attribute,
        low: Edge::Included(kept.to_owned()),
        high: after_all(kept).map_or(Edge::Unbounded, Edge::Excluded),
    };
    Plan { condition, exact: kept.len() == text.len() }
}

/// The least text that sorts after every text with this beginning.
fn after_all(beginning: &str) -> Option<String> {
    let mut text = beginning.to_owned();
    while let Some(last) = text.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

impl fmt::Display for Condition {
    /// For people: tests, logs and `EXPLAIN`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::None => f.write_str("none"),
            Self::Id(id) => write!(f, "id={id}"),
            Self::IndexEq { attribute, value } => write!(f, "{attribute}={value:?}"),
            Self::IndexRange { attribute, low, high } => write_range(f, attribute, low, high),
            Self::Created(from, to) => write_millis(f, "created", *from, *to),
            Self::Modified(from, to) => write_millis(f, "modified", *from, *to),
            Self::HasMember(value) => write!(f, "has-member={value}"),
            Self::MemberOf(id) => write!(f, "member-of={id}"),
            Self::And(terms) => write_terms(f, "and", terms),
            Self::Or(terms) => write_terms(f, "or", terms),
        }
    }
}

fn write_range(
    f: &mut fmt::Formatter<'_>,
    attribute: &str,
    low: &Edge<String>,
    high: &Edge<String>,
) -> fmt::Result {
    f.write_str(attribute)?;
    match low {
        Edge::Included(value) => write!(f, " from {value:?}")?,
        Edge::Excluded(value) => write!(f, " after {value:?}")?,
        Edge::Unbounded => f.write_str(" from the first")?,
    }
    match high {
        Edge::Included(value) => write!(f, " to {value:?}"),
        Edge::Excluded(value) => write!(f, " before {value:?}"),
        Edge::Unbounded => Ok(()),
    }
}

fn write_millis(f: &mut fmt::Formatter<'_>, name: &str, from: Option<i64>, to: Option<i64>) -> fmt::Result {
    f.write_str(name)?;
    from.map_or(Ok(()), |from| write!(f, ">={from}"))?;
    to.map_or(Ok(()), |to| write!(f, "<={to}"))
}

fn write_terms(f: &mut fmt::Formatter<'_>, word: &str, terms: &[Condition]) -> fmt::Result {
    f.write_str("(")?;
    for (at, term) in terms.iter().enumerate() {
        if at > 0 {
            write!(f, " {word} ")?;
        }
        write!(f, "{term}")?;
    }
    f.write_str(")")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use rollcall_scim::filter::Filter;
    use rollcall_scim::schema::Registry;

    use super::*;

    fn check(kind: &str, filters: &[&str], expected: &Expect) {
        let registry = Registry::builtin().unwrap();
        let kind = registry.type_named(kind).unwrap();
        let index = Indexer::new(kind);
        let line = |filter: &&str| {
            let plan = Plan::of(&Filter::parse(filter).unwrap().bind(kind).unwrap(), &index);
            format!("{filter}  →  {}{}\n", plan.condition, if plan.exact { "" } else { " (more)" })
        };
        expected.assert_eq(&filters.iter().map(line).collect::<String>());
    }

    #[test]
    fn comparisons_become_index_rows_columns_and_memberships() {
        let user = [
            r#"userName eq "Ann""#,
            r#"externalId eq "Ann""#,
            r#"userName sw "A""#,
            r#"userName ge "B""#,
            r#"userName lt "B""#,
            "userName pr",
            "id pr",
            r#"emails eq "A@x""#,
            r#"name.familyName eq "X""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "7""#,
            r#"id eq "0190d4c8-9b1a-7000-8000-000000000001""#,
            r#"id eq "0190D4C8-9B1A-7000-8000-000000000001""#,
            r#"groups eq "0190d4c8-9b1a-7000-8000-000000000001""#,
            r#"groups eq "0190D4C8-9B1A-7000-8000-000000000001""#,
            r#"groups.value eq "nothing""#,
            r#"meta.lastModified gt "1970-01-01T00:00:00.0015Z""#,
            r#"meta.lastModified lt "1970-01-01T00:00:00.0015Z""#,
            r#"meta.created eq "1970-01-01T00:00:00.0015Z""#,
            r#"meta.created eq "1970-01-01T00:00:00.001Z""#,
        ];
        check(
            "User",
            &user,
            &expect![[r#"
                userName eq "Ann"  →  userName="ann"
                externalId eq "Ann"  →  externalId="Ann"
                userName sw "A"  →  userName from "a" before "b"
                userName ge "B"  →  userName from "b"
                userName lt "B"  →  userName from the first before "b"
                userName pr  →  userName after ""
                id pr  →  all
                emails eq "A@x"  →  emails.value="a@x"
                name.familyName eq "X"  →  all (more)
                urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "7"  →  urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber="7"
                id eq "0190d4c8-9b1a-7000-8000-000000000001"  →  id=0190d4c8-9b1a-7000-8000-000000000001
                id eq "0190D4C8-9B1A-7000-8000-000000000001"  →  none
                groups eq "0190d4c8-9b1a-7000-8000-000000000001"  →  member-of=0190d4c8-9b1a-7000-8000-000000000001
                groups eq "0190D4C8-9B1A-7000-8000-000000000001"  →  none
                groups.value eq "nothing"  →  none
                meta.lastModified gt "1970-01-01T00:00:00.0015Z"  →  modified>=2
                meta.lastModified lt "1970-01-01T00:00:00.0015Z"  →  modified<=1
                meta.created eq "1970-01-01T00:00:00.0015Z"  →  none
                meta.created eq "1970-01-01T00:00:00.001Z"  →  created>=1<=1
            "#]],
        );
        check(
            "Group",
            &[
                r#"members eq "ABC""#,
                r#"members eq "0190d4c8-9b1a-7000-8000-000000000001""#,
                r#"members[value eq "x"]"#,
                "members pr",
            ],
            &expect![[r#"
                members eq "ABC"  →  has-member=abc (more)
                members eq "0190d4c8-9b1a-7000-8000-000000000001"  →  has-member=0190d4c8-9b1a-7000-8000-000000000001
                members[value eq "x"]  →  has-member=x (more)
                members pr  →  all (more)
            "#]],
        );
    }

    #[test]
    fn what_no_index_answers_is_left_to_evaluation() {
        let filters = [
            r#"userName ne "a""#,
            r#"userName co "a""#,
            r#"userName ew "a""#,
            r#"title eq "a""#,
            "active eq true",
            r#"not (userName eq "a")"#,
            "externalId eq null",
            r#"title eq "x" and userName eq "a""#,
            r#"title eq "x" or userName eq "a""#,
            r#"userName eq "a" and (title pr or externalId pr) and externalId sw "b""#,
            r#"userName eq "a" or externalId eq "b" or groups eq "nothing""#,
            r#"emails[value eq "a" and type eq "work"]"#,
            r#"emails[value eq "a" or value eq "b"]"#,
            r#"emails.value eq "a" and groups eq "nothing""#,
        ];
        check(
            "User",
            &filters,
            &expect![[r#"
                userName ne "a"  →  all (more)
                userName co "a"  →  all (more)
                userName ew "a"  →  all (more)
                title eq "a"  →  all (more)
                active eq true  →  all (more)
                not (userName eq "a")  →  all (more)
                externalId eq null  →  all (more)
                title eq "x" and userName eq "a"  →  userName="a" (more)
                title eq "x" or userName eq "a"  →  all (more)
                userName eq "a" and (title pr or externalId pr) and externalId sw "b"  →  (userName="a" and externalId from "b" before "c") (more)
                userName eq "a" or externalId eq "b" or groups eq "nothing"  →  (userName="a" or externalId="b")
                emails[value eq "a" and type eq "work"]  →  emails.value="a" (more)
                emails[value eq "a" or value eq "b"]  →  (emails.value="a" or emails.value="b")
                emails.value eq "a" and groups eq "nothing"  →  none
            "#]],
        );
    }

    #[test]
    fn long_prefixes_are_cut_and_large_filters_are_not_compiled() {
        assert_eq!(after_all("ab").as_deref(), Some("ac"));
        assert_eq!(after_all("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after_all("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_all("\u{10ffff}"), None);
        let long = prefix("a".to_owned(), &"é".repeat(200));
        assert!(!long.exact);
        let registry = Registry::builtin().unwrap();
        let kind = registry.type_named("User").unwrap();
        let terms = |count| vec![r#"userName eq "a""#; count].join(" or ");
        let plan = |count| {
            let filter = Filter::parse(&terms(count)).unwrap().bind(kind).unwrap();
            Plan::of(&filter, &Indexer::new(kind))
        };
        assert!(plan(MAX_LEAVES).exact);
        assert_eq!(plan(MAX_LEAVES + 1), Plan::scan());
    }
}
