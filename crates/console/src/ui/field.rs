//! Fields of forms: label, hint, what is wrong, and the control, tied together for those who cannot see them.

use askama::Template;

use crate::form::Problems;
use crate::text::{self, filters};

/// A field.
#[derive(Clone, Template)]
#[template(path = "ui/field.html")]
pub(crate) struct Field {
    name: String,
    id: String,
    label: String,
    hint: Option<String>,
    problem: Option<String>,
    value: String,
    control: Control,
    required: bool,
    autocomplete: Option<&'static str>,
    /// Whether what was typed is kept as it is: no capitals, no corrections.
    literal: bool,
}
super::part!(Field);

/// What is typed or chosen with.
#[derive(Debug, Clone)]
pub(crate) enum Control {
    /// One line, of this `type`.
    Line(&'static str),
    /// Several lines, so many at first.
    Area(u32),
    /// One of these: value, text.
    Select(Vec<(String, String)>),
    /// A box, ticked or not.
    Check(bool),
}

impl Field {
    /// The label is the text of `PREFIX.NAME`, the hint that of `PREFIX.NAME_hint`, where there is one.
    fn new(prefix: &str, name: &str, control: Control) -> Self {
        let key = format!("{prefix}.{name}");
        Self {
            name: name.to_owned(),
            id: format!("field-{}", name.replace('.', "-")),
            label: text::t(&key).to_owned(),
            hint: text::find(&format!("{key}_hint")).map(text::rich),
            problem: None,
            value: String::new(),
            control,
            required: false,
            autocomplete: None,
            literal: false,
        }
    }

    /// A line of text.
    pub(crate) fn text(prefix: &str, name: &str) -> Self {
        Self::new(prefix, name, Control::Line("text"))
    }

    /// A mail address.
    pub(crate) fn email(prefix: &str, name: &str) -> Self {
        Self::new(prefix, name, Control::Line("email")).literal()
    }

    /// A password. Its value is never shown again.
    pub(crate) fn password(prefix: &str, name: &str) -> Self {
        Self::new(prefix, name, Control::Line("password")).literal()
    }

    /// A whole number.
    pub(crate) fn number(prefix: &str, name: &str) -> Self {
        Self::new(prefix, name, Control::Line("number")).literal()
    }

    /// Several lines of code.
    pub(crate) fn area(prefix: &str, name: &str, rows: u32) -> Self {
        Self::new(prefix, name, Control::Area(rows)).literal()
    }

    /// One of these: value, text.
    pub(crate) fn select(prefix: &str, name: &str, choices: Vec<(String, String)>) -> Self {
        Self::new(prefix, name, Control::Select(choices))
    }

    /// A box.
    pub(crate) fn check(prefix: &str, name: &str, ticked: bool) -> Self {
        Self::new(prefix, name, Control::Check(ticked))
    }

    /// With this in it.
    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// It has to be filled in.
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What the browser may fill it with (HTML, autofill field names).
    pub(crate) fn autocomplete(mut self, what: &'static str) -> Self {
        self.autocomplete = Some(what);
        self
    }

    /// What is typed is a name or code, no language.
    pub(crate) fn literal(mut self) -> Self {
        self.literal = true;
        self
    }

    /// With what is wrong with it.
    pub(crate) fn problems(mut self, problems: &Problems) -> Self {
        self.problem = problems.at(&self.name).map(str::to_owned);
        self
    }

    /// The ids of what describes it.
    fn described(&self) -> String {
        let part = |is_there: bool, name: &str| is_there.then(|| format!("{}-{name}", self.id));
        let parts = [part(self.problem.is_some(), "problem"), part(self.hint.is_some(), "hint")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
