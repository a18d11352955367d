//! Tenants: the wall nothing crosses.

use uuid::Uuid;

/// The tenant that exists from the start.
pub const DEFAULT_TENANT: &str = "default";

/// A tenant's row number in the store. Never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantKey(pub i64);

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its row.
    pub key: TenantKey,
    /// Its public id.
    pub id: Uuid,
    /// Its unique name: a slug.
    pub name: String,
}
