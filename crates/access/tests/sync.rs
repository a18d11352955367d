//! A sync against an application that is made up here: what it finds, how it goes on, what it never writes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_raw_string_hashes,
    reason = "a test stops where something is not as it should be; expect-test writes raw strings"
)]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use common::NOW;
use expect_test::{Expect, expect};
use rollcall_access::c1z::{Begun, C1zError, GrantFilter, Ksuid, Limits, Problem};
use rollcall_access::sync::{Finishing, Format, Observer, Stage, Summary, SyncError, Workplace, collect};
use rollcall_connector::read::{
    End, GroupLink, GroupRecord, MemberKind, MemberRecord, Page, Pages, Position, Read, ReadError,
    RoleRecord, Skipped, UserRecord,
};
use rollcall_connector::transport::PeerError;
use rollcall_domain::clock::Timestamp;
use serde_json::json;

/// An application with everything in memory.
#[derive(Default)]
struct App {
    users: Vec<UserRecord>,
    groups: Vec<GroupRecord>,
    /// Found one by one, and in no list.
    hidden_users: Vec<UserRecord>,
    hidden_groups: Vec<GroupRecord>,
    skipped: Vec<Skipped>,
    page: usize,
    /// Answers until the process dies: the next never comes.
    lives: Option<usize>,
    /// Answers until an error.
    works: Option<usize>,
    incomplete: Option<Stage>,
    asked: AtomicUsize,
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

