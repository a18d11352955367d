//! What is around every page: title, navigation, the way here, messages, who is signed in.

use std::fmt;

use crate::flash::Notice;
use crate::guard::Context;
use crate::{CONSOLE_BASE, assets, console_routes, text};

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Sources,
    Users,
    Groups,
    Requests,
    Mapping,
    Changes,
    Webhooks,
    Approvals,
    Settings,
    /// None of them: one's own account.
    None,
}

/// Each with its path below the console and the key of its name.
const SECTIONS: [(Section, &str, &str); 10] = [
    (Section::Overview, "", "nav.overview"),
    (Section::Sources, "/sources", "nav.sources"),
    (Section::Users, "/users", "nav.users"),
    (Section::Groups, "/groups", "nav.groups"),
    (Section::Requests, "/requests", "nav.requests"),
    (Section::Mapping, "/mapping", "nav.mapping"),
    (Section::Changes, "/changes", "nav.changes"),
    (Section::Webhooks, "/webhooks", "nav.webhooks"),
    (Section::Approvals, "/approvals", "nav.approvals"),
    (Section::Settings, "/settings", "nav.settings"),
];

/// A link of the navigation, or of the way here.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) text: String,
    pub(crate) url: String,
    pub(crate) current: bool,
}

/// The hidden field that every form has.
#[derive(Clone)]
pub(crate) struct FormToken(String);

impl fmt::Display for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<input type=\"hidden\" name=\"{FORM_TOKEN}\" value=\"{}\">", self.0)
    }
}

// It is URL-safe base64.
impl askama::filters::HtmlSafe for FormToken {}

/// The field's name.
pub(crate) const FORM_TOKEN: &str = "form_token";

/// Who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) tenant: String,
    /// Where there are several.
    pub(crate) tenants: Vec<String>,
}

/// What the layout shows.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) nav: Vec<Item>,
    pub(crate) crumbs: Vec<Item>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) form_token: FormToken,
    pub(crate) person: Option<Person>,
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
    pub(crate) icon: &'static str,
}

impl Frame {
    /// The frame of a page; `title` is text, not a key.
    pub(crate) fn new(context: &Context, section: Section, title: String) -> Self {
        let person = context.signed.as_ref().map(|visit| Person {
            name: visit.account.name.clone(),
            tenant: visit.admin.tenant().name.clone(),
            tenants: visit.tenants.iter().map(|tenant| tenant.name.clone()).collect(),
        });
        let nav = if person.is_some() { navigation(section) } else { Vec::new() };
        Self {
            title,
            nav,
            crumbs: Vec::new(),
            notices: context.flash.notices.clone(),
            form_token: FormToken(context.form_token()),
            person,
            style: &assets::STYLE.url,
            script: &assets::SCRIPT.url,
            icon: &assets::SYMBOL.url,
        }
    }

    /// With a step of the way here before it; `text` is text, `path` below the console.
    pub(crate) fn crumb(mut self, text: &str, path: &str) -> Self {
        let url = format!("{CONSOLE_BASE}{path}");
        self.crumbs.push(Item { text: text.to_owned(), url, current: false });
        self
    }
}

/// The sections that have a page.
fn navigation(current: Section) -> Vec<Item> {
    let has_page = |path: &str| console_routes().any(|route| route.path == path && route.method == "GET");
    let shown = SECTIONS.iter().filter(|(_, path, _)| has_page(path));
    let item = |(section, path, key): &(Section, &str, &str)| Item {
        text: text::t(key).to_owned(),
        url: format!("{CONSOLE_BASE}{path}"),
        current: *section == current,
    };
    shown.map(item).collect()
}
