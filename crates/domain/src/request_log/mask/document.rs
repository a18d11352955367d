//! Resources and parts of them, masked by their schemas.

use rollcall_scim::path::{AttributePath, Resolved};
use rollcall_scim::schema::{Attribute, ResolvedType, Schema};
use rollcall_scim::v1::decode_urn;
use serde_json::Value;

use super::super::personal::{Class, class, class_of_name, class_of_part};
use super::Masker;

/// Attributes whose values name someone.
const SUBJECTS: &[&str] = &["userName", "externalId", "emails", "members", "id"];

impl Masker<'_> {
    /// A resource, or parts of one under any names that PATCH allows.
    pub(super) fn document(&mut self, document: &mut Value, kind: Option<&ResolvedType>) {
        let Value::Object(object) = document else { return self.value(document, Class::Personal) };
        for (name, value) in object {
            self.at_path(name, value, kind);
        }
    }

    /// The value of what a path names: `emails[type eq "work"].value`, `urn:…:User:department`, a whole extension.
    pub(super) fn at_path(&mut self, path: &str, value: &mut Value, kind: Option<&ResolvedType>) {
        let plain = without_filter(path);
        let name = decode_urn(&plain);
        let Some(kind) = kind else { return self.unknown(name, value) };
        if let Some(schema) = kind.extension(name) {
            return self.extension(value, schema);
        }
        if let Some(attribute) = kind.attribute(name) {
            return self.attribute(value, &kind.core, attribute, None);
        }
        let resolved = name.parse::<AttributePath>().ok();
        match resolved.as_ref().and_then(|path| path.resolve(kind).ok()) {
            Some(Resolved::Extension(schema)) => self.extension(value, schema),
            Some(Resolved::Attribute(found)) => {
                let schema = found.extension.unwrap_or(&kind.core);
                self.attribute(value, schema, found.attribute, found.sub);
            }
            None => self.unknown(name, value),
        }
    }

    fn unknown(&mut self, name: &str, value: &mut Value) {
        if SUBJECTS.contains(&name) {
            self.note_subjects(value);
        }
        // A resource of an unknown type still says which one it is.
        let class =
            if matches!(name, "schemas" | "id" | "meta") { Class::Plain } else { class_of_name(name) };
        self.value(value, class);
    }

    fn extension(&mut self, value: &mut Value, schema: &Schema) {
        let Value::Object(object) = value else { return self.value(value, Class::Personal) };
        for (name, value) in object {
            match schema.attribute(name) {
                Some(attribute) => self.attribute(value, schema, attribute, None),
                None => self.value(value, class_of_name(name)),
            }
        }
    }

    fn attribute(
        &mut self,
        value: &mut Value,
        schema: &Schema,
        attribute: &Attribute,
        sub: Option<&Attribute>,
    ) {
        if SUBJECTS.contains(&&*attribute.name) {
            self.note_subjects(value);
        }
        let elements = match value {
            Value::Array(elements) => elements.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for element in elements {
            match element {
                Value::Object(object) if sub.is_none() => {
                    for (name, value) in object {
                        let part = match attribute.sub(name) {
                            Some(sub) => class(&schema.id, attribute, Some(sub)),
                            None => class_of_part(class(&schema.id, attribute, None), name),
                        };
                        self.value(value, part);
                    }
                }
                element => self.value(element, class(&schema.id, attribute, sub)),
            }
        }
    }
}

/// `emails[type eq "work"].value` is `emails.value`.
fn without_filter(path: &str) -> String {
    match (path.find('['), path.rfind(']')) {
        (Some(open), Some(close)) if open < close => {
            let (before, after) = (path.get(..open), path.get(close + 1..));
            format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        (Some(open), _) => path.get(..open).unwrap_or_default().to_owned(),
        _ => path.to_owned(),
    }
}
