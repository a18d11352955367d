//! Forms: what was sent, and what is wrong with which field of it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rollcall_service::admin::{AdminError, Told};

use crate::answer::Failure;
use crate::place::Asked;

/// A form whose token the guard has checked.
#[derive(Debug, Clone)]
pub(crate) struct Sent(pub(crate) Asked);

impl std::ops::Deref for Sent {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Sent {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let sent = parts.extensions.get::<Sent>().cloned();
        sent.ok_or_else(|| Failure::internal("a route that takes a form is no GET"))
    }
}

/// What is wrong with a form: with single fields, or with all of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    fields: Vec<(String, String)>,
    whole: Option<String>,
}

impl Problems {
    /// None.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// What an error says about one of these fields; use cases begin their texts with the field's name and a colon. An
    /// error that the person at the form can do nothing about stays one.
    pub(crate) fn of(error: AdminError, fields: &[&str]) -> Result<Self, Failure> {
        let (told, text) = error.told();
        if !matches!(told, Told::Invalid | Told::Conflict) {
            return Err(error.into());
        }
        let mut problems = Self::none();
        let rest = text.strip_prefix("settings: ").unwrap_or(&text);
        let named = fields
            .iter()
            .find(|field| rest.strip_prefix(**field).is_some_and(|rest| rest.starts_with([':', ' ', '.'])));
        match named {
            Some(field) => {
                let reason = rest.get(field.len()..).unwrap_or_default();
                let reason = reason.strip_prefix(':').map_or(rest, str::trim);
                problems.add(field, reason);
            }
            None => problems.whole = Some(text),
        }
        Ok(problems)
    }

    /// Something wrong with a field.
    pub(crate) fn add(&mut self, field: &str, text: impl Into<String>) {
        self.fields.push((field.to_owned(), text.into()));
    }

    /// What is wrong with this field.
    pub(crate) fn at(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// What is wrong with all of it.
    pub(crate) fn whole(&self) -> Option<&str> {
        self.whole.as_deref()
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.whole.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_at_its_field() {
        let fields = ["email", "requests_per_second", "default_page_size"];
        for (text, field, shown) in [
            ("email: write a mail address", Some("email"), "write a mail address"),
            ("settings: requests_per_second: 3 is below 25", Some("requests_per_second"), "3 is below 25"),
            (
                "default_page_size must be at least 1",
                Some("default_page_size"),
                "default_page_size must be at least 1",
            ),
            ("emails are odd", None, "emails are odd"),
            ("there is no dialect \"x\"", None, "there is no dialect \"x\""),
        ] {
            let problems = Problems::of(AdminError::Invalid(text.to_owned()), &fields).unwrap();
            let found = field.map_or(problems.whole(), |field| problems.at(field));
            assert_eq!(found, Some(shown), "{text}");
            assert!(!problems.is_empty());
        }
        assert!(Problems::of(AdminError::Forbidden("no".to_owned()), &fields).is_err());
    }
}
