//! ConnId's flat attribute names: `name.familyName`, `emails.work.value`, `urn:…:User:department`, `__NAME__`.
//!
//! | name | what it is |
//! | --- | --- |
//! | `userName` | an attribute |
//! | `name.familyName` | a part of a singular complex attribute |
//! | `emails.work.value` | a part of the values of one `type` |
//! | `emails.value` | a part of the values without `type` |
//! | `groups`, `members` | the ids; `members.type`, `members.display` and `members.ref` go beside them |
//! | `URN:attribute…`, `URN.attribute…` | any of these, of an extension |
//! | `__UID__`, `__NAME__`, `__ENABLE__`, `__PASSWORD__` | `id`, `userName` or a group's `displayName`, `active`, `password` |

use rollcall_scim::path::AttributePath;
use rollcall_scim::schema::{Attribute, ResolvedType};
use rollcall_scim::v1;

/// ConnId's names for what every object has.
pub const UID: &str = "__UID__";
/// The name that an object is known by.
pub const NAME: &str = "__NAME__";
/// Whether an account may be used.
pub const ENABLE: &str = "__ENABLE__";
/// The password, which is only ever sent.
pub const PASSWORD: &str = "__PASSWORD__";
/// Where a view keeps what has no flat name, as JSON by attribute (ours).
pub const OTHER: &str = "__OTHER__";

/// How names are written and read for one class of objects.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The schema.
    pub kind: &'a ResolvedType,
    /// `URN:attribute` when true, `URN.attribute` otherwise; both are read.
    pub colon: bool,
    /// Attributes that have the name of an extension's, and are sent as attributes of the core.
    pub top_level: &'a [(String, String)],
    /// `entitlements` are ids, like `groups`.
    pub entitlement_ids: bool,
}

/// What a flat name is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// URN of the extension that holds the attribute.
    pub urn: Option<String>,
    /// The attribute, in schema case where a schema has it.
    pub attribute: String,
    /// Which part of it.
    pub part: Part,
}

/// Which part of an attribute a flat name is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of it.
    Whole,
    /// A sub-attribute of a singular complex attribute.
    Sub(String),
    /// A sub-attribute of the values of one `type`, or of those without.
    Typed(Option<String>, String),
    /// A sub-attribute beside the ids of a list of references.
    Beside(String),
}

/// Why a flat name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No schema has such an attribute.
    #[error(
        "{0} is not an attribute of {1}; `rollcall connector schema` lists them, customAttributesJSON adds to them"
    )]
    Unknown(String, String),
    /// The value does not fit the attribute's type.
    #[error("{name}: expected {expected}, found {found}")]
    Type {
        /// The name.
        name: String,
        /// What would fit.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// Two names of the same attribute have different values.
    #[error("{0} and {1} are the same attribute, with different values")]
    Twice(String, String),
}

impl<'a> Names<'a> {
    /// Finds what a flat name is about. Names match in any case; those of no schema stay as they are.
    pub fn place(&self, name: &str) -> Place {
        let plain = |attribute: &str| Place { urn: None, attribute: attribute.to_owned(), part: Part::Whole };
        match name {
            UID => return plain("id"),
            NAME => return plain(self.name_attribute()),
            ENABLE => return plain("active"),
            PASSWORD => return plain("password"),
            _ => {}
        }
        let (urn, rest) = self.split(name);
        let (attribute, tail) = rest.split_once('.').map_or((rest, None), |(name, tail)| (name, Some(tail)));
        let urn = urn.filter(|urn| !self.is_top_level(urn, attribute));
        let known = self.attribute(urn.as_deref(), attribute);
        let attribute = known.map_or(attribute, |known| &known.name).to_owned();
        let part = tail.map_or(Part::Whole, |tail| self.part(known, tail, urn.as_deref()));
        let is_id = matches!(&part, Part::Beside(sub) if sub == "value");
        Place { urn, attribute, part: if is_id { Part::Whole } else { part } }
    }

    /// Whether a schema has the attribute, and the part.
    ///
    /// # Errors
    ///
    /// [`NameError::Unknown`].
    pub fn known(&self, name: &str) -> Result<Place, NameError> {
        let place = self.place(name);
        let unknown = || NameError::Unknown(name.to_owned(), self.kind.name().to_owned());
        let attribute = self.attribute(place.urn.as_deref(), &place.attribute).ok_or_else(unknown)?;
        match &place.part {
            Part::Whole => Ok(place),
            Part::Sub(sub) | Part::Beside(sub) | Part::Typed(_, sub) if attribute.sub(sub).is_some() => {
                Ok(place)
            }
            Part::Sub(_) | Part::Typed(..) | Part::Beside(_) => Err(unknown()),
        }
    }

