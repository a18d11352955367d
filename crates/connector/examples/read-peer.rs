//! Measures how an application is read: `read-peer URL [CONCURRENCY [one-by-one]]` prints counts, time and memory.
//!
//! With `one-by-one` it reads the way `baton-scim` does: lists page after page, then every user and group by itself.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall_connector::profile::Profile;
use rollcall_connector::read::{Position, Read as _, ReadOptions, Reader};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Options, Transport};
use rollcall_service::system::SystemClock;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: read-peer URL [CONCURRENCY [one-by-one]]")?;
    let mut profile = Profile::builtin("standard", &|_| Some(url.clone()))?;
    if let Some(concurrency) = arguments.next() {
        profile.http.concurrency = concurrency.parse()?;
    }
    let one_by_one = arguments.next().is_some();
    let credentials = Credentials { token: Some(Secret::new("none")), ..Credentials::default() };
    let transport = Transport::new(&profile, credentials, Options::new(Arc::new(SystemClock)))?;
    let reader = Reader::new(transport, Arc::new(profile), ReadOptions::default());
    let started = Instant::now();
    let (mut users, mut groups, mut members) = (0, 0, 0);
    let mut pages = reader.users(Position::default());
    while let Some(page) = pages.next().await? {
        for user in &page.records {
            users += 1;
            if one_by_one {
                reader.user(&user.id).await?;
            }
        }
    }
    let mut pages = reader.groups(Position::default());
    while let Some(page) = pages.next().await? {
        for group in &page.records {
            groups += 1;
            members += group.members.len();
            if one_by_one {
                reader.group(&group.id).await?;
            }
        }
    }
    report(users, groups, members, started.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "a count of users fits")]
fn report(users: usize, groups: usize, members: usize, taken: Duration) -> Result<(), Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    let rate = users as f64 / taken.as_secs_f64();
    println!("{users} users, {groups} groups, {members} members in {taken:.2?}: {rate:.0} users/s; {peak}");
    Ok(())
}
