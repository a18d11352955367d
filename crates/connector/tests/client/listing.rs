//! A listing loses no one, whatever the application says about its pages; and says so when it cannot tell.

use rollcall_connector::profile::{MembersInList, Paging, Profile};
use rollcall_connector::read::{End, Position, Read as _, ReadError};
use rollcall_connector::transport::PeerError;
use rollcall_testkit::peer::{Count, Failure, Faults, Peer, RetryAfter, Roster};

use crate::setup::{expected_ids, profile, reader, user_ids, whole};

const USERS: u64 = 250;

/// One kind of list, and how it is told to be read.
struct Case {
    name: &'static str,
    faults: fn(&mut Faults),
    profile: fn(&mut Profile),
}

fn case(name: &'static str, faults: fn(&mut Faults)) -> Case {
    Case { name, faults, profile: |_| {} }
}

/// baton-scim, defect 9: half of the users were lost, or the process panicked, on most of these.
#[tokio::test]
async fn everyone_arrives_once_however_the_application_counts() {
    let cases = [
        case("as the RFC has it", |_| {}),
        case("a cap that is reported", |faults| faults.page_cap = Some(50)),
        case("a cap of one", |faults| faults.page_cap = Some(1)),
        case("a cap, with itemsPerPage as asked for", |faults| {
            faults.page_cap = Some(50);
            faults.items_per_page = Count::Fixed(100);
        }),
        case("itemsPerPage zero", |faults| faults.items_per_page = Count::Fixed(0)),
        case("no itemsPerPage and no startIndex", |faults| {
            faults.items_per_page = Count::Missing;
            faults.start_index = Count::Missing;
        }),
        case("startIndex always one", |faults| faults.start_index = Count::Fixed(1)),
        case("totalResults as text", |faults| faults.total = Count::Text),
        case("all counts as text", |faults| {
            faults.total = Count::Text;
            faults.items_per_page = Count::Text;
            faults.start_index = Count::Text;
        }),
        case("no totalResults", |faults| faults.total = Count::Missing),
        case("no counts at all", |faults| {
            faults.total = Count::Missing;
            faults.items_per_page = Count::Missing;
            faults.start_index = Count::Missing;
        }),
        case("totalResults of the page (AWS)", |faults| {
            faults.total = Count::OfPage;
            faults.page_cap = Some(50);
        }),
        case("totalResults zero", |faults| faults.total = Count::Fixed(0)),
        case("totalResults too small", |faults| faults.total = Count::Fixed(120)),
        case("no Resources on an empty page", |faults| faults.no_empty_resources = true),
        case("an error after the last page", |faults| faults.past_end = Some(400)),
        case("not found after the last page", |faults| faults.past_end = Some(404)),
        case("a page that comes late", |faults| faults.stale_pages = 1),
        case("cursors", |faults| faults.cursor = true),
        case("cursors with a cap and no counts", |faults| {
            faults.cursor = true;
            faults.page_cap = Some(7);
            faults.total = Count::Missing;
            faults.items_per_page = Count::Missing;
        }),
        case("everything at once", |faults| faults.no_paging = true),
        Case {
            name: "cursors from the start",
            faults: |faults| faults.cursor = true,
            profile: |profile| profile.pagination.style = Paging::Cursor,
        },
        Case {
            name: "everything at once, without a count, as the profile says",
            faults: |faults| {
                faults.no_paging = true;
                faults.total = Count::Missing;
            },
            profile: |profile| profile.pagination.style = Paging::None,
        },
        Case {
            name: "one request at a time",
            faults: |_| {},
            profile: |profile| profile.http.concurrency = 1,
        },
        Case {
            name: "small pages, many at a time",
            faults: |_| {},
            profile: |profile| {
                profile.http.concurrency = 16;
                profile.pagination.page_size = 7;
            },
        },
        Case {
            name: "a cap that is not the page size, many at a time",
            faults: |faults| faults.page_cap = Some(9),
            profile: |profile| profile.http.concurrency = 16,
        },
    ];
    for case in cases {
        let peer = Peer::with(Roster::numbered(USERS, 0, 0), case.faults).await;
        let mut profile = profile(&peer);
        (case.profile)(&mut profile);
        let (ids, end) = user_ids(profile).await;
        assert_eq!(ids, expected_ids(USERS), "{}", case.name);
        assert_eq!(end, Some(End::Complete), "{}", case.name);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_complete_says_so() {
    let cases = [
        (
            case("fewer than totalResults", |faults| faults.total = Count::Fixed(300)),
            250,
            "totalResults says 300",
        ),
        (case("the first page for ever", |faults| faults.ignores_start_index = true), 100, "repeats"),
        (
            case("the first page for ever, without a count", |faults| {
                faults.ignores_start_index = true;
                faults.total = Count::Missing;
            }),
            100,
            "pagination.style: none",
        ),
        (
            case("a cursor that stands still", |faults| {
                faults.cursor = true;
                faults.cursor_stands = true;
            }),
            100,
            "same cursor",
        ),
    ];
    for (case, came, reason) in cases {
        let peer = Peer::with(Roster::numbered(USERS, 0, 0), case.faults).await;
        let (ids, end) = user_ids(profile(&peer)).await;
        assert_eq!(ids.len(), came, "{}", case.name);
        let Some(End::Incomplete { arrived, reason: said, .. }) = end else {
            panic!("{}: {end:?}", case.name)
        };
        assert_eq!(arrived, came as u64, "{}", case.name);
        assert!(said.contains(reason), "{}: {said}", case.name);
        assert!(peer.count() < 20, "{}: {} requests", case.name, peer.count());
    }
}

/// Those who are deleted while the list is read move the others up, over the pages that were read already.
#[tokio::test]
async fn nobody_is_lost_when_others_are_deleted_meanwhile() {
    for concurrency in [1, 4] {
        let gone: Vec<String> = expected_ids(40);
        let vanish = vec![(2, gone.clone())];
        let peer = Peer::with(Roster::numbered(1000, 0, 0), |faults| faults.vanish = vanish).await;
        let mut profile = profile(&peer);
        profile.http.concurrency = concurrency;
        let (ids, end) = user_ids(profile).await;
        let missing: Vec<String> =
            expected_ids(1000).into_iter().skip(40).filter(|id| !ids.contains(id)).collect();
        assert_eq!(missing, Vec::<String>::new(), "{concurrency} at a time");
        assert_eq!(end, Some(End::Complete), "{concurrency} at a time");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_an_error_and_not_an_empty_list() {
    let peer = Peer::with(Roster::numbered(3, 0, 0), |faults| faults.page_cap = Some(0)).await;
    peer.set(|faults| faults.no_empty_resources = true);
    let error = whole(reader(profile(&peer)).users(Position::default())).await.unwrap_err();
    assert!(matches!(error, ReadError::NotAList { .. }), "{error:?}");
    for failure in [Failure::Html(200), Failure::Html(404), Failure::Status(403)] {
        let peer = Peer::start(Roster::numbered(3, 0, 0)).await;
        peer.fail(1, "GET", "/Users", &failure);
        assert!(whole(reader(profile(&peer)).users(Position::default())).await.is_err(), "{failure:?}");
    }
}

#[tokio::test]
async fn what_breaks_on_the_way_is_asked_for_again_and_nobody_is_lost() {
    for failure in [
        Failure::Status(500),
        Failure::Status(502),
        Failure::Html(503),
        Failure::Wait(429, RetryAfter::Seconds(0)),
        Failure::Cut,
        Failure::HalfJson,
        Failure::Drop,
    ] {
        let peer = Peer::start(Roster::numbered(USERS, 0, 0)).await;
        peer.fail(3, "GET", "/Users", &failure);
        let (ids, end) = user_ids(profile(&peer)).await;
        assert_eq!((ids, end), (expected_ids(USERS), Some(End::Complete)), "{failure:?}");
    }
}

#[tokio::test]
async fn an_error_is_not_an_end_and_the_next_call_goes_on() {
    let peer = Peer::start(Roster::numbered(USERS, 0, 0)).await;
    let mut profile = profile(&peer);
    profile.http.retry.attempts = 1;
    profile.http.concurrency = 1;
    let mut pages = reader(profile).users(Position::default());
    let first = pages.next().await.unwrap().unwrap();
    peer.fail(1, "GET", "/Users", &Failure::Status(500));
    let error = pages.next().await.unwrap_err();
    assert!(matches!(error, ReadError::Peer(PeerError::Unavailable { .. })), "{error:?}");
    let rest = whole(pages).await.unwrap();
    assert_eq!(first.records.len() + rest.records.len(), 250);
    assert_eq!(rest.end, Some(End::Complete));
}

#[tokio::test]
async fn a_listing_goes_on_from_any_page_in_another_run() {
    for set in [|_: &mut Faults| {}, |faults: &mut Faults| faults.cursor = true] {
        let peer = Peer::with(Roster::numbered(USERS, 0, 0), set).await;
        let mut kept = serde_json::to_string(&Position::default()).unwrap();
        let mut ids = Vec::new();
        for _ in 0..10 {
            let from: Position = serde_json::from_str(&kept).unwrap();
            let Some(page) = reader(profile(&peer)).users(from).next().await.unwrap() else { break };
            ids.extend(page.records.into_iter().map(|user| user.id));
            kept = serde_json::to_string(&page.next).unwrap();
        }
        ids.sort();
        assert_eq!(ids, expected_ids(USERS));
    }
}

#[tokio::test]
async fn a_cursor_that_expired_meanwhile_starts_again() {
    let peer = Peer::with(Roster::numbered(USERS, 0, 0), |faults| faults.cursor = true).await;
    let first = reader(profile(&peer)).users(Position::default()).next().await.unwrap().unwrap();
    peer.fail(1, "GET", "/Users", &Failure::Scim(400, "expiredCursor"));
    let rest = whole(reader(profile(&peer)).users(first.next)).await.unwrap();
    assert_eq!(rest.records.len(), 250, "from the start");
}

/// baton-scim, defect 10: one GET for every user and group, one after the other.
#[tokio::test]
async fn ten_thousand_users_take_a_hundred_odd_requests() {
    let peer = Peer::start(Roster::numbered(10_000, 100, 200)).await;
    let reader = reader(profile(&peer));
    let users = whole(reader.users(Position::default())).await.unwrap();
    let groups = whole(reader.groups(Position::default())).await.unwrap();
    assert_eq!((users.records.len(), groups.records.len()), (10_000, 100));
    assert!(groups.records.iter().all(|group| group.members.len() == 200));
    assert!(peer.count() <= 110, "{} requests", peer.count());
}

#[tokio::test]
async fn members_are_fetched_only_where_the_list_does_not_have_them() {
    let cases = [
        ("in the list", true, MembersInList::Auto, 2),
        ("not in the list", false, MembersInList::Auto, 2 + 30),
        ("not in the list, as the profile says", false, MembersInList::Never, 2 + 30),
        ("in the list, whatever it has", false, MembersInList::Always, 2),
    ];
    for (name, in_list, setting, requests) in cases {
        let peer = Peer::with(Roster::numbered(100, 30, 3), |faults| faults.members_in_list = in_list).await;
        let mut profile = profile(&peer);
        profile.group.as_mut().unwrap().members_in_list = setting;
        let groups = whole(reader(profile).groups(Position::default())).await.unwrap();
        let members: usize = groups.records.iter().map(|group| group.members.len()).sum();
        let expected = if in_list || setting != MembersInList::Always { 90 } else { 0 };
        assert_eq!((members, peer.count()), (expected, requests), "{name}");
    }
}

#[tokio::test]
async fn an_empty_group_in_a_list_with_members_is_empty() {
    let mut roster = Roster::numbered(10, 3, 2);
    roster.groups[1].as_object_mut().unwrap().remove("members");
    let peer = Peer::start(roster).await;
    let groups = whole(reader(profile(&peer)).groups(Position::default())).await.unwrap();
    let members: Vec<usize> = groups.records.iter().map(|group| group.members.len()).collect();
    assert_eq!((members, peer.count()), (vec![2, 0, 2], 2));
}

#[tokio::test]
async fn pages_are_fetched_side_by_side_as_far_as_the_profile_allows() {
    let peer = Peer::start(Roster::numbered(2000, 0, 0)).await;
    let latency = std::time::Duration::from_millis(30);
    peer.set(|faults| faults.latency = latency);
    let mut taken = Vec::new();
    for concurrency in [1, 8] {
        let mut profile = profile(&peer);
        profile.http.concurrency = concurrency;
        let started = std::time::Instant::now();
        let (ids, _) = user_ids(profile).await;
        taken.push(started.elapsed());
        assert_eq!(ids.len(), 2000);
    }
    assert!(taken[0] >= latency * 20, "{taken:?}");
    assert!(taken[1] < taken[0] / 2, "{taken:?}");
}

#[tokio::test]
async fn a_profile_without_groups_reads_none() {
    let peer = Peer::start(Roster::numbered(3, 3, 1)).await;
    let mut profile = profile(&peer);
    profile.group = None;
    let groups = whole(reader(profile).groups(Position::default())).await.unwrap();
    assert!(groups.records.is_empty() && groups.end.is_none());
    assert_eq!(peer.count(), 0);
}