    /// The flat name of a place.
    pub fn print(&self, place: &Place) -> String {
        let listed = |(_, name): &&(String, String)| *name == place.attribute;
        let urn = match &place.urn {
            Some(urn) => Some(urn),
            None => self.top_level.iter().find(listed).map(|(urn, _)| urn),
        };
        let mut name = match urn {
            Some(urn) => format!("{urn}{}{}", if self.colon { ':' } else { '.' }, place.attribute),
            None => place.attribute.clone(),
        };
        let sub = |sub: &str| if sub == "$ref" { "ref".to_owned() } else { sub.to_owned() };
        match &place.part {
            Part::Whole => {}
            Part::Sub(part) | Part::Beside(part) | Part::Typed(None, part) => {
                name = format!("{name}.{}", sub(part));
            }
            Part::Typed(Some(kind), part) => name = format!("{name}.{kind}.{}", sub(part)),
        }
        name
    }

    /// The attribute that `__NAME__` stands for.
    pub fn name_attribute(&self) -> &'static str {
        if self.kind.has_members() { "displayName" } else { "userName" }
    }

    /// The schema's attribute, of the core or of an extension.
    pub fn attribute(&self, urn: Option<&str>, name: &str) -> Option<&'a Attribute> {
        match urn {
            Some(urn) => self.kind.extension(urn)?.attribute(name),
            None => self.kind.attribute(name),
        }
    }

    /// Whether an attribute is shown as a list of ids.
    pub fn is_id_list(&self, urn: Option<&str>, name: &str) -> bool {
        urn.is_none() && (self.kind.is_detached(name) || self.entitlement_ids && name == "entitlements")
    }

    /// The same attribute as a path of SCIM, where it is one: not of values of one type.
    pub fn path(&self, place: &Place) -> Option<AttributePath> {
        let sub = match &place.part {
            Part::Whole => None,
            Part::Sub(sub) | Part::Beside(sub) | Part::Typed(None, sub) => Some(sub.clone()),
            Part::Typed(Some(_), _) => return None,
        };
        Some(AttributePath { urn: place.urn.clone(), name: place.attribute.clone(), sub })
    }

    fn is_top_level(&self, urn: &str, attribute: &str) -> bool {
        urn.eq_ignore_ascii_case(&self.kind.core.id)
            || self
                .top_level
                .iter()
                .any(|(known, name)| known.eq_ignore_ascii_case(urn) && name.eq_ignore_ascii_case(attribute))
    }

    /// Which part of an attribute the rest of a name is about.
    fn part(&self, known: Option<&Attribute>, tail: &str, urn: Option<&str>) -> Part {
        let sub = |name: &str| {
            let reference = name == "ref" && known.is_none_or(|known| known.sub("ref").is_none());
            let name = if reference { "$ref" } else { name };
            known.and_then(|known| known.sub(name)).map_or(name, |sub| &sub.name).to_owned()
        };
        let Some(attribute) = known.filter(|known| known.multi_valued && known.is_complex()) else {
            return Part::Sub(sub(tail));
        };
        if self.is_id_list(urn, &attribute.name) {
            return Part::Beside(sub(tail));
        }
        match tail.rsplit_once('.') {
            Some((kind, part)) => Part::Typed(Some(kind.to_owned()), sub(part)),
            None => Part::Typed(None, sub(tail)),
        }
    }

    /// Splits a URN off, with whichever mark follows it. A URN that a schema has goes before any rule.
    fn split<'n>(&self, name: &'n str) -> (Option<String>, &'n str) {
        if !name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
            return (None, name);
        }
        let extensions = self.kind.extensions.iter().map(|(schema, _)| schema.id.as_str());
        let listed = self.top_level.iter().map(|(urn, _)| urn.as_str());
        let known = extensions.chain(listed).chain([&*self.kind.core.id, v1::ENTERPRISE, v1::CORE]);
        let mut found: Vec<&str> = known.filter(|urn| follows(name, urn).is_some()).collect();
        found.sort_by_key(|urn| std::cmp::Reverse(urn.len()));
        if let Some((urn, rest)) = found.first().and_then(|urn| Some((urn, follows(name, urn)?))) {
            return (Some(v1::decode_urn(urn).to_owned()), rest);
        }
        let at = self.mark(name);
        match (name.get(..at), name.get(at + 1..)) {
            (Some(urn), Some(rest)) => (Some(urn.to_owned()), rest),
            _ => (None, name),
        }
    }

    /// Where the URN of a schema that nobody declared ends.
    fn mark(&self, name: &str) -> usize {
        let colon = name.rfind(':').unwrap_or(name.len());
        if self.colon {
            return colon;
        }
        let last = name.get(colon + 1..).unwrap_or_default();
        // The dot in a version, `1.0`, is not the one.
        let version = last.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(last.len());
        let start = if version > 0 { version.saturating_sub(1) } else { 0 };
        last.get(start..).and_then(|rest| rest.find('.')).map_or(colon, |dot| colon + 1 + start + dot)
    }
}

/// What follows `urn` and a colon or dot in `name`.
fn follows<'n>(name: &'n str, urn: &str) -> Option<&'n str> {
    let start = name.get(..urn.len())?;
    let rest = name.get(urn.len()..)?;
    start
        .eq_ignore_ascii_case(urn)
        .then(|| rest.strip_prefix([':', '.']))
        .flatten()
        .filter(|rest| !rest.is_empty())
}
