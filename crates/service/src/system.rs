//! The real clock and the real source of randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use rollcall_domain::clock::{Clock, Ids, Timestamp};
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the others are told to take")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn uuid(&self, now: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.random(&mut random);
        let millis = u64::try_from(now.0).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn random(&self, buffer: &mut [u8]) {
        // Without randomness no secret may be made: better to stop than to go on.
        #[expect(clippy::expect_used, reason = "the operating system always has randomness once started")]
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}
