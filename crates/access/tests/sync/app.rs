//! An application that is made up, and one run of the command against it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use rollcall_access::c1z::{Begun, Ksuid, Limits, Problem};
use rollcall_access::sync::{Finishing, Observer, Stage, Summary, SyncError, Workplace, collect};
use rollcall_connector::read::{
    End, GroupRecord, MemberKind, MemberRecord, Page, Pages, Position, Read, ReadError, RoleRecord, Skipped,
    UserRecord,
};
use rollcall_connector::transport::PeerError;
use rollcall_domain::clock::Timestamp;
use serde_json::json;

use crate::common::NOW;

/// An application with everything in memory.
#[derive(Default)]
pub(crate) struct App {
    pub(crate) users: Vec<UserRecord>,
    pub(crate) groups: Vec<GroupRecord>,
    /// Found one by one, and in no list.
    pub(crate) hidden_users: Vec<UserRecord>,
    pub(crate) hidden_groups: Vec<GroupRecord>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) page: usize,
    /// Answers until the process dies: the next never comes.
    pub(crate) lives: Option<usize>,
    /// Answers until an error.
    pub(crate) works: Option<usize>,
    pub(crate) incomplete: Option<Stage>,
    pub(crate) asked: AtomicUsize,
}

impl App {
    async fn answer(&self) -> Result<(), ReadError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if self.lives.is_some_and(|lives| asked >= lives) {
            std::future::pending::<()>().await;
        }
        if self.works.is_some_and(|works| asked >= works) {
            let (request, reason) = ("GET /Users".to_owned(), "reset".to_owned());
            return Err(PeerError::Broken { request, reason }.into());
        }
        Ok(())
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

struct List<'a, T> {
    app: &'a App,
    records: &'a [T],
    stage: Stage,
    at: usize,
    done: bool,
}

fn position(at: usize) -> Position {
    serde_json::from_value(json!({ "arrived": at, "offset": at })).unwrap()
}

fn list<'a, T: Clone + Send + Sync>(
    app: &'a App,
    records: &'a [T],
    stage: Stage,
    from: &Position,
) -> Box<dyn Pages<T> + 'a> {
    let at = serde_json::to_value(from).unwrap()["offset"].as_u64().unwrap();
    Box::new(List { app, records, stage, at: at.try_into().unwrap(), done: false })
}

#[async_trait]
impl<T: Clone + Send + Sync> Pages<T> for List<'_, T> {
    async fn next(&mut self) -> Result<Option<Page<T>>, ReadError> {
        if self.done {
            return Ok(None);
        }
        self.app.answer().await?;
        let end = self.records.len().min(self.at + self.app.page.max(1));
        let records = self.records[self.at..end].to_vec();
        self.at = end;
        self.done = end == self.records.len();
        let verdict = if self.app.incomplete == Some(self.stage) {
            let announced = Some(self.records.len() as u64 * 2);
            let reason = "the next page was empty".to_owned();
            End::Incomplete { arrived: end as u64, announced, reason }
        } else {
            End::Complete
        };
        Ok(Some(Page {
            records,
            skipped: if self.stage == Stage::Users && self.done {
                self.app.skipped.clone()
            } else {
                Vec::new()
            },
            total: Some(self.records.len() as u64),
            next: position(end),
            end: self.done.then_some(verdict),
        }))
    }
}

