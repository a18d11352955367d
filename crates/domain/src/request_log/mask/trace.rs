//! The steps of a decision, masked.

use serde_json::Value;

use super::super::personal::{Class, class_of_field};
use super::Masker;
use crate::pipeline::Trace;

impl Masker<'_> {
    /// The steps of a decision about a resource of this type.
    pub fn trace(&mut self, trace: &Trace, kind: Option<&str>) -> Value {
        let registry = self.registry;
        let kind = kind.and_then(|kind| registry.type_named(kind)).map(|kind| &**kind);
        let mut steps = serde_json::to_value(trace).unwrap_or_default();
        for step in steps.as_array_mut().into_iter().flatten() {
            for (name, value) in step.as_object_mut().into_iter().flatten() {
                match name.as_str() {
                    "resource" => self.document(value, kind),
                    "extraction" => self.extraction(value),
                    _ => self.told(value),
                }
            }
        }
        steps
    }

    /// Fields with what was found: `[{"field":"email","value":…}]`.
    fn extraction(&mut self, fields: &mut Value) {
        for field in fields.as_array_mut().into_iter().flatten() {
            let name = field.get("field").and_then(Value::as_str).unwrap_or_default();
            let class = class_of_field(name);
            if let Some(value) = field.get_mut("value") {
                self.value(value, class);
            }
            if let Some(Value::String(note)) = field.get_mut("note") {
                *note = self.text(note);
            }
        }
    }

    /// Any other step: what is said is read for known values, what is named like a field of a profile is masked
    /// like one.
    fn told(&mut self, value: &mut Value) {
        match value {
            Value::String(said) => *said = self.text(said),
            Value::Array(values) => values.iter_mut().for_each(|value| self.told(value)),
            Value::Object(object) => {
                for (name, value) in object {
                    match name.as_str() {
                        "profile" | "groupProfile" | "changed" | "properties" | "difference" => {
                            self.fields(value);
                        }
                        "values" | "printed" => self.value(value, Class::Personal),
                        name if is_profile_field(name) => self.value(value, class_of_field(name)),
                        _ => self.told(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn fields(&mut self, profile: &mut Value) {
        for (name, value) in profile.as_object_mut().into_iter().flatten() {
            self.value(value, class_of_field(name));
        }
    }
}

/// Whether a key of a step is a field of a profile, wherever it is.
fn is_profile_field(name: &str) -> bool {
    const FIELDS: &[&str] = &["subject", "userName", "email", "firstName", "lastName", "phone", "attributes"];
    FIELDS.contains(&name)
}
