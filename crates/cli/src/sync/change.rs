//! One change in the application: a grant, a revocation, an account, a deletion.

use std::path::Path;

use rollcall_access::c1z::{File, View};
use rollcall_access::model::{Entitlement, GROUP, ROLE, Resource, ResourceId, USER};
use rollcall_access::sync::ROLE_VALUE;
use rollcall_config::baton::{Baton, Tuning};
use rollcall_connector::provision::{Account, Kind, Outcome, Provisioner, Write as _, WriteError};
use rollcall_connector::read::{ReadOptions, Reader, RoleRecord};
use rollcall_connector::transport::Request;
use serde_json::{Map, Value, json};

use super::Application;
use crate::c1z::limits;
use crate::printer::Printer;
use crate::{Done, Failure};

/// What is asked for.
pub(super) enum Change {
    Grant { entitlement: String, principal: ResourceId },
    Revoke { grant: String },
    Create(Account),
    Delete { kind: Kind, id: String },
}

/// The change that the settings ask for, if they do. The first of them, in the reference's order.
pub(super) fn wanted(baton: &Baton) -> Result<Option<Change>, Failure> {
    let text = |name: &str| baton.text(name).map(str::to_owned);
    if let Some(entitlement) = text("grant-entitlement") {
        let to =
            text("grant-principal").ok_or_else(|| theirs("--grant-entitlement needs --grant-principal"))?;
        let kind = text("grant-principal-type").unwrap_or_else(|| USER.to_owned());
        return Ok(Some(Change::Grant { entitlement, principal: ResourceId::new(kind, to) }));
    }
    if let Some(grant) = text("revoke-grant") {
        return Ok(Some(Change::Revoke { grant }));
    }
    if let Some(login) = text("create-account-login") {
        if let Some(kind) = text("create-account-resource-type").filter(|kind| kind != USER) {
            return Err(theirs(format!("--create-account-resource-type {kind}: only users are created")));
        }
        let profile = account_profile(baton.text("create-account-profile"))?;
        return Ok(Some(Change::Create(Account { login, email: text("create-account-email"), profile })));
    }
    let Some(id) = text("delete-resource") else { return Ok(None) };
    let kind = match baton.text("delete-resource-type") {
        Some(USER) => Kind::User,
        Some(GROUP) => Kind::Group,
        Some(other) => {
            return Err(theirs(format!("--delete-resource-type {other}: only a user or a group can be")));
        }
        None => return Err(theirs("--delete-resource needs --delete-resource-type user, or group")),
    };
    Ok(Some(Change::Delete { kind, id }))
}

fn account_profile(text: Option<&str>) -> Result<Map<String, Value>, Failure> {
    match text.map(serde_json::from_str) {
        None => Ok(Map::new()),
        Some(Ok(Value::Object(profile))) => Ok(profile),
        Some(Ok(_)) => Err(theirs("--create-account-profile: a JSON object is wanted")),
        Some(Err(error)) => Err(theirs(format!("--create-account-profile: {error}"))),
    }
}

/// Makes the change, or with `--dry-run` prints the request that would.
pub(super) async fn run(
    change: &Change,
    application: &Application,
    baton: &Baton,
    tuning: &Tuning,
    printer: &Printer,
) -> Done {
    let Application { profile, transport, .. } = application;
    let writer = Provisioner::new(transport.clone(), profile.clone());
    let path = Path::new(baton.text("file").unwrap_or("sync.c1z"));
    let open = || File::open(path, None, limits(tuning));
    let step = match change {
        Change::Grant { entitlement, principal } => {
            Step::grant(&open()?.view(None)?, entitlement, principal)?
        }
        Change::Revoke { grant } => Step::revoke(&open()?.view(None)?, grant)?,
        Change::Create(account) => Step::Create(account),
        Change::Delete { kind, id } => Step::Delete(*kind, id),
    };
    if baton.is_on("dry-run") {
        let request = step.plan(&writer, application).await?;
        let shown = transport.shown(&request);
        printer.data(&json!({ "requests": [&shown] }), || shown.to_string());
        return Ok(());
    }
    let done = step.make(&writer).await?;
    printer.data(&done.json, || done.text);
    Ok(())
}

