//! `/console/users/{source}/{id}`, `/console/groups/{source}/{id}`: one of them, and what happened to it.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use rollcall_domain::account::Role;
use rollcall_domain::identity::{Identity, Owner, Status};
use rollcall_domain::people::StoredIdentity;
use rollcall_domain::source::Source;
use rollcall_service::admin::{Page, Paging, SourceFilter};
use rollcall_service::request_log::RequestFilter;
use rollcall_service::view::{InGroup, Looked, Member};
use serde_json::Value;

use super::requests::{Line, line};
use super::resources::{activity, source_of};
use crate::Console;
use crate::answer::{Answer, Failure, show};
use crate::frame::{Frame, Section};
use crate::guard::Visit;
use crate::place::{Asked, At};
use crate::route::{Needs, Route};
use crate::text::{self, filters};
use crate::ui::json::{Fact, brief, facts};
use crate::ui::{Badge, History, Pager, When};

/// Changes, members of one page.
const CHANGES: u32 = 10;
const MEMBERS: u32 = 50;
/// Requests that are named; the rest are in the request log.
const REQUESTS: u32 = 10;
/// Groups that are named.
const GROUPS: usize = 100;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/users/{source}/{id}",
        needs: Needs::Role(Role::Viewer),
        handler: || get(user),
    },
    Route {
        method: "GET",
        path: "/groups/{source}/{id}",
        needs: Needs::Role(Role::Viewer),
        handler: || get(group),
    },
];

#[derive(Template)]
#[template(path = "resources/user.html")]
struct UserPage {
    frame: Frame,
    about: About,
    active: Badge,
    groups: Vec<Named>,
    more_groups: usize,
    identity: Option<Person>,
    requests: Vec<Line>,
    all_requests: String,
}

#[derive(Template)]
#[template(path = "resources/group.html")]
struct GroupPage {
    frame: Frame,
    about: About,
    members: Vec<Named>,
    pager: Pager,
}

/// What users and groups share.
struct About {
    id: String,
    version: u64,
    created: When,
    modified: When,
    schemas: Vec<Schema>,
    history: History,
    history_pager: Pager,
}

/// The attributes of one schema.
struct Schema {
    name: String,
    facts: Vec<Fact>,
}

/// Something with a page of its own.
struct Named {
    url: Option<String>,
    text: String,
    note: Option<&'static str>,
}

/// The identity that a user stands for.
struct Person {
    id: String,
    status: Badge,
    protected: bool,
    facts: Vec<Fact>,
    roles: Vec<Fact>,
    links: Vec<Link>,
}

struct Link {
    source: String,
    url: Option<String>,
    state: Badge,
    adopted: bool,
}

/// `GET /console/users/{source}/{id}`: 200 or 404.
async fn user(
    State(app): State<Console>,
    visit: Visit,
    At((slug, id)): At<(String, String)>,
    asked: Asked,
) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let looked = app.service.resource(visit.admin(), &source, "User", &id).await?;
    let now = app.service.in_milliseconds(0);
    let name = named(&looked, &["userName", "displayName"]);
    let identity = app.service.identity_of(visit.admin(), &source, &looked.seen).await?;
    let identity = match identity {
        Some(stored) => Some(person(&app, &visit, &stored).await?),
        None => None,
    };
    let filter = RequestFilter { user: Some(looked.seen.id.to_string()), ..RequestFilter::default() };
    let paging = Paging { limit: REQUESTS, after: None };
    let requests = app.service.requests(visit.admin(), &source.slug, &filter, &paging).await?;
    let shown = |group: &InGroup| Named {
        url: Some(format!("/console/groups/{}/{}", source.slug, group.id)),
        text: group.display.as_deref().map_or_else(|| group.id.to_string(), brief),
        note: (!group.direct).then_some("user.indirect"),
    };
    let page = UserPage {
        frame: visit.titled(Section::Users, &name).crumb(text::t("users.title"), &list(&source, "users")),
        active: activity(&looked.seen),
        groups: looked.groups.iter().take(GROUPS).map(shown).collect(),
        more_groups: looked.groups.len().saturating_sub(GROUPS),
        about: about(&app, &visit, &asked, &looked, &format!("/console/users/{}/{id}", source.slug)).await?,
        identity,
        requests: requests.items.iter().map(|summary| line(&source.slug, summary, now)).collect(),
        all_requests: format!("/console/requests?source={}&user={}", source.slug, looked.seen.id),
    };
    show(&page)
}

