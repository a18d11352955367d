//! The use cases: what a caller may do, in which transaction, with which change record.
//!
//! [`Service`] is the whole of Rollcall for those above it: the HTTP server authenticates through
//! [`Service::authenticate`] and gets a [`Caller`], without which no resource can be reached.
//! Management ([`admin`]) takes an [`admin::Manager`]. No HTTP and no SQL here.

pub mod accounts;
pub mod admin;
mod bulk;
mod cache;
mod caller;
mod capped;
mod cursor;
mod directory;
mod discovery;
mod error;
pub mod examine;
pub mod expressions;
pub mod feed;
pub mod hooks;
pub mod later;
mod leases;
mod list;
mod members;
mod memberships;
mod notes;
pub mod people;
mod rate;
mod render;
pub mod request_log;
mod resource;
pub mod sets;
pub mod system;
pub mod tally;
mod turns;
mod v1;
pub mod vault;
pub mod view;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rollcall_domain::audit::ChainKey;
use rollcall_domain::clock::{Clock, Ids, Timestamp};
use rollcall_domain::credential::TokenKey;
use rollcall_domain::request_log::SubjectKey;
use rollcall_store::AnyStore;
use uuid::Uuid;

pub use bulk::BulkAnswer;
pub use caller::{Caller, Presented, Refused};
pub use directory::Runtime;
pub use notes::{Notes, Touched, Traced};
pub use rate::{Rate, TooFast};
pub use render::{Body, Representation};
pub use resource::{Known, Precondition, Shape};
pub use v1::Protocol;

use cache::{Cache, Lookups};
use cursor::CursorKey;
use directory::DirectoryCache;
use expressions::Expressions;
use hooks::Hooks;
use sets::KnownSigner;
use turns::Turns;
use vault::Vault;

/// The use cases over one store.
pub struct Service {
    store: AnyStore,
    expressions: Option<Arc<dyn Expressions>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    token_key: TokenKey,
    chain_key: ChainKey,
    passwords: accounts::Passwords,
    api_used: Mutex<HashMap<Uuid, Timestamp>>,
    cursor_key: CursorKey,
    directory: DirectoryCache,
    cache: Cache,
    lookups: Lookups,
    counts: Arc<capped::Counts>,
    turns: Turns,
    node: Uuid,
    later: later::Later,
    log: request_log::Log,
    subject_key: SubjectKey,
    vault: Arc<Vault>,
    hooks: Option<Arc<dyn Hooks>>,
    known_signer: RwLock<KnownSigner>,
    issuer: String,
}

/// What a service is made with.
pub struct Parts {
    /// Where everything is kept.
    pub store: AnyStore,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and secrets.
    pub ids: Arc<dyn Ids>,
    /// 32 secret bytes that token digests and cursors are keyed with.
    pub secret: [u8; 32],
    /// Bytes that the cache of resources may hold. Over a store that is shared there is none.
    pub cache_bytes: u64,
    /// Encrypts secrets that must be used again.
    pub vault: Arc<Vault>,
    /// Asks hooks; without it there are none.
    pub hooks: Option<Arc<dyn Hooks>>,
    /// Evaluates mapping expressions; without it no source may have any.
    pub expressions: Option<Arc<dyn Expressions>>,
    /// `iss` of Security Event Tokens: the URL under which this server is known.
    pub issuer: String,
}

impl Service {
    /// A service over these parts.
    pub fn new(parts: Parts) -> Self {
        // What another server writes ends no stamp here.
        let cache_bytes = if parts.store.is_shared() { 0 } else { parts.cache_bytes };
        Self {
            token_key: TokenKey::new(parts.secret),
            chain_key: ChainKey::derive(&parts.secret),
            passwords: accounts::Passwords::new(&parts.secret),
            api_used: Mutex::default(),
            cursor_key: CursorKey::derive(&parts.secret),
            directory: DirectoryCache::default(),
            counts: Arc::default(),
            turns: Turns::default(),
            node: parts.ids.uuid(parts.clock.now()),
            later: later::Later::default(),
            log: request_log::Log::default(),
            subject_key: SubjectKey::derive(&parts.secret),
            // One part in six for who has which name, the rest for resources.
            lookups: Lookups::new(cache_bytes / 5),
            cache: Cache::new(cache_bytes - cache_bytes / 5),
            store: parts.store,
            vault: parts.vault,
            hooks: parts.hooks,
            expressions: parts.expressions,
            known_signer: RwLock::default(),
            issuer: parts.issuer,
            clock: parts.clock,
            ids: parts.ids,
        }
    }

    /// Whoever asks hooks, where there are any.
    pub fn hooks(&self) -> Option<&dyn Hooks> {
        self.hooks.as_deref()
    }

    /// `iss` of Security Event Tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What encrypts secrets.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Whether requests can be served now.
    ///
    /// # Errors
    ///
    /// 503 when the store does not answer.
    pub async fn ready(&self) -> Result<(), rollcall_scim::error::ScimError> {
        self.store.ready().await.map_err(error::from_store)
    }
}
