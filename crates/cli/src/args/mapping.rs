//! `rollcall mapping`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    /// Show what a mapping and a policy make of a resource, touching nothing
    Test(MappingTest),
}

#[derive(Debug, Args)]
pub(crate) struct MappingTest {
    /// A source of the database, whose mapping and policy are tried over what is stored; without, nothing is opened
    #[arg(value_name = "SOURCE", conflicts_with_all = ["known", "dialect", "source"])]
    pub stored: Option<String>,
    /// The mapping: JSON, or TOML when the name ends in .toml [default: the source's]
    #[arg(long, value_name = "FILE", required_unless_present = "stored")]
    pub mapping: Option<PathBuf>,
    /// The policy [default: the source's, else every key's default]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The resource as the provider sends it
    #[arg(long, value_name = "FILE")]
    pub payload: PathBuf,
    /// What is known before: the linked identity, candidates, tombstone, memberships [default: nothing]
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// The resource is a group
    #[arg(long)]
    pub group: bool,
    /// How the identity provider bends the RFC
    #[arg(long, default_value = "generic")]
    pub dialect: String,
    /// The source's slug, as expressions see it
    #[arg(long, value_name = "SLUG", default_value = "test")]
    pub source: String,
    /// The request's method, as expressions see it
    #[arg(long, default_value = "POST")]
    pub method: String,
}
