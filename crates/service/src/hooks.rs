//! Synchronous hooks: who is asked before an identity is changed, and told after.
//!
//! Whoever runs the pipeline asks [`Hooks::has`] first, which looks into memory only: a source without hooks
//! costs nothing. The client of the hooks that operators set is elsewhere (`rollcall-hub`).

use async_trait::async_trait;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::pipeline::HookAnswer;
use rollcall_domain::policy::decide::{Occasion, Outcome};
use rollcall_domain::source::Source;
use serde_json::Value;
use uuid::Uuid;

/// When a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// `beforeProvision`: it may change the profile, or refuse.
    Before,
    /// `afterProvision`: it is told.
    After,
}

/// What a hook is asked about. Holds personal data.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The source.
    pub source: &'a Source,
    /// The request.
    pub request_id: &'a str,
    /// What happened.
    pub occasion: Occasion,
    /// The resource.
    pub resource: Uuid,
    /// The normalised profile.
    pub profile: &'a Profile,
}

/// What a hook is told after the commit. Holds personal data.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What it was about, with the profile that was decided about.
    pub asked: Asked<'a>,
    /// The identity, where one came of it.
    pub identity: Option<Uuid>,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// What of the identity is other than before: `{"status":{"before":…,"after":…}}`.
    pub difference: &'a Value,
}

/// Asks hooks. It is the one asking who keeps the deadline: no call takes longer than it is set to.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Whether the source has a hook of this moment. Looks into memory only.
    fn has(&self, source: &Source, moment: Moment) -> bool;

    /// Asks; [`HookAnswer::None`] when there is no hook. Several are asked one after the other, each about what
    /// the one before has made of the profile.
    async fn before_provision(&self, asked: Asked<'_>) -> HookAnswer;

    /// Tells. What goes wrong is for the log only.
    async fn after_provision(&self, told: Told<'_>);
}
