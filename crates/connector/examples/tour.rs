//! Tries the client on a live SCIM 2.0 application that may be filled: `tour URL TOKEN`. Stops at the first thing
//! that is not as it should be. `scripts/interop` runs it against another project's server.

#![expect(clippy::print_stdout, reason = "it prints what it did")]

use std::sync::Arc;

use rollcall_connector::discovery::Discovery;
use rollcall_connector::profile::Profile;
use rollcall_connector::provision::{Account, Kind, Outcome, Provisioner, Write as _};
use rollcall_connector::read::{
    End, GroupRecord, Position, Read as _, ReadOptions, Reader, RoleRecord, UserRecord,
};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Options, Request, Transport};
use rollcall_service::system::SystemClock;
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

/// Accounts that are created: more than a page.
const ACCOUNTS: usize = 25;
const PAGE: u32 = 10;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(token)) = (arguments.next(), arguments.next()) else {
        return Err("usage: tour URL TOKEN".into());
    };
    let mut profile = Profile::builtin("standard", &|_| Some(url.clone()))?;
    profile.pagination.page_size = PAGE;
    let credentials = Credentials { token: Some(Secret::new(token)), ..Credentials::default() };
    let transport = Transport::new(&profile, credentials, Options::new(Arc::new(SystemClock)))?;
    let discovery = Discovery::new(transport.clone(), &profile);
    let config = discovery.service_provider_config().await?;
    let patch = config.pointer("/patch/supported").unwrap_or(&serde_json::Value::Null);
    println!("patch: {patch}, {} schemas", discovery.schemas().await?.len());
    let profile = Arc::new(profile);
    let reader = Reader::new(transport.clone(), Arc::clone(&profile), ReadOptions { strict: true });
    let before = users(&reader).await?.len();
    let (ids, group) = write(&transport, &Provisioner::new(transport.clone(), profile)).await?;
    let read = users(&reader).await?;
    same("users", &read.len(), &(before + ACCOUNTS - 1))?;
    let first = ids.first().ok_or("no account")?;
    let user = read.iter().find(|user| user.id == *first).ok_or("the first account is not in the list")?;
    same("address", &user.email.as_deref(), &Some("tour0@example.com"))?;
    let roles: Vec<&str> = user.roles.iter().map(|role| role.value.as_str()).collect();
    same("roles", &roles, &vec!["auditor"])?;
    let found = groups(&reader)
        .await?
        .into_iter()
        .find(|one| one.id == group)
        .ok_or("the group is not in the list")?;
    let members: Vec<String> = found.members.into_iter().map(|member| member.id).collect();
    let expected: Vec<String> = [ids.first(), ids.get(2)].into_iter().flatten().cloned().collect();
    same("members", &members, &expected)?;
    println!("read {} users and the group's members", read.len());
    Ok(())
}

/// Creates accounts and a group, and changes members and roles one by one. The ids, and that of the group.
async fn write(transport: &Transport, writer: &Provisioner) -> Result<(Vec<String>, String), Failure> {
    let mut ids = Vec::new();
    for at in 0..ACCOUNTS {
        let names = json!({"first_name": "Tour", "last_name": at.to_string(), "active": true});
        let email = Some(format!("tour{at}@example.com"));
        let profile = names.as_object().cloned().unwrap_or_default();
        let account = Account { login: format!("tour{at}"), email, profile };
        ids.push(writer.create_account(&account).await?.id);
        same("created again", &writer.create_account(&account).await?.already, &true)?;
    }
    let body =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Tour \"1\""});
    let reply = transport.send(&Request::post(["Groups"], body)).await?;
    let group =
        reply.json()?.get("id").and_then(serde_json::Value::as_str).ok_or("the group has no id")?.to_owned();
    for id in ids.iter().take(3) {
        same("added", &writer.add_member(&group, id).await?, &Outcome::Done)?;
        writer.add_member(&group, id).await?;
    }
    let second = ids.get(1).ok_or("no second account")?;
    same("removed", &writer.remove_member(&group, second).await?, &Outcome::Done)?;
    same("removed again", &writer.remove_member(&group, second).await?, &Outcome::Already)?;
    let first = ids.first().ok_or("no account")?;
    let role = |value: &str| RoleRecord { value: value.to_owned(), display: None };
    for value in ["admin", "auditor"] {
        same("granted", &writer.grant_role(first, &role(value)).await?, &Outcome::Done)?;
        same("granted again", &writer.grant_role(first, &role(value)).await?, &Outcome::Already)?;
    }
    same("revoked", &writer.revoke_role(first, &role("admin")).await?, &Outcome::Done)?;
    same("revoked again", &writer.revoke_role(first, &role("admin")).await?, &Outcome::Already)?;
    let last = ids.last().ok_or("no last account")?;
    same("deleted", &writer.delete(Kind::User, last).await?, &Outcome::Done)?;
    same("deleted again", &writer.delete(Kind::User, last).await?, &Outcome::Already)?;
    println!("created {ACCOUNTS} accounts, changed members and roles, deleted one");
    Ok((ids, group))
}

async fn users(reader: &Reader) -> Result<Vec<UserRecord>, Failure> {
    let (mut all, mut pages) = (Vec::new(), reader.users(Position::default()));
    while let Some(page) = pages.next().await? {
        all.extend(page.records);
        same("end of the users", &page.end.unwrap_or(End::Complete), &End::Complete)?;
    }
    Ok(all)
}

async fn groups(reader: &Reader) -> Result<Vec<GroupRecord>, Failure> {
    let (mut all, mut pages) = (Vec::new(), reader.groups(Position::default()));
    while let Some(page) = pages.next().await? {
        all.extend(page.records);
        same("end of the groups", &page.end.unwrap_or(End::Complete), &End::Complete)?;
    }
    Ok(all)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), Failure> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, not {expected:?}").into()) }
}
