//! Reading an application into a sync that is under way.

use rollcall_connector::read::{
    End, GroupRecord, MemberKind, Page, Position, Read, ReadError, Skipped, UserRecord,
};
use rollcall_connector::transport::PeerError;

use super::{Observer, Stage, SyncError, record};
use crate::c1z::{self, Problem, Progress, Unresolved};

/// What stands for a position when a list has been read to its end.
const DONE: &str = "done";

/// Reads what has not been read yet: users, groups, then what only others refer to.
///
/// Can be dropped at any await: what was committed stays, the rest is read again.
///
/// # Errors
///
/// [`SyncError`]; after all but [`SyncError::Incomplete`] and a broken disk, calling it again goes on.
pub async fn collect(
    reader: &dyn Read,
    progress: &mut Progress,
    observer: &mut dyn Observer,
) -> Result<(), SyncError> {
    list_users(reader, progress, observer).await?;
    list_groups(reader, progress, observer).await?;
    name_links(reader, progress, observer).await?;
    resolve(reader, progress, observer).await
}

async fn list_users(
    reader: &dyn Read,
    progress: &mut Progress,
    observer: &mut dyn Observer,
) -> Result<(), SyncError> {
    let Some(from) = begin(progress, Stage::Users) else { return Ok(()) };
    let mut pages = reader.users(from);
    let mut count = 0;
    while let Some(page) = pages.next().await? {
        let listed = Listed::of(&page, Stage::Users)?;
        let problems = problems("user", &page.skipped);
        progress.page(|write| {
            page.records.iter().for_each(|user| add_user(write, user));
            listed.note(write, &problems);
        })?;
        count += page.records.len() as u64;
        report(observer, Stage::Users, count, page.total, &problems);
        if listed.done {
            return Ok(());
        }
    }
    end(progress, Stage::Users)
}

async fn list_groups(
    reader: &dyn Read,
    progress: &mut Progress,
    observer: &mut dyn Observer,
) -> Result<(), SyncError> {
    let Some(from) = begin(progress, Stage::Groups) else { return Ok(()) };
    let mut pages = reader.groups(from);
    let mut count = 0;
    while let Some(page) = pages.next().await? {
        let listed = Listed::of(&page, Stage::Groups)?;
        let problems = problems("group", &page.skipped);
        progress.page(|write| {
            page.records.iter().for_each(|group| add_group(write, group));
            listed.note(write, &problems);
        })?;
        count += page.records.len() as u64;
        report(observer, Stage::Groups, count, page.total, &problems);
        if listed.done {
            return Ok(());
        }
    }
    end(progress, Stage::Groups)
}

/// Where a list is to be read from; `None` when it has been read.
fn begin(progress: &Progress, stage: Stage) -> Option<Position> {
    match progress.step(stage.name()) {
        None => Some(Position::default()),
        Some(DONE) => None,
        // What cannot be read any more is begun anew: rows that come again are written anew.
        Some(position) => Some(serde_json::from_str(position).unwrap_or_default()),
    }
}

fn end(progress: &mut Progress, stage: Stage) -> Result<(), SyncError> {
    Ok(progress.set_step(stage.name(), DONE)?)
}

/// Where a page leaves its list.
struct Listed {
    stage: Stage,
    value: String,
    done: bool,
}

impl Listed {
    fn of<T>(page: &Page<T>, stage: Stage) -> Result<Self, SyncError> {
        match &page.end {
            None => {
                let value = serde_json::to_string(&page.next).unwrap_or_default();
                Ok(Self { stage, value, done: false })
            }
            Some(End::Complete) => Ok(Self { stage, value: DONE.to_owned(), done: true }),
            Some(End::Incomplete { arrived, announced, reason }) => Err(SyncError::Incomplete {
                stage,
                arrived: *arrived,
                announced: *announced,
                reason: reason.clone(),
            }),
        }
    }

    fn note(&self, write: &mut c1z::Page<'_>, problems: &[Problem]) {
        for problem in problems {
            write.problem(problem);
        }
        write.step(self.stage.name(), &self.value);
    }
}

fn problems(what: &str, skipped: &[Skipped]) -> Vec<Problem> {
    let problem = |skipped: &Skipped| Problem {
        what: what.to_owned(),
        id: skipped.id.clone().unwrap_or_default(),
        reason: skipped.reason.clone(),
    };
    skipped.iter().map(problem).collect()
}

fn report(observer: &mut dyn Observer, stage: Stage, count: u64, total: Option<u64>, problems: &[Problem]) {
    for problem in problems {
        observer.problem(problem);
    }
    observer.read(stage, count, total);
}

fn add_user(write: &mut c1z::Page<'_>, user: &UserRecord) {
    if let Some(reason) = record::unfit(&user.id) {
        return write.problem(&Problem { what: "user".to_owned(), id: user.shown_name(), reason });
    }
    let named = user.roles.iter().filter(|role| !role.value.is_empty());
    let roles = named.map(|role| (role.value.as_str(), role.display.as_deref().unwrap_or_default()));
    let links = user.groups.iter().map(|link| (link.id.as_deref(), link.name.as_str()));
    write.user(&user.id, |out| record::user(user, out), roles, links);
}

