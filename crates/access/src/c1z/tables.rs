//! The tables of a `.c1z`, as the reference makes them.

use super::image::{Index, Table};

/// Places of the tables in [`TABLES`].
pub(super) const RESOURCE_TYPES: usize = 0;
pub(super) const RESOURCES: usize = 1;
pub(super) const ENTITLEMENTS: usize = 2;
pub(super) const GRANTS: usize = 3;
pub(super) const RUNS: usize = 5;

/// Tables and indexes. The names of two indexes of resources are the reference's, which swapped them.
pub(super) static TABLES: [Table; 6] = [
    Table {
        name: "v1_resource_types",
        columns: "id integer primary key, external_id text not null, data blob not null, \
             sync_id text not null, discovered_at datetime not null",
        indexes: &[Index {
            name: "idx_resource_types_external_sync_v1",
            unique: true,
            columns: &[("external_id", 0), ("sync_id", 2)],
        }],
    },
    Table {
        name: "v1_resources",
        columns: "id integer primary key, resource_type_id text not null, external_id text not null, \
             parent_resource_type_id text, parent_resource_id text, data blob not null, \
             sync_id text not null, discovered_at datetime not null",
        indexes: &[
            Index {
                name: "idx_resources_parent_resource_id_v1",
                unique: true,
                columns: &[("external_id", 1), ("sync_id", 5)],
            },
            Index {
                name: "idx_resources_resource_type_id_v1",
                unique: false,
                columns: &[("resource_type_id", 0)],
            },
            Index {
                name: "idx_resources_external_sync_v1",
                unique: false,
                columns: &[("parent_resource_type_id", 2), ("parent_resource_id", 3)],
            },
        ],
    },
    Table {
        name: "v1_entitlements",
        columns: "id integer primary key, resource_type_id text not null, resource_id text not null, \
             external_id text not null, data blob not null, sync_id text not null, \
             discovered_at datetime not null",
        indexes: &[
            Index {
                name: "idx_entitlements_external_sync_v1",
                unique: true,
                columns: &[("external_id", 2), ("sync_id", 4)],
            },
            Index {
                name: "idx_entitlements_resource_id_v1",
                unique: false,
                columns: &[("resource_type_id", 0), ("resource_id", 1)],
            },
        ],
    },
    Table {
        name: "v1_grants",
        columns: "id integer primary key, resource_type_id text not null, resource_id text not null, \
             entitlement_id text not null, principal_resource_type_id text not null, \
             principal_resource_id text not null, external_id text not null, data blob not null, \
             sync_id text not null, discovered_at datetime not null",
        indexes: &[
            Index {
                name: "idx_grants_external_sync_v1",
                unique: true,
                columns: &[("external_id", 5), ("sync_id", 7)],
            },
            Index {
                name: "idx_grants_principal_id_v1",
                unique: false,
                columns: &[("principal_resource_type_id", 3), ("principal_resource_id", 4)],
            },
            Index {
                name: "idx_grants_entitlement_id_principal_id_v1",
                unique: false,
                columns: &[
                    ("entitlement_id", 2),
                    ("principal_resource_type_id", 3),
                    ("principal_resource_id", 4),
                ],
            },
            Index {
                name: "idx_grants_resource_type_id_resource_id_v1",
                unique: false,
                columns: &[("resource_type_id", 0), ("resource_id", 1)],
            },
        ],
    },
    Table {
        name: "v1_assets",
        columns: "id integer primary key, external_id text not null, content_type text not null, \
             data blob not null, sync_id text not null, discovered_at datetime not null",
        indexes: &[Index {
            name: "idx_assets_external_sync_v1",
            unique: true,
            columns: &[("external_id", 0), ("sync_id", 3)],
        }],
    },
    Table {
        name: "v1_sync_runs",
        columns: "id integer primary key, sync_id text not null, started_at datetime not null, \
             ended_at datetime, sync_token text not null",
        indexes: &[Index { name: "idx_sync_runs_sync_id_v1", unique: true, columns: &[("sync_id", 0)] }],
    },
];

/// A statement that reads the rows of one sync from another file, whoever made that, and the kinds of its columns.
///
/// The columns are those of the table at the same place, but its id. What breaks the table's own rules is left out,
/// and of several rows with one name all but the first.
pub(super) const KEPT: [(&str, &[Kind]); 6] = {
    use Kind::{Blob, Nullable, Text};
    [
        (
            "select external_id, data, sync_id, cast(discovered_at as text) from v1_resource_types where id in \
             (select min(id) from v1_resource_types where sync_id = ? group by external_id) order by id",
            &[Text, Blob, Text, Text],
        ),
        (
            "select resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data, sync_id, \
             cast(discovered_at as text) from v1_resources where id in \
             (select min(id) from v1_resources where sync_id = ? group by external_id) order by id",
            &[Text, Text, Nullable, Nullable, Blob, Text, Text],
        ),
        (
            "select resource_type_id, resource_id, external_id, data, sync_id, cast(discovered_at as text) \
             from v1_entitlements where id in \
             (select min(id) from v1_entitlements where sync_id = ? group by external_id) order by id",
            &[Text, Text, Text, Blob, Text, Text],
        ),
        (
            "select resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
             principal_resource_id, external_id, data, sync_id, cast(discovered_at as text) from v1_grants where id in \
             (select min(id) from v1_grants where sync_id = ? group by external_id) order by id",
            &[Text, Text, Text, Text, Text, Text, Blob, Text, Text],
        ),
        (
            "select external_id, content_type, data, sync_id, cast(discovered_at as text) from v1_assets where id in \
             (select min(id) from v1_assets where sync_id = ? group by external_id) order by id",
            &[Text, Text, Blob, Text, Text],
        ),
        (
            "select sync_id, cast(started_at as text), cast(ended_at as text), sync_token from v1_sync_runs where sync_id = ? \
             order by id limit 1",
            &[Text, Text, Nullable, Text],
        ),
    ]
};

/// What a column of another file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Text, or nothing.
    Nullable,
    /// Bytes.
    Blob,
}
