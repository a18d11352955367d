//! Arguments of `rollcall c1z`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rollcall_access::sync::Format;

#[derive(Debug, Args)]
pub(crate) struct C1z {
    /// The .c1z file
    #[arg(short, long, global = true, default_value = "sync.c1z", value_name = "FILE")]
    pub file: PathBuf,
    /// Which sync of it [default: the last full one that ended]
    #[arg(long, global = true, value_name = "ID")]
    pub sync_id: Option<String>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Kinds of resources
    ResourceTypes,
    /// Users, groups, roles and whatever else there is
    Resources {
        /// Only of this type
        #[arg(short = 't', long, value_name = "TYPE")]
        resource_type: Option<String>,
    },
    /// What can be held
    Entitlements {
        /// Only of resources of this type
        #[arg(short = 't', long, value_name = "TYPE")]
        resource_type: Option<String>,
    },
    /// Who holds what
    Grants(Of),
    /// Those who hold something
    Principals(Of),
    /// Everything that a user holds, also by groups in groups
    Access {
        /// What holds it
        #[arg(short = 't', long, default_value = "user", value_name = "TYPE")]
        resource_type: String,
        /// Its id
        #[arg(short, long, value_name = "ID")]
        resource: String,
    },
    /// How many of each
    Stats,
    /// The syncs in the file
    Syncs,
    /// What changed since the sync before, or since another file
    Diff {
        /// Since this sync
        #[arg(long, value_name = "ID")]
        from: Option<String>,
        /// Since the last sync of this file, or the one that --from names
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
    },
    /// All of it in another form
    Export {
        /// Which form
        #[arg(value_enum)]
        format: ExportFormat,
        /// File to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Which grants.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// Of this entitlement
    #[arg(short, long, value_name = "ID", conflicts_with = "resource")]
    pub entitlement: Option<String>,
    /// Of a resource of this type
    #[arg(short = 't', long, value_name = "TYPE", requires = "resource")]
    pub resource_type: Option<String>,
    /// Of this resource
    #[arg(short, long, value_name = "ID", requires = "resource_type")]
    pub resource: Option<String>,
}

/// A form to export in.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A line for each grant
    Csv,
    /// One document
    Json,
    /// A line for each thing
    Jsonl,
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Csv => Self::Csv,
            ExportFormat::Json => Self::Json,
            ExportFormat::Jsonl => Self::Jsonl,
        }
    }
}