fn add_group(write: &mut c1z::Page<'_>, group: &GroupRecord) {
    if let Some(reason) = record::unfit(&group.id) {
        return write.problem(&Problem { what: "group".to_owned(), id: group.display_name.clone(), reason });
    }
    let members = group.members.iter().map(|member| (record::kind(member.kind), member.id.as_str()));
    let name = record::shortened(&group.display_name);
    write.group(&group.id, name, |out| record::group(group, out), members);
}

/// Finds the groups that users name without their ids.
async fn name_links(
    reader: &dyn Read,
    progress: &mut Progress,
    observer: &mut dyn Observer,
) -> Result<(), SyncError> {
    while let Some(link) = progress.unnamed()? {
        let (found, reason) = match link.groups.as_slice() {
            [only] => (Some(only.clone()), None),
            [] => match unless_refused(reader.group_named(&link.name).await)? {
                Ok(Some(id)) => (Some(id), None),
                Ok(None) => (None, Some("there is no such group".to_owned())),
                Err(reason) => (None, Some(reason)),
            },
            _ => (None, Some("several groups have this name".to_owned())),
        };
        let problem = reason.map(|reason| Problem {
            what: "member".to_owned(),
            id: link.user.clone(),
            reason: format!("names group {:?}: {reason}", link.name),
        });
        progress.page(|write| {
            if let Some(problem) = &problem {
                write.problem(problem);
            }
            write.named(&link.name, found.as_deref());
        })?;
        if let Some(problem) = &problem {
            observer.problem(problem);
        }
    }
    Ok(())
}

/// Asks for members that no list had. A group that is found so may have more of them.
async fn resolve(
    reader: &dyn Read,
    progress: &mut Progress,
    observer: &mut dyn Observer,
) -> Result<(), SyncError> {
    let mut count = 0;
    loop {
        let batch = progress.unresolved()?;
        if batch.is_empty() {
            return Ok(());
        }
        for unresolved in batch {
            let found = ask(reader, &unresolved).await?;
            let problem = progress.page(|write| add_found(write, &unresolved, found))?;
            count += 1;
            if let Some(problem) = &problem {
                observer.problem(problem);
            }
            observer.read(Stage::Members, count, None);
        }
    }
}

/// What an id turned out to be.
enum Found {
    User(Box<UserRecord>),
    Group(GroupRecord),
    Nothing(String),
}

async fn ask(reader: &dyn Read, unresolved: &Unresolved) -> Result<Found, SyncError> {
    let id = unresolved.id.as_str();
    if let Some(reason) = record::unfit(id) {
        return Ok(Found::Nothing(reason));
    }
    let mut why = "is neither a user nor a group".to_owned();
    if unresolved.kind != record::kind(MemberKind::Group) {
        match unless_refused(reader.user(id).await)? {
            Ok(Some(user)) if user.id == id => return Ok(Found::User(Box::new(user))),
            Ok(Some(user)) => return Ok(Found::Nothing(format!("is {} by another name", user.id))),
            Ok(None) => {}
            Err(reason) => why = reason,
        }
    }
    if unresolved.kind != record::kind(MemberKind::User) {
        match unless_refused(reader.group(id).await)? {
            Ok(Some(group)) if group.id == id => return Ok(Found::Group(group)),
            Ok(Some(group)) => return Ok(Found::Nothing(format!("is {} by another name", group.id))),
            Ok(None) => {}
            Err(reason) => why = reason,
        }
    }
    Ok(Found::Nothing(why))
}

fn add_found(write: &mut c1z::Page<'_>, unresolved: &Unresolved, found: Found) -> Option<Problem> {
    match found {
        Found::User(user) => add_user(write, &user),
        Found::Group(group) => add_group(write, &group),
        Found::Nothing(reason) => {
            let problem = Problem {
                what: "member".to_owned(),
                id: unresolved.id.clone(),
                reason: format!("of {}: {reason}", unresolved.referrer),
            };
            write.absent(&unresolved.id);
            write.problem(&problem);
            return Some(problem);
        }
    }
    None
}

/// Tells an application that refuses to say something from one that cannot be asked now.
fn unless_refused<T>(answer: Result<T, ReadError>) -> Result<Result<T, String>, SyncError> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(ReadError::Peer(error)) if is_refusal(&error) => Ok(Err(error.to_string())),
        Err(error @ ReadError::Unmappable { .. }) => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// The application answered, and not with what was asked for; the next question may have an answer.
fn is_refusal(error: &PeerError) -> bool {
    matches!(
        error,
        PeerError::Forbidden(_)
            | PeerError::Gone(_)
            | PeerError::NotFound(_)
            | PeerError::Invalid(_)
            | PeerError::Unsupported(_)
            | PeerError::Rejected(_)
    )
}
