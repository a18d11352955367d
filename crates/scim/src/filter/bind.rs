//! Binding a filter to a resource type: names found, values typed.

use super::{Bound, CompareOp, Filter, FilterError, Literal, Target};
use crate::path::{AttributePath, AttributeRef, PathError, Resolved};
use crate::schema::{Attribute, AttributeType, Mutability, ResolvedType, Returned, Schema};
use crate::value::{Scalar, is_case_exact, parse_instant};

impl Filter {
    /// Checks names, operators and values against a resource type.
    ///
    /// A complex attribute compared directly means its `value` (`members eq "…"`); compared with
    /// `null`, itself. `pr` of a whole extension means any of its attributes. A boolean may be given
    /// as a string in any case (`"True"`, ours).
    ///
    /// # Errors
    ///
    /// - [`FilterError::Path`]: a name that the resource type does not define.
    /// - [`FilterError::Type`]: an operator or value that does not fit the attribute's type, or an
    ///   attribute that is never shown, such as `password`.
    ///
    /// ```
    /// use rollcall_scim::{filter::Filter, schema::Registry};
    ///
    /// let registry = Registry::builtin()?;
    /// let user = registry.type_named("User").unwrap();
    /// assert!(Filter::parse(r#"emails co "@example.com""#)?.bind(user).is_ok());
    /// let error = Filter::parse(r#"shoeSize eq 42"#)?.bind(user).unwrap_err();
    /// assert_eq!(error.to_string(), "shoeSize is not an attribute of User");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bind(&self, kind: &ResolvedType) -> Result<Bound, FilterError> {
        bind(self, Scope::Resource(kind))
    }

    /// The same for a filter over the elements of one attribute: `emails[…]`.
    ///
    /// Names are those of sub-attributes; an element of a simple attribute is named `value`.
    pub fn bind_element(&self, attribute: &Attribute) -> Result<Bound, FilterError> {
        bind(self, Scope::Element(attribute))
    }
}

impl Target {
    /// What `pr` of this attribute looks at.
    pub fn of(found: &AttributeRef<'_>) -> Self {
        let leaf = found.leaf();
        Self {
            extension: found.extension.map(|schema| schema.id.clone()),
            attribute: found.attribute.name.clone(),
            sub: found.sub.map(|sub| sub.name.clone()),
            kind: leaf.kind,
            case_exact: is_case_exact(leaf),
        }
    }

    /// What comparing or sorting by this attribute looks at: of a complex one its `value`, and `None`
    /// when it has none.
    pub fn compared(found: &AttributeRef<'_>) -> Option<Self> {
        with_value(*found).as_ref().map(Self::of)
    }
}

/// The attribute itself, or the `value` of a complex one.
fn with_value(found: AttributeRef<'_>) -> Option<AttributeRef<'_>> {
    if !found.leaf().is_complex() {
        return Some(found);
    }
    found.attribute.sub("value").map(|sub| AttributeRef { sub: Some(sub), ..found })
}

/// What names are relative to.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a ResolvedType),
    Element(&'a Attribute),
}

impl<'a> Scope<'a> {
    fn resolve(self, path: &AttributePath) -> Result<Resolved<'a>, FilterError> {
        let attribute = match self {
            Self::Resource(kind) => return Ok(path.resolve(kind)?),
            Self::Element(parent) if path.urn.is_some() || path.sub.is_some() => Err(parent),
            Self::Element(parent) if parent.is_complex() => parent.sub(&path.name).ok_or(parent),
            Self::Element(parent) if path.is_word("value") => Ok(parent),
            Self::Element(parent) => Err(parent),
        };
        let attribute =
            attribute.map_err(|parent| PathError::Undefined(path.to_string(), parent.name.clone()))?;
        Ok(Resolved::Attribute(AttributeRef { extension: None, attribute, sub: None }))
    }

    /// The target as it is seen from here.
    fn target(self, target: Target) -> Target {
        match self {
            Self::Element(parent) if !parent.is_complex() => {
                Target { attribute: "value".to_owned(), ..target }
            }
            _ => target,
        }
    }

    fn attribute(self, path: &AttributePath) -> Result<AttributeRef<'a>, FilterError> {
        match self.resolve(path)? {
            Resolved::Attribute(found) if is_secret(found.attribute) || is_secret(found.leaf()) => {
                Err(never_shown(&found))
            }
            Resolved::Attribute(found) => Ok(found),
            Resolved::Extension(schema) => {
                Err(FilterError::Type(format!("{} is a schema: name one of its attributes", schema.id)))
            }
        }
    }
}

fn never_shown(found: &AttributeRef<'_>) -> FilterError {
    FilterError::Type(format!("{found} is never shown and cannot be filtered by"))
}

fn needs_sub_attribute(found: AttributeRef<'_>) -> FilterError {
    let example = AttributeRef { sub: found.attribute.sub_attributes.first(), ..found };
    FilterError::Type(format!("{found} is complex: compare one of its sub-attributes, such as {example}"))
}

fn is_secret(attribute: &Attribute) -> bool {
    attribute.mutability == Mutability::WriteOnly || attribute.returned == Returned::Never
}

