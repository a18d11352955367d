//! `rollcall token`, `rollcall api-token` and `rollcall audit`.

use clap::{Subcommand, ValueEnum};
use rollcall_domain::audit::Head;
use uuid::Uuid;

use super::duration::duration_ms;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Issue a token, which is shown once
    Issue {
        /// The source
        source: String,
        /// What it may do
        #[arg(long, value_enum, value_delimiter = ',', default_value = "read,write")]
        scopes: Vec<ScopeName>,
        /// How long it is taken: 90d, 12h, 30m
        #[arg(long, value_name = "TIME", value_parser = duration_ms)]
        expires_in: Option<i64>,
        /// The user that /Me stands for
        #[arg(long, value_name = "USER_ID")]
        subject: Option<Uuid>,
    },
    /// All tokens of a source, without their secrets
    List {
        /// The source
        source: String,
    },
    /// Issue a token like an old one, which goes on for a while
    Rotate {
        /// The source
        source: String,
        /// Id or prefix of the old token
        #[arg(allow_hyphen_values = true)]
        token: String,
        /// How long the old one goes on: 24h, 7d, 0m
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration_ms)]
        overlap: i64,
    },
    /// Take a token no more, at once
    Revoke {
        /// The source
        source: String,
        /// Id or prefix of the token
        #[arg(allow_hyphen_values = true)]
        token: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiToken {
    /// Issue an API token, which is shown once
    Issue {
        /// What it is for
        #[arg(long, default_value = "command line")]
        name: String,
        /// What it may do: sources:read, …; `read` is all that changes nothing, `all` everything
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// For all tenants and the installation itself, not for one tenant
        #[arg(long, conflicts_with = "tenant")]
        installation: bool,
        /// How long it is taken: 90d, 12h, 30m
        #[arg(long, value_name = "TIME", value_parser = duration_ms)]
        expires_in: Option<i64>,
    },
    /// API tokens, without their secrets: the tenant's, or all
    List {
        /// Those of all tenants and of the installation
        #[arg(long, conflicts_with = "tenant")]
        installation: bool,
    },
    /// Issue an API token like an old one, which goes on for a while
    Rotate {
        /// Id or prefix of the old token
        #[arg(allow_hyphen_values = true)]
        token: String,
        /// How long the old one goes on: 24h, 7d, 0m
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration_ms)]
        overlap: i64,
    },
    /// Take an API token no more, at once
    Revoke {
        /// Id or prefix of the token
        #[arg(allow_hyphen_values = true)]
        token: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Entries, latest first
    List {
        /// Of this subject and what is below it: sources/okta
        #[arg(long)]
        subject: Option<String>,
        /// Of this action: source.update
        #[arg(long)]
        action: Option<String>,
        /// By this actor: cli, api-token/ID
        #[arg(long)]
        actor: Option<String>,
        /// Entries at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Follow the chain of all entries and say where it does not hold
    Verify {
        /// An end that was printed before: NUMBER:HASH
        #[arg(long, value_name = "NUMBER:HASH")]
        expect: Option<Head>,
    },
}

/// A scope by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ScopeName {
    /// Reading
    Read,
    /// Changing
    Write,
}

impl ScopeName {
    /// As the admin API says it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}
