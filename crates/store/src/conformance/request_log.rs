//! The request log.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::{
    KeptBody, KeptDecision, KeptHeader, LoggedRequest, RequestDetail, RequestSummary, TouchedResource,
};
use rollcall_domain::source::SourceKey;
use serde_json::json;
use uuid::Uuid;

use super::world::{Backend, World, draft};
use crate::AnyStore;
use crate::request_log::{Bounds, Search};

fn request(source: SourceKey, number: u16) -> LoggedRequest {
    let id = Uuid::from_u128(u128::from(number));
    let summary = RequestSummary {
        id: format!("request-{number}"),
        source,
        at: Timestamp(i64::from(number) * 1_000),
        took_us: 321,
        method: if number.is_multiple_of(2) { "POST" } else { "PATCH" }.to_owned(),
        path: "/scim/first/v2/Users".to_owned(),
        query: "count=1".to_owned(),
        user_agent: Some("Okta SCIM Client 1.0.0".to_owned()),
        status: 200 + number,
        scim_type: Some("uniqueness".to_owned()),
        problem: Some("taken".to_owned()),
        credential: Some(Uuid::max()),
        resource: Some(("User".to_owned(), id)),
        left_out: 7,
    };
    let detail = RequestDetail {
        resources: vec![TouchedResource { kind: "User".to_owned(), id }],
        identities: vec![id],
        headers: KeptHeader::list([("accept", &b"*/*"[..]), ("authorization", b"Bearer x")]),
        request: KeptBody::Json(json!({ "userName": "a…", "size": 1.50 })),
        response: KeptBody::LeftOut("it was streamed".to_owned()),
        decisions: vec![KeptDecision { resource: id, trace: json!([{ "policy": {} }]) }],
    };
    LoggedRequest { summary, detail, subjects: vec![i64::from(number), -1] }
}

fn unbounded(source: SourceKey) -> Bounds {
    Bounds { source, oldest: Timestamp(0), most_bytes: 1 << 20 }
}

async fn add(store: &AnyStore, source: SourceKey, numbers: std::ops::Range<u16>) {
    let requests = numbers.map(|number| request(source, number)).collect();
    store.log_requests(requests, vec![unbounded(source)]).await.unwrap();
}

async fn found(store: &AnyStore, source: SourceKey, search: Search) -> Vec<i64> {
    let found = store.requests(source, &search).await.unwrap();
    found.into_iter().map(|(_, request)| request.at.0 / 1_000).collect()
}

/// What is logged is read again, of its source alone.
pub async fn a_logged_request_comes_back_as_written(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (mut written, mut bare) = (request(world.source, 1), request(world.source, 2));
    written.subjects.sort_unstable();
    bare.summary.user_agent = None;
    bare.summary.scim_type = None;
    bare.summary.problem = None;
    bare.summary.credential = None;
    bare.summary.resource = None;
    bare.detail = RequestDetail::default();
    bare.subjects = Vec::new();
    world.store.log_requests(vec![written.clone(), bare.clone()], Vec::new()).await.unwrap();
    let read = |id: &'static str| world.store.request(world.source, id);
    assert_eq!(read("request-1").await.unwrap(), Some(written));
    assert_eq!(read("request-2").await.unwrap(), Some(bare.clone()));
    assert_eq!(read("request-3").await.unwrap(), None);
    let listed = world.store.requests(world.source, &Search::default()).await.unwrap();
    assert_eq!(listed.first().map(|(_, summary)| summary), Some(&bare.summary));
    let other = world.beside("second").await;
    assert_eq!(other.store.request(other.source, "request-1").await.unwrap(), None);
    assert_eq!(found(&other.store, other.source, Search::default()).await, [0; 0]);
}

/// A search finds what satisfies all of it, the latest first, page by page.
pub async fn requests_are_found_by_subject_status_method_and_time(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let other = world.beside("second").await;
    add(&world.store, world.source, 1..9).await;
    add(&world.store, other.source, 1..9).await;
    let search = Search::default;
    for (search, expected) in [
        (search(), &[8, 7, 6, 5, 4, 3, 2, 1][..]),
        (Search { limit: 2, ..search() }, &[8, 7]),
        (Search { subjects: Some(vec![3, 5]), ..search() }, &[5, 3]),
        (Search { subjects: Some(vec![-1]), limit: 1, ..search() }, &[8]),
        (Search { subjects: Some(vec![99]), ..search() }, &[]),
        (Search { subjects: Some(Vec::new()), ..search() }, &[]),
        (Search { status: 203..=204, ..search() }, &[4, 3]),
        (Search { method: Some("POST".to_owned()), ..search() }, &[8, 6, 4, 2]),
        (Search { since: Timestamp(2_000), until: Timestamp(4_000), ..search() }, &[3, 2]),
        (Search { subjects: Some(vec![3, 5]), status: 205..=500, ..search() }, &[5]),
    ] {
        assert_eq!(found(&world.store, world.source, search.clone()).await, expected, "{search:?}");
    }
    let first = world.store.requests(world.source, &Search { limit: 3, ..search() }).await.unwrap();
    let before = first.last().map(|(position, _)| *position);
    let rest = Search { before, subjects: Some(vec![-1]), ..search() };
    assert_eq!(found(&world.store, world.source, rest).await, [5, 4, 3, 2, 1]);
}

/// The oldest go when a source has too many bytes, or they are too old; other sources' stay.
pub async fn the_log_is_bounded_by_age_and_size(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let other = world.beside("second").await;
    let (store, source) = (&world.store, world.source);
    add(store, source, 1..21).await;
    add(store, other.source, 1..21).await;
    let old = Bounds { oldest: Timestamp(5_000), ..unbounded(source) };
    store.log_requests(Vec::new(), vec![old]).await.unwrap();
    assert_eq!(found(store, source, Search::default()).await.len(), 16);
    let small = Bounds { most_bytes: 3_000, ..unbounded(source) };
    store.log_requests(vec![request(source, 21)], vec![small]).await.unwrap();
    let left = found(store, source, Search::default()).await;
    assert!((2..12).contains(&left.len()) && left.first() == Some(&21), "{left:?}");
    assert!(left.is_sorted_by(|a, b| *a == b + 1), "{left:?}");
    let gone = Search { subjects: Some(vec![6]), ..Search::default() };
    assert_eq!(found(store, source, gone).await, [0; 0]);
    assert_eq!(found(store, other.source, Search::default()).await.len(), 20);
    let nothing = Bounds { most_bytes: 0, ..unbounded(source) };
    store.log_requests(Vec::new(), vec![nothing]).await.unwrap();
    assert_eq!(found(store, source, Search::default()).await, [0; 0]);
    add(store, source, 30..32).await;
    assert_eq!(found(store, source, Search::default()).await, [31, 30]);
}

/// A source's requests go with it, and come from no later one.
pub async fn a_deleted_source_takes_its_request_log(backend: &dyn Backend) {
    let world = World::new(backend).await;
    add(&world.store, world.source, 1..4).await;
    world.store.delete_source(world.source, &draft()).await.unwrap();
    assert_eq!(found(&world.store, world.source, Search::default()).await, [0; 0]);
}

/// The log ends no stamp: it is not what requests read.
pub async fn logging_ends_no_stamp(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let (stamp, epoch) = (world.store.stamps().of(ann), world.store.stamps().epoch());
    add(&world.store, world.source, 1..100).await;
    world.store.ready().await.unwrap();
    assert_eq!((world.store.stamps().of(ann), world.store.stamps().epoch()), (stamp, epoch));
}
