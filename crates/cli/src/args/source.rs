//! `rollcall tenant` and `rollcall source`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use rollcall_domain::request_log::{Bodies, Kept};
use serde::de::IntoDeserializer as _;

use super::duration::duration_ms;

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Make a tenant
    Create {
        /// Its name: a-z, 0-9, - and _
        name: String,
    },
    /// All tenants
    List,
    /// Change the policy of the sources that have none of their own, key by key
    Update {
        /// Its name
        name: String,
        /// The policy: JSON, or TOML when the name ends in .toml
        #[arg(long, value_name = "FILE", required_unless_present = "no_policy")]
        policy: Option<PathBuf>,
        /// Remove the policy
        #[arg(long, conflicts_with = "policy")]
        no_policy: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Source {
    /// Make a source, and print its base URL and token, which is shown once
    Create {
        /// Its name in URLs: a-z, 0-9, - and _
        slug: String,
        /// How the identity provider bends the RFC: generic, strict, entra, okta, …
        #[arg(long, default_value = "generic")]
        dialect: String,
        #[command(flatten)]
        settings: SourceSettings,
    },
    /// The tenant's sources
    List,
    /// One source with its settings
    Show {
        /// The source
        slug: String,
    },
    /// Whether a source is ready to be used, check by check
    Status {
        /// The source
        slug: String,
    },
    /// Whether a source's configuration is complete, and what its endpoint can do
    Validate {
        /// The source
        slug: String,
    },
    /// Change dialect or settings
    Update {
        /// The source
        slug: String,
        /// Another dialect
        #[arg(long)]
        dialect: Option<String>,
        #[command(flatten)]
        settings: SourceSettings,
    },
    /// What the provider sent lately, and what it was told
    Requests(Requests),
    /// Answer every request with 503 until resumed; nothing changes
    Pause {
        /// The source
        slug: String,
    },
    /// Answer again
    Resume {
        /// The source
        slug: String,
    },
    /// Delete a source with all its users, groups and tokens
    Delete {
        /// The source
        slug: String,
        /// Really
        #[arg(long)]
        yes: bool,
    },
    /// Schemas and resource types of a source
    #[command(subcommand)]
    Schema(Schema),
}

/// Settings of a source; what is not given stays.
#[derive(Debug, Args)]
pub(crate) struct SourceSettings {
    /// Requests a second, at least 25; 0 is no limit
    #[arg(long, value_name = "N")]
    pub requests_per_second: Option<u32>,
    /// Requests that may come at once
    #[arg(long, value_name = "N")]
    pub burst: Option<u32>,
    /// Bytes of a request body
    #[arg(long, value_name = "N")]
    pub max_request_bytes: Option<u64>,
    /// Operations in a Bulk request
    #[arg(long, value_name = "N")]
    pub max_bulk_operations: Option<u32>,
    /// Resources in a page
    #[arg(long, value_name = "N")]
    pub max_page_size: Option<u32>,
    /// Resources in a page when the client does not say
    #[arg(long, value_name = "N")]
    pub default_page_size: Option<u32>,
    /// Members of a group that a response shows, the rest being at /GroupMemberships; 0 is all
    #[arg(long, value_name = "N")]
    pub max_members: Option<u32>,
    /// A switch of the dialect that is to be otherwise (docs/dialects.md); NAME= takes the dialect's again
    #[arg(long, value_name = "NAME=VALUE")]
    pub switch: Vec<String>,
    /// How users become profiles: JSON, or TOML when the name ends in .toml
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// What profiles mean: JSON, or TOML when the name ends in .toml
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Remove the mapping
    #[arg(long, conflicts_with = "mapping")]
    pub no_mapping: bool,
    /// Remove the policy
    #[arg(long, conflicts_with = "policy")]
    pub no_policy: bool,
    /// Requests that the request log keeps: nothing, failures, writes (and failures), all [default: writes]
    #[arg(long, value_name = "WHICH", value_parser = word::<Kept>)]
    pub log_keep: Option<Kept>,
    /// How it keeps bodies: none, masked, full [default: masked]
    #[arg(long, value_name = "HOW", value_parser = word::<Bodies>)]
    pub log_bodies: Option<Bodies>,
    /// Requests a second that it keeps of each sort; 0 is no limit
    #[arg(long, value_name = "N")]
    pub log_max_per_second: Option<u32>,
    /// Days that it keeps them
    #[arg(long, value_name = "N")]
    pub log_max_days: Option<u32>,
    /// MiB that it may take
    #[arg(long, value_name = "N")]
    pub log_max_mib: Option<u32>,
}

/// A setting that is one of some words.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(text.into_deserializer()).map_err(|error: serde::de::value::Error| error.to_string())
}

/// What is looked for in a request log.
#[derive(Debug, Args)]
pub(crate) struct Requests {
    /// The source
    pub slug: String,
    /// Show all of this request: its id, as X-Request-Id told it
    pub id: Option<String>,
    /// About this person or group: userName, externalId, mail address, or id
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Answered with this status: 409, 4xx, 400-599
    #[arg(long)]
    pub status: Option<String>,
    /// With this method
    #[arg(long)]
    pub method: Option<String>,
    /// Not older than this: 30m, 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = duration_ms)]
    pub since: Option<i64>,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    /// Add schemas and resource types from RFC 7643 JSON: an object, or an array of them
    Add {
        /// The source
        slug: String,
        /// File of schemas (RFC 7643 section 7)
        #[arg(long, value_name = "FILE")]
        schemas: Option<PathBuf>,
        /// File of resource types (RFC 7643 section 6)
        #[arg(long, value_name = "FILE")]
        resource_types: Option<PathBuf>,
    },
}
