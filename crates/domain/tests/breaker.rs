//! The breaker: lets single leavers pass, holds a mass of them, and does as someone says.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use proptest::prelude::*;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::policy::breaker::{Admission, Breaker};
use rollcall_domain::policy::settings::{BreakerPolicy, Policy};

const MINUTE: i64 = 60_000;

fn policy(count: u32, percent: u32, minimum: u32) -> BreakerPolicy {
    BreakerPolicy { count, percent, minimum, window_minutes: 60 }
}

/// How many of `leavers`, one every `step_ms`, pass of a population of so many.
fn passed(policy: &BreakerPolicy, population: u64, leavers: u64, step_ms: i64) -> u64 {
    let mut breaker = Breaker::default();
    let mut active = population;
    for at in (0..).map(|turn| turn * step_ms).take(usize::try_from(leavers).unwrap()) {
        if breaker.admit(policy, active, Timestamp(at)) == Admission::Passed {
            active -= 1;
        }
    }
    population - active
}

#[test]
fn it_holds_by_count_or_share_within_the_window() {
    for (count, percent, minimum, population, leavers, step, expected) in [
        (0, 0, 0, 1_000, 1_000, 1, 1_000),
        (5, 0, 0, 1_000, 1_000, 1, 5),
        (0, 25, 0, 1_000, 1_000, 1, 250),
        (0, 25, 10, 20, 20, 1, 10),
        (0, 25, 10, 100, 100, 1, 25),
        (5, 25, 10, 1_000, 1_000, 1, 5),
        (500, 25, 10, 1_000, 1_000, 1, 250),
        // One every quarter of an hour: never more than four within the hour.
        (5, 0, 0, 1_000, 1_000, 15 * MINUTE, 1_000),
        (0, 1, 0, 1_000, 100, 15 * MINUTE, 100),
        // One that is an hour old is out of the window.
        (1, 0, 0, 1_000, 10, 60 * MINUTE, 10),
        (1, 0, 0, 1_000, 10, 60 * MINUTE - 1, 1),
        (0, 100, 0, 50, 50, 1, 50),
    ] {
        let policy = policy(count, percent, minimum);
        assert_eq!(passed(&policy, population, leavers, step), expected, "{policy:?} {population} {leavers}");
    }
}

#[test]
fn the_default_lets_ten_pass_and_then_a_quarter() {
    let policy = Policy::default().provisioning.breaker;
    assert_eq!(passed(&policy, 12, 12, 1), 10);
    assert_eq!(passed(&policy, 1_000, 1_000, 1), 250);
}

/// A breaker that let one pass and holds two.
fn open() -> (Breaker, BreakerPolicy) {
    let (mut breaker, policy) = (Breaker::default(), policy(1, 0, 0));
    let admissions = [(); 3].map(|()| breaker.admit(&policy, 100, Timestamp(7)));
    assert_eq!(admissions, [Admission::Passed, Admission::Opened, Admission::Held]);
    assert_eq!(breaker.open_since(), Some(Timestamp(7)));
    (breaker, policy)
}

#[test]
fn it_stays_open_until_someone_says_what_to_do() {
    let (mut breaker, policy) = open();
    let much_later = Timestamp(1_000_000 * MINUTE);
    assert_eq!(breaker.admit(&policy, 100, much_later), Admission::Held);
    breaker.close();
    assert_eq!(breaker.open_since(), None);
    assert_eq!(breaker.admit(&policy, 100, much_later), Admission::Passed);
    assert_eq!(breaker.admit(&policy, 100, much_later), Admission::Opened);
}

#[test]
fn its_state_stays_small_however_many_leave() {
    let policy = policy(1_000_000, 0, 0);
    let mut breaker = Breaker::default();
    for at in 0..200_000 {
        assert_eq!(breaker.admit(&policy, 1_000_000, Timestamp(at * 50)), Admission::Passed);
    }
    assert!(serde_json::to_string(&breaker).unwrap().len() < 8_000);
}

#[test]
fn its_state_survives_storage() {
    let (breaker, _) = open();
    let text = serde_json::to_string(&breaker).unwrap();
    assert_eq!(serde_json::from_str::<Breaker>(&text).unwrap(), breaker);
}

proptest! {
    #[test]
    fn no_window_lets_more_pass_than_the_count(
        count in 1_u32..20, gaps in prop::collection::vec(0_i64..40, 1..200),
    ) {
        let policy = policy(count, 0, 0);
        let (mut breaker, mut at, mut times) = (Breaker::default(), 0, Vec::new());
        for gap in gaps {
            at += gap * MINUTE;
            match breaker.admit(&policy, 1_000, Timestamp(at)) {
                Admission::Passed => times.push(at),
                Admission::Held | Admission::Opened => break,
            }
        }
        for begin in &times {
            let within = times.iter().filter(|time| (*begin..begin + 60 * MINUTE).contains(*time)).count();
            prop_assert!(within <= count as usize);
        }
    }
}
