//! The command line.

#![expect(clippy::doc_markdown, reason = "these comments are help texts, shown as they are")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use rollcall_config::Given;
use rollcall_domain::audit::Head;
use rollcall_domain::request_log::{Bodies, Kept};
use serde::de::IntoDeserializer as _;
use uuid::Uuid;

use crate::c1z::C1z;
use crate::printer::Output;
use crate::sync::SyncArguments;

/// Keeps every application's roster of users and groups right.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, about, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Settings file [default: rollcall.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// SQLite file [default: rollcall.db; env: ROLLCALL_DATABASE]
    #[arg(long, global = true, value_name = "FILE")]
    pub database: Option<String>,
    /// Address and port the server listens on [default: 127.0.0.1:8080; env: ROLLCALL_LISTEN]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// URL under which clients reach the server [env: ROLLCALL_PUBLIC_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Tenant that the command is about [default: default]
    #[arg(long, global = true, value_name = "NAME")]
    pub tenant: Option<String>,
    /// A running server to manage instead of the database: its URL [env: ROLLCALL_SERVER]
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// File of the API token for --server [env: ROLLCALL_API_TOKEN_FILE, or the token in ROLLCALL_API_TOKEN]
    #[arg(long, global = true, value_name = "FILE")]
    pub api_token_file: Option<PathBuf>,
    /// How data is printed
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub output: Output,
}

impl Global {
    /// The settings among these flags.
    pub(crate) fn given(&self) -> Given {
        Given {
            database: self.database.clone(),
            listen: self.listen.clone(),
            public_url: self.public_url.clone(),
            ..Given::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve SCIM
    Serve(Serve),
    /// Create and list tenants
    #[command(subcommand)]
    Tenant(Tenant),
    /// Create and manage sources: one SCIM endpoint for one identity provider
    #[command(subcommand)]
    Source(Source),
    /// Issue, list, rotate and revoke the tokens of a source
    #[command(subcommand)]
    Token(Token),
    /// Issue, list, rotate and revoke the tokens of the admin API
    #[command(subcommand)]
    ApiToken(ApiToken),
    /// Who changed which setting when
    #[command(subcommand)]
    Audit(Audit),
    /// Try mappings and policies
    #[command(subcommand)]
    Mapping(Mapping),
    /// Read an application's users, groups and roles into a .c1z file, or grant and revoke
    Sync(SyncArguments),
    /// Print what `rollcall sync` reads and changes, as Baton's tools ask for it
    Capabilities,
    /// Print a script that completes this program's words in a shell
    Completion {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Read .c1z files
    C1z(C1z),
    /// Test, search and change any SCIM application: ConnId's operations
    Connector(Box<crate::connector::Arguments>),
    /// Measure a fresh server, or any SCIM server, beside the machine's reference lines
    Bench(Bench),
    /// A reference server of the benchmark
    #[command(hide = true)]
    BenchReference(BenchReference),
    /// Evaluate mapping expressions for the process that started this one
    #[command(hide = true)]
    ExpressionWorker,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// PEM file of the certificate chain [env: ROLLCALL_TLS_CERTIFICATE]
    #[arg(long, value_name = "FILE")]
    pub tls_certificate: Option<String>,
    /// PEM file of the private key [env: ROLLCALL_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// What is logged: error, warn, info, debug [default: info; env: ROLLCALL_LOG]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// text or json [default: text; env: ROLLCALL_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Stop when standard input closes: for a parent that must not leave a server behind
    #[arg(long, hide = true)]
    pub stop_with_stdin: bool,
}

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

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// SCIM base URL of another server to measure instead
    #[arg(long, value_name = "URL", requires = "token")]
    pub base_url: Option<String>,
    /// Its bearer token
    #[arg(long)]
    pub token: Option<String>,
    /// Users to load
    #[arg(long, default_value_t = 10_000)]
    pub users: u64,
    /// Sizes of groups that one member is added to
    #[arg(long, value_delimiter = ',', default_value = "0,1000,10000,100000")]
    pub group_sizes: Vec<u64>,
    /// Seconds of each measurement in each round
    #[arg(long, default_value_t = 3.0)]
    pub seconds: f64,
    /// Rounds; medians are reported
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
}

#[derive(Debug, Args)]
pub(crate) struct BenchReference {
    /// `fixed` or `durable`
    pub kind: String,
}

/// The words of the command line. Started as `baton-scim`, this is `rollcall sync`.
pub(crate) fn words(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = given.collect();
    let name = words.first().map(Path::new).and_then(Path::file_stem);
    let has_own = |word: &OsString| word == "capabilities" || word == "completion";
    if name.is_some_and(|name| name == "baton-scim") && !words.get(1).is_some_and(has_own) {
        words.splice(0..1, ["baton-scim", "sync"].map(OsString::from));
    }
    words
}

/// `90d`, `12h`, `30m` or `45s` in milliseconds.
fn duration_ms(text: &str) -> Result<i64, String> {
    let units = [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', 86_400_000)];
    let unit = units.into_iter().find(|(name, _)| text.ends_with(*name));
    let number = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse::<u32>().ok());
    match (unit, number) {
        (Some((_, ms)), Some(number)) => Ok(i64::from(number) * ms),
        _ => Err("write a number and s, m, h or d, such as 90d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_token_s_prefix_may_begin_with_a_hyphen() {
        let arguments = ["rollcall", "token", "rotate", "okta", "-1abc", "--overlap", "1h"];
        assert!(Arguments::try_parse_from(arguments).is_ok());
        assert!(Arguments::try_parse_from(["rollcall", "token", "revoke", "okta", "--1a"]).is_ok());
    }

    #[test]
    fn under_its_other_name_it_is_the_other_program() {
        let words = |words: &[&str]| super::words(words.iter().map(OsString::from));
        assert_eq!(words(&["/usr/bin/baton-scim", "-p"]), ["baton-scim", "sync", "-p"]);
        assert_eq!(words(&["baton-scim", "capabilities"]), ["baton-scim", "capabilities"]);
        assert_eq!(words(&["rollcall", "serve"]), ["rollcall", "serve"]);
    }

    #[test]
    fn durations_are_read() {
        for (text, ms) in
            [("45s", Some(45_000)), ("90d", Some(7_776_000_000)), ("d", None), ("1y", None), ("-1d", None)]
        {
            assert_eq!(duration_ms(text).ok(), ms, "{text}");
        }
    }
}
