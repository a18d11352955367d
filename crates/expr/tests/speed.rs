//! What a normal evaluation costs.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::time::{Duration, Instant};

use common::{evaluation, pool};
use serde_json::json;

/// `ROLLCALL_TEST_EVALUATIONS` makes it long.
#[tokio::test]
async fn nearly_all_evaluations_take_less_than_a_millisecond() {
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    let count = std::env::var("ROLLCALL_TEST_EVALUATIONS").ok().and_then(|text| text.parse().ok());
    let pool = pool(1);
    let data = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann.bee@example.com", "externalId": "00u1", "displayName": "Ann Bee", "active": true,
        "name": { "givenName": "Ann", "familyName": "Bee" },
        "emails": [{ "value": "ann@home.example" }, { "value": "ann@work.example", "primary": true }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Tools" },
    });
    let expressions = [
        "return {'email': [e['value'].lower() for e in emails if e.get('primary')][0], 'name': f'{displayName}'}",
        "if regex_match(userName, '@example[.]com$'):\n    return {'attributes': {'internal': True}}",
    ];
    let evaluation = evaluation(&expressions, &data);
    for _ in 0..200 {
        pool.evaluate(&evaluation).await.unwrap();
    }
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..count.unwrap_or(2_000) {
        let begun = Instant::now();
        let evaluated = pool.evaluate(&evaluation).await.unwrap();
        times.push(begun.elapsed());
        assert_eq!(evaluated.properties.len(), 3);
    }
    times.sort();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a short list"
        )]
        times[((times.len() - 1) as f64 * share) as usize]
    };
    println!("two expressions: p50 {:?}, p99 {:?}", at(0.5), at(0.99));
    // A build for tests, on a machine that builds other things.
    let bound = Duration::from_millis(if cfg!(debug_assertions) { 10 } else { 1 });
    assert!(at(0.99) < bound, "p99 {:?}", at(0.99));
}
