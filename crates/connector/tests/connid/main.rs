//! ConnId's operations: call in, HTTP exchange out.
//!
//! The recorded exchanges of the reference, with what is to be sent instead where it sends something wrong. Each
//! case is a test; its name says what holds.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

/// One test for each case: properties; call; answers; exchange.
macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident: $given:expr, $call:expr, $answers:expr => $expected:expr;)*) => {
        $($(#[$doc])* #[tokio::test]
        async fn $name() {
            crate::call::check($given, &$call, &$answers, &$expected).await;
        })*
    };
}

mod call;
mod defects;
mod exchanges;
mod old;
mod peers;
mod script;