/// `GET /console/groups/{source}/{id}`: 200 or 404. Members come a page at a time, however many there are.
async fn group(
    State(app): State<Console>,
    visit: Visit,
    At((slug, id)): At<(String, String)>,
    asked: Asked,
) -> Answer {
    let source = source_of(&app, &visit, &slug).await?;
    let looked = app.service.resource(visit.admin(), &source, "Group", &id).await?;
    let name = named(&looked, &["displayName"]);
    let paging = Paging { limit: MEMBERS, after: asked.given("cursor").map(str::to_owned) };
    let Page { items, next } =
        app.service.members_of(visit.admin(), &source, looked.seen.id, &paging).await?;
    let shown = |member: &Member| {
        let section = match member.kind.as_deref() {
            Some("User") => Some("users"),
            Some("Group") => Some("groups"),
            _ => None,
        };
        Named {
            url: section.map(|section| format!("/console/{section}/{}/{}", source.slug, member.value)),
            text: brief(member.display.as_deref().unwrap_or(&member.value)),
            note: member.kind.is_none().then_some("group.pending"),
        }
    };
    let url = format!("/console/groups/{}/{id}", source.slug);
    let page = GroupPage {
        frame: visit.titled(Section::Groups, &name).crumb(text::t("groups.title"), &list(&source, "groups")),
        about: about(&app, &visit, &asked, &looked, &url).await?,
        members: items.iter().map(shown).collect(),
        pager: Pager::new(&url, next.as_deref(), paging.after.is_some()),
    };
    show(&page)
}

fn list(source: &Source, section: &str) -> String {
    format!("/{section}?source={}", source.slug)
}

fn named(looked: &Looked, attributes: &[&str]) -> String {
    let text = |name: &&str| looked.seen.document.get(*name).and_then(Value::as_str);
    attributes.iter().find_map(text).map_or_else(|| looked.seen.id.to_string(), brief)
}

async fn about(
    app: &Console,
    visit: &Visit,
    asked: &Asked,
    looked: &Looked,
    url: &str,
) -> Result<About, Failure> {
    let now = app.service.in_milliseconds(0);
    let paging = Paging { limit: CHANGES, after: asked.given("before").map(str::to_owned) };
    let changes = app.service.history(visit.admin(), looked.seen.id, &paging).await?;
    let history_url = changes.next.as_ref().map(|before| format!("{url}?before={before}"));
    Ok(About {
        id: looked.seen.id.to_string(),
        version: looked.version,
        created: When::new(looked.seen.created, now),
        modified: When::new(looked.seen.modified, now),
        schemas: schemas(looked),
        history: History::new(&changes.items, now, false),
        history_pager: Pager::between(paging.after.is_some().then(|| url.to_owned()), history_url),
    })
}

/// Attributes by schema: the type's own first, then each extension's.
fn schemas(looked: &Looked) -> Vec<Schema> {
    let mut own = looked.seen.document.clone();
    own.retain(|name, _| name != "schemas" && name != "id" && !name.starts_with("urn:"));
    let own = Schema { name: looked.kind.name().to_owned(), facts: facts(&Value::Object(own)) };
    let extensions = looked.seen.document.iter().filter(|(name, _)| name.starts_with("urn:"));
    let extensions = extensions.map(|(name, value)| Schema { name: name.clone(), facts: facts(value) });
    std::iter::once(own).chain(extensions).filter(|schema| !schema.facts.is_empty()).collect()
}

async fn person(app: &Console, visit: &Visit, stored: &StoredIdentity) -> Result<Person, Failure> {
    let identity = &stored.identity;
    let sources = app.service.sources(visit.admin(), &SourceFilter::default(), &Paging::all()).await?.items;
    let slug = |id| {
        sources.iter().find(|source| source.id == id).map_or_else(String::new, |source| source.slug.clone())
    };
    let links = identity.links.iter().map(|link| {
        let slug = slug(link.source);
        Link {
            url: link.resource.map(|id| format!("/console/users/{slug}/{id}")),
            state: if link.active {
                Badge::good(text::t("user.link_active"))
            } else {
                Badge::warn(text::t("user.link_inactive"))
            },
            adopted: link.adopted,
            source: slug,
        }
    });
    let owner = |owner: &Owner| match owner {
        Owner::App => text::t("user.by_app").to_owned(),
        Owner::Source(id) => slug(*id),
    };
    let roles = identity.grants.iter();
    Ok(Person {
        id: identity.id.to_string(),
        status: status(identity.status),
        protected: identity.protected,
        facts: known(identity),
        roles: roles.map(|grant| Fact { name: grant.role.clone(), value: owner(&grant.owner) }).collect(),
        links: links.collect(),
    })
}

fn known(identity: &Identity) -> Vec<Fact> {
    let shown = |(name, held): (&String, &rollcall_domain::identity::Held)| Fact {
        name: name.clone(),
        value: crate::ui::json::line(&held.value),
    };
    identity.attributes.iter().map(shown).collect()
}

/// The status of an identity as a word.
pub(super) fn status(status: Status) -> Badge {
    match status {
        Status::Active => Badge::good(text::t("identity.active")),
        Status::Disabled => Badge::warn(text::t("identity.disabled")),
        Status::Anonymized => Badge::plain(text::t("identity.anonymized")),
        Status::Deleted => Badge::bad(text::t("identity.deleted")),
    }
}