    fn asked(&self) -> usize {
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
struct Shared(&'static App);

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

fn user(id: &str, roles: &[(&str, &str)]) -> UserRecord {
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
fn group(id: &str, members: &[&str]) -> GroupRecord {
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
struct Watcher {
    problems: Vec<Problem>,
    read: Vec<(Stage, u64, Option<u64>)>,
}

impl Observer for Watcher {
    fn read(&mut self, stage: Stage, count: u64, total: Option<u64>) {
        self.read.push((stage, count, total));
    }

    fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.clone());
    }
}

fn begun(origin: &str, seconds: i64) -> Begun {
    let started = Timestamp(NOW.0 + seconds * 1_000);
    let seed = u8::try_from(seconds.rem_euclid(251)).unwrap();
    Begun { id: Ksuid::new(started, [seed; 16]).to_string(), started, origin: origin.to_owned() }
}

/// One run of the command; `None` when it was killed while it waited for an answer.
fn run(app: &'static App, output: &Path, begun: Begun) -> Option<Result<Summary, SyncError>> {
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

fn leak(app: App) -> &'static App {
    Box::leak(Box::new(app))
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    (folder, output)
}

/// What a sync of this application finds: resources, entitlements and grants, then what was left out.
fn found(app: App) -> String {
    let (_folder, output) = place();
    let workplace = Workplace::open(&output, None, Limits::default()).unwrap();
    let mut opened = workplace.begin(begun("a", 0), 2).unwrap();
    let reader = Shared(leak(app));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(collect(&reader, &mut opened.progress, &mut Watcher::default())).unwrap();
    let mut lines = Vec::new();
    let problems = opened.progress.problems().unwrap();
    let finishing = Finishing { now: NOW, keep: 1, formats: Vec::new() };
    let summary = workplace.finish(opened.progress, &finishing).unwrap();
    assert_eq!(summary.problems, problems.len() as u64);
    let file = common::open(&output);
    let view = file.view(None).unwrap();
    view.resources(None, |resource| -> Result<(), C1zError> {
        lines.push(format!("{} {}", resource.id, resource.display_name));
        Ok(())
    })
    .unwrap();
    view.grants(GrantFilter::All, |grant| -> Result<(), C1zError> {
        lines.push(format!("  {}{}", grant.id, if grant.expandable().is_some() { " *" } else { "" }));
        Ok(())
    })
    .unwrap();
    lines.extend(problems.iter().map(|p| format!("! {} {} {}", p.what, p.id, p.reason)));
    lines.join("\n")
}

#[track_caller]
fn check(app: App, expected: &Expect) {
    expected.assert_eq(&found(app));
}

#[test]
fn users_groups_and_roles_become_resources_and_grants() {
    let app = App {
        users: vec![user("ann", &[("adm", "Admin")]), user("bob", &[("adm", "Admin"), ("viewer", "")])],
        groups: vec![group("g1", &["user:ann", "bob"]), group("g2", &[])],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            user:bob BOB Lee
            group:g1 Group g1
            group:g2 Group g2
            role:admin Admin
            role:viewer viewer
              group:g1:member:user:ann
              group:g1:member:user:bob
              role:admin:member:user:ann
              role:admin:member:user:bob
              role:viewer:member:user:bob"#]],
    );
}

#[test]
fn a_user_has_its_addresses_its_state_and_the_reference_s_profile() {
    let (_folder, output) = place();
    let left = UserRecord { active: false, ..user("ann", &[]) };
    let app = leak(App { users: vec![left], ..App::default() });
    run(app, &output, begun("a", 0)).unwrap().unwrap();
    let file = common::open(&output);
    let id = rollcall_access::model::ResourceId::new("user", "ann");
    let ann = file.view(None).unwrap().resource(&id).unwrap().unwrap();
    expect![[r#"
        {"emails":[{"address":"ann@example.com","isPrimary":true},{"address":"ann@example.org"}],"status":{"status":"STATUS_DISABLED"},"profile":{"first_name":"ANN","last_name":"Lee","login":"ann@example.com","user_id":"ann","username":"ann.name"},"accountType":"ACCOUNT_TYPE_HUMAN","login":"ann.name"}"#]]
    .assert_eq(&serde_json::to_string(ann.user().unwrap()).unwrap());
}

#[test]
fn who_comes_again_is_written_anew() {
    let app = |page| App {
        users: vec![user("ann", &[("a", ""), ("b", "")]), user("bob", &[]), user("ann", &[("b", "Bee")])],
        groups: vec![group("g", &["ann", "bob"]), group("g", &["bob"])],
        page,
        ..App::default()
    };
    for page in [1, 9] {
        check(
            app(page),
            &expect![[r#"
                user:ann ANN Lee
                user:bob BOB Lee
                group:g Group g
                role:a a
                role:bee Bee
                  group:g:member:user:bob
                  role:bee:member:user:ann"#]],
        );
    }
}

#[test]
fn defect_6_a_record_that_cannot_be_read_is_reported_and_the_rest_is_kept() {
    let nameless = Skipped { id: Some("u7".to_owned()), reason: "user.active: is a list".to_owned() };
    let without_id = Skipped { id: None, reason: "user.id: is missing".to_owned() };
    let long = user(&"x".repeat(2_000), &[]);
    let app = App {
        users: vec![user("ann", &[]), UserRecord { first_name: Some("Long".to_owned()), ..long }],
        skipped: vec![nameless, without_id],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            ! user  user.id: is missing
            ! user Long Lee its id has 2000 bytes; 1024 are the most
            ! user u7 user.active: is a list"#]],
    );
}

#[test]
fn defect_16_groups_in_groups_are_groups_and_not_users() {
    // Said to be one or not, listed before or after, and even when said to be a user.
    let app = App {
        users: vec![user("ann", &[])],
        groups: vec![
            group("first", &["group:later", "later2", "user:later3"]),
            group("later", &["ann"]),
            group("later2", &["group:first"]),
            group("later3", &["group:ann"]),
        ],
        page: 1,
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            group:first Group first
            group:later Group later
            group:later2 Group later2
            group:later3 Group later3
              group:first:member:group:later *
              group:first:member:group:later2 *
              group:first:member:group:later3 *
              group:later:member:user:ann
              group:later2:member:group:first *
              group:later3:member:user:ann"#]],
    );
}

#[test]
fn defect_17_roles_whose_names_come_out_the_same_stay_two() {
    let roles = |roles: [(&str, &str); 2]| App {
        users: vec![user("ann", &roles[..1]), user("bob", &roles[1..])],
        ..App::default()
    };
    // Whoever comes first: ids go by the values.
    for app in [
        roles([("A", "Super Admin"), ("B", "super-admin")]),
        roles([("B", "super-admin"), ("A", "Super Admin")]),
    ] {
        let found = found(app);
        assert!(found.contains("role:super_admin Super Admin"), "{found}");
        assert!(found.contains("role:super_admin_df7e70e5 super-admin"), "{found}");
    }
}

#[test]
fn members_that_are_in_no_list_are_asked_for_and_nobody_is_made_up() {
    let hidden = GroupRecord { members: group("", &["user:ann", "ghost"]).members, ..group("deep", &[]) };
    let app = App {
        users: vec![user("ann", &[])],
        groups: vec![group("g1", &["left", "group:deep", "ghost", "user:nobody"])],
        hidden_users: vec![user("left", &[("adm", "")])],
        hidden_groups: vec![hidden],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            user:left LEFT Lee
            group:g1 Group g1
            group:deep Group deep
            role:adm adm
              group:g1:member:user:left
              group:g1:member:group:deep *
              group:deep:member:user:ann
              role:adm:member:user:left
            ! member ghost of g1: is neither a user nor a group
            ! member nobody of g1: is neither a user nor a group"#]],
    );
}

#[test]
fn defect_22_a_group_that_a_user_names_and_that_is_not_there_is_a_problem_not_the_end() {
    let naming = |groups: &[(Option<&str>, &str)]| UserRecord {
        groups: groups
            .iter()
            .map(|(id, name)| GroupLink { id: id.map(str::to_owned), name: (*name).to_owned() })
            .collect(),
        ..user("ann", &[])
    };
    let app = App {
        users: vec![naming(&[
            (Some("g1"), "whatever"),
            (None, "Group g2"),
            (None, "Group deep"),
            (None, "Say \"x\""),
            (None, "Group twin"),
            (Some("gone"), "Gone"),
        ])],
        groups: vec![
            group("g1", &[]),
            group("g2", &["user:ann"]),
            GroupRecord { id: "twin2".to_owned(), ..group("twin", &[]) },
            group("twin", &[]),
        ],
        hidden_groups: vec![group("deep", &[])],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            group:g1 Group g1
            group:g2 Group g2
            group:twin2 Group twin
            group:twin Group twin
            group:deep Group deep
              group:g2:member:user:ann
              group:g1:member:user:ann
              group:deep:member:user:ann
            ! member ann names group "Group twin": several groups have this name
            ! member ann names group "Say \"x\"": there is no such group
            ! member gone of ann: is neither a user nor a group"#]],
    );
}

/// 40 users, 12 groups, members of all kinds, two pages of problems.
fn large() -> App {
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

#[test]
fn defect_20_killed_after_any_answer_and_run_again_the_file_is_the_same() {
    let (_folder, output) = place();
    let whole = leak(large());
    run(whole, &output, begun("a", 0)).unwrap().unwrap();
    let expected = std::fs::read(&output).unwrap();
    let answers = whole.asked();
    assert!(answers > 20, "{answers}");
    for lives in 0..answers {
        let (_folder, output) = place();
        let dying = leak(App { lives: Some(lives), ..large() });
        assert!(run(dying, &output, begun("a", 0)).is_none());
        assert!(!output.exists());
        let living = leak(large());
        // The second run has another name and time; the sync keeps those it began with.
        run(living, &output, begun("a", 5)).unwrap().unwrap();
        // A member may be asked for as a user, and the process die before it is asked for as a group.
        let again = living.asked() - (answers - lives);
        assert!(again <= 1, "what was read is not asked for again: {again} after {lives}");
        let resumed = std::fs::read(&output).unwrap();
        assert!(rows(&resumed) == rows(&expected), "killed after {lives} answers");
        assert!(!output.with_extension("c1z.partial").exists());
    }
}

/// All rows of a file, but not when it ended, which is later the second time.
fn rows(file: &[u8]) -> String {
    use std::io::Write as _;
    let mut database = tempfile::NamedTempFile::new().unwrap();
    database.write_all(&zstd::stream::decode_all(&file[5..]).unwrap()).unwrap();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let mut dump = String::new();
    for (table, columns) in [
        ("v1_resource_types", "*"),
        ("v1_resources", "*"),
        ("v1_entitlements", "*"),
        ("v1_grants", "*"),
        ("v1_assets", "*"),
        ("v1_sync_runs", "id, sync_id, started_at, sync_token"),
    ] {
        let mut statement =
            connection.prepare(&format!("select {columns} from {table} order by id")).unwrap();
        let count = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..count {
                write!(dump, "{:?} ", row.get_ref(column).unwrap()).unwrap();
            }
            dump.push('\n');
        }
    }
    dump
}

#[test]
fn an_error_keeps_what_was_read_and_the_file_that_was_there() {
    let (_folder, output) = place();
    run(leak(large()), &output, begun("a", 0)).unwrap().unwrap();
    let before = std::fs::read(&output).unwrap();
    let failing = leak(App { works: Some(7), ..large() });
    let error = run(failing, &output, begun("a", 60)).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "GET /Users broke off: reset");
    assert_eq!(std::fs::read(&output).unwrap(), before);
    let again = leak(large());
    run(again, &output, begun("a", 120)).unwrap().unwrap();
    assert_eq!(failing.asked() - 1 + again.asked(), undisturbed());
    let file = common::open(&output);
    assert_eq!(file.finished().unwrap().len(), 2, "the one before is kept, to compare with");
    let started: Vec<_> = file.syncs().unwrap().into_iter().map(|sync| sync.started_at).collect();
    assert_eq!(started, ["2026-11-22T01:30:21.250Z", "2026-11-22T01:31:21.250Z"]);
}

/// How many answers an undisturbed sync takes.
fn undisturbed() -> usize {
    let (_folder, output) = place();
    let app = leak(large());
    run(app, &output, begun("a", 0)).unwrap().unwrap();
    app.asked()
}

#[test]
fn defect_9_a_list_that_lost_somebody_never_becomes_a_file() {
    for stage in [Stage::Users, Stage::Groups] {
        let (_folder, output) = place();
        run(leak(large()), &output, begun("a", 0)).unwrap().unwrap();
        let before = std::fs::read(&output).unwrap();
        let lying = leak(App { incomplete: Some(stage), ..large() });
        let error = run(lying, &output, begun("a", 60)).unwrap().unwrap_err();
        assert!(matches!(&error, SyncError::Incomplete { stage: at, .. } if *at == stage));
        assert!(error.to_string().ends_with("were announced; the next page was empty"), "{error}");
        assert_eq!(std::fs::read(&output).unwrap(), before, "what is there stays");
    }
}

#[test]
fn what_is_old_or_of_another_application_is_not_gone_on_with() {
    let day = 24 * 60 * 60;
    for (origin, seconds, goes_on) in
        [("a", 60, true), ("b", 60, false), ("a", day, true), ("a", day + 1, false), ("a", -1, false)]
    {
        let (_folder, output) = place();
        assert!(run(leak(App { lives: Some(7), ..large() }), &output, begun("a", 0)).is_none());
        let app = leak(large());
        run(app, &output, begun(origin, seconds)).unwrap().unwrap();
        assert_eq!(app.asked() < undisturbed(), goes_on, "{origin} {seconds}");
    }
}

#[test]
fn what_cannot_be_read_is_begun_anew() {
    let (_folder, output) = place();
    assert!(run(leak(App { lives: Some(7), ..large() }), &output, begun("a", 0)).is_none());
    let progress = output.with_extension("c1z.partial").join("progress.log");
    std::fs::write(&progress, "noise").unwrap();
    let workplace = Workplace::open(&output, None, Limits::default()).unwrap();
    let opened = workplace.begin(begun("a", 1), 2).unwrap();
    assert_eq!((opened.resumed, opened.discarded), (None, Some("it cannot be read")));
}

#[test]
fn a_sync_that_ended_is_not_gone_on_with() {
    // The process ended between putting the file in its place and removing the folder.
    let (_folder, output) = place();
    let partial = output.with_extension("c1z.partial");
    assert!(run(leak(App { lives: Some(7), ..large() }), &output, begun("a", 0)).is_none());
    let progress = std::fs::read(partial.join("progress.log")).unwrap();
    run(leak(large()), &output, begun("a", 1)).unwrap().unwrap();
    std::fs::create_dir(&partial).unwrap();
    std::fs::write(partial.join("progress.log"), progress).unwrap();
    let app = leak(large());
    run(app, &output, begun("a", 2)).unwrap().unwrap();
    assert_eq!(app.asked(), undisturbed());
    assert_eq!(common::open(&output).finished().unwrap().len(), 2);
}

#[test]
fn one_sync_at_a_time_goes_into_a_file() {
    let (_folder, output) = place();
    let first = Workplace::open(&output, None, Limits::default()).unwrap();
    let second = Workplace::open(&output, None, Limits::default()).map(drop).unwrap_err();
    assert!(matches!(second, SyncError::Busy(_)), "{second}");
    drop(first);
    Workplace::open(&output, None, Limits::default()).unwrap().discard().unwrap();
    assert!(!output.with_extension("c1z.partial").exists());
}

#[test]
fn a_file_that_is_no_c1z_is_not_overwritten_and_an_empty_one_is() {
    let (_folder, output) = place();
    std::fs::write(&output, "my notes").unwrap();
    let error = run(leak(large()), &output, begun("a", 0)).unwrap().unwrap_err();
    assert!(error.to_string().ends_with("is not a .c1z file"), "{error}");
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "my notes");
    std::fs::write(&output, "").unwrap();
    run(leak(large()), &output, begun("a", 0)).unwrap().unwrap();
}

#[test]
fn other_formats_are_written_beside_the_file() {
    let (_folder, output) = place();
    let temporary = tempfile::tempdir().unwrap();
    let workplace = Workplace::open(&output, Some(temporary.path()), Limits::default()).unwrap();
    let mut opened = workplace.begin(begun("a", 0), 2).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reader = Shared(leak(large()));
    let mut watcher = Watcher::default();
    runtime.block_on(collect(&reader, &mut opened.progress, &mut watcher)).unwrap();
    assert_eq!(watcher.read[0], (Stage::Users, 3, Some(40)));
    assert_eq!(watcher.problems.len(), 3, "u40, u42 and u43 are nobody");
    let formats = vec![Format::Csv, Format::Json, Format::Jsonl];
    let summary = workplace.finish(opened.progress, &Finishing { now: NOW, keep: 2, formats }).unwrap();
    let names: Vec<_> =
        summary.files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["sync.c1z", "sync.csv", "sync.json", "sync.jsonl"]);
    assert!(summary.files.iter().all(|file| std::fs::metadata(file).unwrap().len() > 1_000));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "nothing is left behind");
    assert_eq!(std::fs::read_dir(output.parent().unwrap()).unwrap().count(), 4);
}