/// The program's trait wants lists that own what they read: these are given away for the life of a test.
pub(crate) struct Shared(pub(crate) &'static App);

#[async_trait]
impl Read for Shared {
    fn users(&self, from: Position) -> Box<dyn Pages<UserRecord>> {
        list(self.0, &self.0.users, Stage::Users, &from)
    }

    fn groups(&self, from: Position) -> Box<dyn Pages<GroupRecord>> {
        list(self.0, &self.0.groups, Stage::Groups, &from)
    }

    async fn user(&self, id: &str) -> Result<Option<UserRecord>, ReadError> {
        self.0.answer().await?;
        Ok(self.0.hidden_users.iter().find(|user| user.id == id).cloned())
    }

    async fn group(&self, id: &str) -> Result<Option<GroupRecord>, ReadError> {
        self.0.answer().await?;
        Ok(self.0.hidden_groups.iter().find(|group| group.id == id).cloned())
    }

    async fn group_named(&self, name: &str) -> Result<Option<String>, ReadError> {
        self.0.answer().await?;
        Ok(self.0.hidden_groups.iter().find(|group| group.display_name == name).map(|group| group.id.clone()))
    }
}

pub(crate) fn user(id: &str, roles: &[(&str, &str)]) -> UserRecord {
    let role = |(value, display): &(&str, &str)| RoleRecord {
        value: (*value).to_owned(),
        display: Some((*display).to_owned()).filter(|display| !display.is_empty()),
    };
    UserRecord {
        id: id.to_owned(),
        user_name: Some(format!("{id}.name")),
        first_name: Some(id.to_uppercase()),
        last_name: Some("Lee".to_owned()),
        display_name: None,
        email: Some(format!("{id}@example.com")),
        emails: vec![format!("{id}@example.com"), format!("{id}@example.org")],
        active: true,
        roles: roles.iter().map(role).collect(),
        groups: Vec::new(),
    }
}

/// `u1` is a member of no kind that was said; `user:u1` and `group:g1` are said to be one.
pub(crate) fn group(id: &str, members: &[&str]) -> GroupRecord {
    let member = |member: &&str| {
        let (kind, id) = match member.split_once(':') {
            Some(("user", id)) => (MemberKind::User, id),
            Some((_, id)) => (MemberKind::Group, id),
            None => (MemberKind::Unknown, *member),
        };
        MemberRecord { id: id.to_owned(), display: None, kind }
    };
    GroupRecord {
        id: id.to_owned(),
        display_name: format!("Group {id}"),
        members: members.iter().map(member).collect(),
    }
}

#[derive(Default)]
pub(crate) struct Watcher {
    pub(crate) problems: Vec<Problem>,
    pub(crate) read: Vec<(Stage, u64, Option<u64>)>,
}

impl Observer for Watcher {
    fn read(&mut self, stage: Stage, count: u64, total: Option<u64>) {
        self.read.push((stage, count, total));
    }

    fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.clone());
    }
}

pub(crate) fn begun(origin: &str, seconds: i64) -> Begun {
    let started = Timestamp(NOW.0 + seconds * 1_000);
    let seed = u8::try_from(seconds.rem_euclid(251)).unwrap();
    Begun { id: Ksuid::new(started, [seed; 16]).to_string(), started, origin: origin.to_owned() }
}

/// One run of the command; `None` when it was killed while it waited for an answer.
pub(crate) fn run(app: &'static App, output: &Path, begun: Begun) -> Option<Result<Summary, SyncError>> {
    use std::task::{Context, Poll, Waker};
    let now = Timestamp(begun.started.0 + 5_000);
    let workplace = match Workplace::open(output, None, Limits::default()) {
        Ok(workplace) => workplace,
        Err(error) => return Some(Err(error)),
    };
    let mut opened = workplace.begin(begun, 2).unwrap();
    let mut watcher = Watcher::default();
    let read = {
        let reader = Shared(app);
        let mut future = std::pin::pin!(collect(&reader, &mut opened.progress, &mut watcher));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read,
            Poll::Pending => return None,
        }
    };
    let finishing = Finishing { now, keep: 2, formats: Vec::new() };
    Some(read.and_then(|()| workplace.finish(opened.progress, &finishing)))
}

pub(crate) fn leak(app: App) -> &'static App {
    Box::leak(Box::new(app))
}

pub(crate) fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    (folder, output)
}

/// 40 users, 12 groups, members of all kinds, two pages of problems.
pub(crate) fn large() -> App {
    let roles = [("adm", "Admin"), ("view", ""), ("ADM", "admin")];
    let users = (0..40).map(|n| user(&format!("u{n}"), &roles[n % 3..][..1])).collect();
    let groups = (0..12).map(|n| {
        let members: Vec<_> = (0..6).map(|m| format!("u{}", (n * 5 + m) % 44)).collect();
        let nested = format!("group:g{}", (n + 1) % 12);
        let mut members: Vec<&str> = members.iter().map(String::as_str).collect();
        members.push(&nested);
        group(&format!("g{n}"), &members)
    });
    App {
        users,
        groups: groups.collect(),
        hidden_users: vec![user("u41", &[("late", "")])],
        page: 3,
        ..App::default()
    }
}