/// A change with all that the file knows about it.
enum Step<'a> {
    Grant(Membership),
    Revoke(Membership),
    Create(&'a Account),
    Delete(Kind, &'a str),
}

/// Somebody in a group, or with a role.
struct Membership {
    /// The grant's id.
    id: String,
    of: Of,
    principal: String,
}

enum Of {
    Group(String),
    Role(RoleRecord),
}

/// What is said of a change that was made.
struct Made {
    json: Value,
    text: String,
}

impl Step<'_> {
    fn grant(view: &View<'_>, entitlement: &str, principal: &ResourceId) -> Result<Self, Failure> {
        let found = view.entitlement(entitlement)?;
        let found = found.ok_or_else(|| absent("entitlement", entitlement, "entitlements"))?;
        view.resource(principal)?.ok_or_else(|| absent("resource", &principal.to_string(), "resources"))?;
        Ok(Self::Grant(membership(view, &found, principal)?))
    }

    fn revoke(view: &View<'_>, id: &str) -> Result<Self, Failure> {
        let grant = view.grant(id)?.ok_or_else(|| absent("grant", id, "grants"))?;
        let known = view.entitlement(&grant.entitlement.id)?.unwrap_or(grant.entitlement);
        Ok(Self::Revoke(membership(view, &known, &grant.principal.id)?))
    }

    async fn plan(&self, writer: &Provisioner, application: &Application) -> Result<Request, Failure> {
        let (membership, granted) = match self {
            Self::Create(account) => return Ok(writer.plan_create(account)),
            Self::Delete(kind, id) => return Ok(Provisioner::plan_delete(*kind, id)),
            Self::Grant(membership) => (membership, true),
            Self::Revoke(membership) => (membership, false),
        };
        let member = &membership.principal;
        let planned = match &membership.of {
            Of::Group(group) if granted => writer.plan_add_member(group, member, None),
            Of::Group(group) => writer.plan_remove_member(group, member),
            Of::Role(role) => {
                let Application { transport, profile, .. } = application;
                let reader = Reader::new(transport.clone(), profile.clone(), ReadOptions::default());
                let user = reader.user_as_it_is(member).await.map_err(|error| theirs(error.to_string()))?;
                let user = user.ok_or_else(|| theirs(format!("the application has no user {member}")))?;
                writer.plan_role(member, &user, None, role, granted)
            }
        };
        Ok(planned?)
    }

    async fn make(&self, writer: &Provisioner) -> Result<Made, Failure> {
        Ok(match self {
            Self::Grant(membership) => {
                let member = &membership.principal;
                let outcome = match &membership.of {
                    Of::Group(group) => writer.add_member(group, member).await?,
                    Of::Role(role) => writer.grant_role(member, role).await?,
                };
                Made::outcome("grant", &membership.id, outcome, "granted", "was held already")
            }
            Self::Revoke(membership) => {
                let member = &membership.principal;
                let outcome = match &membership.of {
                    Of::Group(group) => writer.remove_member(group, member).await?,
                    Of::Role(role) => writer.revoke_role(member, role).await?,
                };
                Made::outcome("grant", &membership.id, outcome, "revoked", "was gone already")
            }
            Self::Create(account) => {
                let created = writer.create_account(account).await?;
                let outcome = if created.already { Outcome::Already } else { Outcome::Done };
                let id = ResourceId::new(USER, &created.id).to_string();
                Made::outcome("resource", &id, outcome, "created", "was there already, and is as it was")
            }
            Self::Delete(kind, id) => {
                let outcome = writer.delete(*kind, id).await?;
                let name = match kind {
                    Kind::User => USER,
                    Kind::Group => GROUP,
                };
                let id = ResourceId::new(name, *id).to_string();
                Made::outcome("resource", &id, outcome, "deleted", "was gone already")
            }
        })
    }
}

impl Made {
    fn outcome(what: &str, id: &str, outcome: Outcome, done: &str, already: &str) -> Self {
        let (word, text) = match outcome {
            Outcome::Done => (done, format!("{done} {id}")),
            Outcome::Already => ("already", format!("{id} {already}")),
        };
        Self { json: json!({ "outcome": word, what: id }), text }
    }
}

fn membership(
    view: &View<'_>,
    entitlement: &Entitlement,
    principal: &ResourceId,
) -> Result<Membership, Failure> {
    let of = &entitlement.resource.id;
    let refuse = || {
        theirs(format!(
            "{} cannot be held by {principal}: users and groups are in groups, and users have roles",
            entitlement.id
        ))
    };
    let what = match (of.resource_type.as_str(), principal.resource_type.as_str()) {
        (GROUP, USER | GROUP) => Of::Group(of.resource.clone()),
        (ROLE, USER) => Of::Role(role(&view.resource(of)?.unwrap_or_else(|| entitlement.resource.clone()))),
        _ => return Err(refuse()),
    };
    Ok(Membership {
        id: format!("{}:{principal}", entitlement.id),
        of: what,
        principal: principal.resource.clone(),
    })
}

/// What the application calls a role. A file of another program has only the name to show.
fn role(resource: &Resource) -> RoleRecord {
    let attribute = |name: &str| resource.profile().and_then(|profile| profile.get(name)?.as_str());
    let name = attribute("role_name").unwrap_or(&resource.display_name);
    RoleRecord { value: attribute(ROLE_VALUE).unwrap_or(name).to_owned(), display: Some(name.to_owned()) }
}

fn absent(what: &str, id: &str, list: &str) -> Failure {
    theirs(format!(
        "the file has no {what} {id}; `rollcall c1z {list}` shows those there are, `rollcall sync` reads anew"
    ))
}

fn theirs(message: impl Into<String>) -> Failure {
    Failure::Theirs(message.into())
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Theirs(error.to_string())
    }
}
