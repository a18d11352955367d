//! Mapping expressions in the worker that is this binary: its allocator and its limits.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall_domain::mapping::expression::{Evaluation, Expression, FailureKind, OnError, Returned};
use rollcall_expr::pool::{Launch, Pool, Settings};
use serde_json::Map as Document;

fn pool() -> Pool {
    let launch = Launch {
        program: env!("CARGO_BIN_EXE_rollcall").into(),
        arguments: vec!["expression-worker".into()],
        environment: vec![
            ("MIMALLOC_ARENA_RESERVE".into(), "0".into()),
            ("MIMALLOC_ARENA_EAGER_COMMIT".into(), "0".into()),
        ],
    };
    Pool::new(launch, Settings { workers: 2, ..Settings::default() })
}

fn evaluation(expression: &str) -> Evaluation {
    Evaluation {
        expressions: vec![Expression::new("one", expression)],
        declared: Arc::default(),
        data: Document::new(),
        properties: Document::new(),
        source: Document::new(),
        request: Document::new(),
        on_error: OnError::Fail,
        trial: false,
    }
}

#[tokio::test]
async fn memory_bombs_end_the_worker_and_nothing_else() {
    let pool = pool();
    for bomb in [
        "return {'a': list(range(1000000000))}",
        "x = 'x'\nfor i in range(60):\n    x = x + x\nreturn {'a': len(x)}",
        "x = 'a' * 10000\nfor i in range(20):\n    x = x.replace('a', x)\nreturn {'a': len(x)}",
        "return {'a': len(('x' * 100000).join(['y'] * 100000))}",
        "return {'a': len(sorted(range(20000000)))}",
    ] {
        let begun = Instant::now();
        let evaluated = pool.evaluate(&evaluation(bomb)).await.unwrap();
        let kinds: Vec<FailureKind> = evaluated.failures().map(|failure| failure.kind).collect();
        assert_eq!(kinds, [FailureKind::TooLarge], "{bomb}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{bomb}: {:?}", begun.elapsed());
        let evaluated = pool.evaluate(&evaluation("return {'a': 1}")).await.unwrap();
        assert!(matches!(evaluated.outcomes[..], [ref one] if matches!(one.result, Returned::Properties(_))));
    }
    assert_eq!(pool.counts().stopped, 5);
}

#[tokio::test]
async fn a_worker_has_the_memory_that_ordinary_expressions_need() {
    let pool = pool();
    let expression = "return {'a': len([str(i) for i in range(100000)])}";
    let evaluated = pool.evaluate(&evaluation(expression)).await.unwrap();
    assert_eq!(evaluated.failures().count(), 0, "{evaluated:?}");
}
