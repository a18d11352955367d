//! The tables of a `.c1z`, as the reference makes them, and the statements that fill them.

/// Made before anything is written. Each unique index is what a row is written anew by.
pub(super) const TABLES: &str = "
create table v1_resource_types (
    id integer primary key, external_id text not null, data blob not null,
    sync_id text not null, discovered_at datetime not null);
create unique index idx_resource_types_external_sync_v1 on v1_resource_types (external_id, sync_id);
create table v1_resources (
    id integer primary key, resource_type_id text not null, external_id text not null,
    parent_resource_type_id text, parent_resource_id text, data blob not null,
    sync_id text not null, discovered_at datetime not null);
create unique index idx_resources_parent_resource_id_v1 on v1_resources (external_id, sync_id);
create table v1_entitlements (
    id integer primary key, resource_type_id text not null, resource_id text not null,
    external_id text not null, data blob not null,
    sync_id text not null, discovered_at datetime not null);
create unique index idx_entitlements_external_sync_v1 on v1_entitlements (external_id, sync_id);
create table v1_grants (
    id integer primary key, resource_type_id text not null, resource_id text not null,
    entitlement_id text not null, principal_resource_type_id text not null,
    principal_resource_id text not null, external_id text not null, data blob not null,
    sync_id text not null, discovered_at datetime not null);
create unique index idx_grants_external_sync_v1 on v1_grants (external_id, sync_id);
create table v1_sync_runs (
    id integer primary key, sync_id text not null, started_at datetime not null,
    ended_at datetime, sync_token text not null);
create unique index idx_sync_runs_sync_id_v1 on v1_sync_runs (sync_id);
create table v1_assets (
    id integer primary key, external_id text not null, content_type text not null,
    data blob not null, sync_id text not null, discovered_at datetime not null);
create unique index idx_assets_external_sync_v1 on v1_assets (external_id, sync_id);
";

/// Made when all rows are there, which is much cheaper. The names of the two on resources are the
/// reference's, which swapped them.
pub(super) const INDEXES: &str = "
create index idx_resources_resource_type_id_v1 on v1_resources (resource_type_id);
create index idx_resources_external_sync_v1 on v1_resources (parent_resource_type_id, parent_resource_id);
create index idx_entitlements_resource_id_v1 on v1_entitlements (resource_type_id, resource_id);
create index idx_grants_principal_id_v1 on v1_grants (principal_resource_type_id, principal_resource_id);
create index idx_grants_entitlement_id_principal_id_v1
    on v1_grants (entitlement_id, principal_resource_type_id, principal_resource_id);
create index idx_grants_resource_type_id_resource_id_v1 on v1_grants (resource_type_id, resource_id);
";

pub(super) const ADD_RESOURCE_TYPE: &str =
    "insert or ignore into v1_resource_types (external_id, data, sync_id, discovered_at) values (?, ?, ?, ?)";
pub(super) const ADD_RESOURCE: &str = "insert or ignore into v1_resources (resource_type_id, external_id, \
     parent_resource_type_id, parent_resource_id, data, sync_id, discovered_at) values (?, ?, ?, ?, ?, ?, ?)";
pub(super) const ADD_ENTITLEMENT: &str = "insert or ignore into v1_entitlements (resource_type_id, \
     resource_id, external_id, data, sync_id, discovered_at) values (?, ?, ?, ?, ?, ?)";
pub(super) const ADD_GRANT: &str = "insert or ignore into v1_grants (resource_type_id, resource_id, \
     entitlement_id, principal_resource_type_id, principal_resource_id, external_id, data, sync_id, \
     discovered_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)";
pub(super) const ADD_RUN: &str =
    "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token) values (?, ?, ?, '')";

/// The tables whose rows belong to a sync, and their columns but `id`, in the order of [`TABLES`].
pub(super) const BY_SYNC: &[(&str, &str)] = &[
    ("v1_resource_types", "external_id, data, sync_id, discovered_at"),
    (
        "v1_resources",
        "resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data, sync_id, discovered_at",
    ),
    ("v1_entitlements", "resource_type_id, resource_id, external_id, data, sync_id, discovered_at"),
    (
        "v1_grants",
        "resource_type_id, resource_id, entitlement_id, principal_resource_type_id, principal_resource_id, \
         external_id, data, sync_id, discovered_at",
    ),
    ("v1_assets", "external_id, content_type, data, sync_id, discovered_at"),
    ("v1_sync_runs", "sync_id, started_at, ended_at, sync_token"),
];