fn bind(filter: &Filter, scope: Scope<'_>) -> Result<Bound, FilterError> {
    let all = |terms: &[Filter]| terms.iter().map(|term| bind(term, scope)).collect::<Result<Vec<_>, _>>();
    Ok(match filter {
        Filter::Compare(path, op, literal) => bind_compare(path, *op, literal, scope)?,
        Filter::Present(path) => match scope.resolve(path)? {
            Resolved::Extension(schema) => extension_present(schema),
            Resolved::Attribute(_) => Bound::Present(scope.target(Target::of(&scope.attribute(path)?))),
        },
        Filter::Element(path, inner) => bind_brackets(path, inner, scope)?,
        Filter::And(terms) => Bound::And(all(terms)?),
        Filter::Or(terms) => Bound::Or(all(terms)?),
        Filter::Not(inner) => Bound::Not(Box::new(bind(inner, scope)?)),
    })
}

/// Any attribute of the extension that may be filtered by.
fn extension_present(schema: &Schema) -> Bound {
    let shown = schema.attributes.iter().filter(|attribute| !is_secret(attribute));
    let present = |attribute| {
        Bound::Present(Target::of(&AttributeRef { extension: Some(schema), attribute, sub: None }))
    };
    Bound::Or(shown.map(present).collect())
}

fn bind_brackets(path: &AttributePath, inner: &Filter, scope: Scope<'_>) -> Result<Bound, FilterError> {
    if let Scope::Element(parent) = scope {
        return Err(FilterError::Type(format!(
            "brackets do not nest: {path}[…] is inside {}[…]",
            parent.name
        )));
    }
    let found = scope.attribute(path)?;
    if found.sub.is_some() || !(found.attribute.multi_valued || found.attribute.is_complex()) {
        return Err(FilterError::Type(format!("{found} has no elements to select with […]")));
    }
    let inner = bind(inner, Scope::Element(found.attribute))?;
    Ok(Bound::Element(Target::of(&found), Box::new(inner)))
}

fn bind_compare(
    path: &AttributePath,
    op: CompareOp,
    literal: &Literal,
    scope: Scope<'_>,
) -> Result<Bound, FilterError> {
    let found = scope.attribute(path)?;
    if *literal == Literal::Null {
        return match op {
            CompareOp::Eq | CompareOp::Ne => Ok(Bound::Compare(scope.target(Target::of(&found)), op, None)),
            _ => Err(FilterError::Type(format!("{found} {} null: null can only be eq or ne", op.name()))),
        };
    }
    let found = with_value(found).ok_or_else(|| needs_sub_attribute(found))?;
    if is_secret(found.leaf()) {
        return Err(never_shown(&found));
    }
    let target = Target::of(&found);
    check_operator(&target, op)?;
    let value = typed(&target, literal)?;
    Ok(Bound::Compare(scope.target(target), op, Some(value)))
}

fn check_operator(target: &Target, op: CompareOp) -> Result<(), FilterError> {
    use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let (fits, allowed) = match target.kind {
        AttributeType::String | AttributeType::Reference => (true, ""),
        AttributeType::Boolean | AttributeType::Binary | AttributeType::Complex => {
            (matches!(op, Eq | Ne), "eq, ne and pr")
        }
        AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime => {
            (matches!(op, Eq | Ne | Gt | Ge | Lt | Le), "eq, ne, gt, ge, lt, le and pr")
        }
    };
    if fits {
        return Ok(());
    }
    let (kind, name) = (noun(target.kind), op.name());
    Err(FilterError::Type(format!("{target} is {kind}: it takes {allowed}, not {name}")))
}

/// The literal as a value of the target's type.
fn typed(target: &Target, literal: &Literal) -> Result<Scalar, FilterError> {
    let value = match (target.kind, literal) {
        (AttributeType::String | AttributeType::Reference | AttributeType::Binary, Literal::String(text)) => {
            Some(Scalar::Text(text.clone()))
        }
        (AttributeType::Boolean, Literal::Boolean(value)) => Some(Scalar::Boolean(*value)),
        (AttributeType::Boolean, Literal::String(text)) => parse_boolean(text).map(Scalar::Boolean),
        (AttributeType::Integer, Literal::Number(number)) => {
            number.as_i64().map(Scalar::Integer).or_else(|| number.as_f64().map(Scalar::Decimal))
        }
        (AttributeType::Decimal, Literal::Number(number)) => number.as_f64().map(Scalar::Decimal),
        (AttributeType::DateTime, Literal::String(text)) => parse_instant(text).map(Scalar::Instant),
        _ => None,
    };
    value.ok_or_else(|| {
        let example = match target.kind {
            AttributeType::Boolean => "true or false",
            AttributeType::Integer | AttributeType::Decimal => "a number without quotes",
            AttributeType::DateTime => "a date and time such as \"2011-05-13T04:42:34Z\"",
            _ => "text in double quotes",
        };
        FilterError::Type(format!("{target} is {}: compare it with {example}", noun(target.kind)))
    })
}

fn parse_boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

const fn noun(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String => "a string",
        AttributeType::Boolean => "a boolean",
        AttributeType::Decimal => "a decimal number",
        AttributeType::Integer => "an integer",
        AttributeType::DateTime => "a dateTime",
        AttributeType::Binary => "a binary value",
        AttributeType::Reference => "a reference",
        AttributeType::Complex => "complex",
    }
}
