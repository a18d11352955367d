//! The command line.

#![expect(clippy::doc_markdown, reason = "these comments are help texts, shown as they are")]

mod duration;
mod mapping;
mod source;
mod token;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use rollcall_config::{Database, Given};

pub(crate) use self::mapping::{Mapping, MappingTest};
pub(crate) use self::source::{Requests, Schema, Source, SourceSettings, Tenant};
pub(crate) use self::token::{ApiToken, Audit, ScopeName, Token};
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
    /// SQLite file, or postgres://USER@HOST/NAME [default: rollcall.db; env: ROLLCALL_DATABASE]
    #[arg(long, global = true, value_name = "FILE|URL")]
    pub database: Option<Database>,
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
    /// Let people into the console: links, and who has an account
    #[command(subcommand)]
    Console(Console),
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
    /// Write everything that the database holds into one file; servers may go on
    Backup {
        /// The file
        file: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Make the database what a backup holds
    Restore {
        /// The file
        file: PathBuf,
        /// Replace a database file that has data in it
        #[arg(long)]
        force: bool,
    },
    /// Copy everything from one database into another, of whichever backends; goes on where it was interrupted
    Migrate {
        /// SQLite file, or postgres://USER@HOST/NAME
        #[arg(long, value_name = "FILE|URL")]
        from: Database,
        /// SQLite file, or postgres://USER@HOST/NAME; new, or half filled by the same command
        #[arg(long, value_name = "FILE|URL")]
        to: Database,
    },
    /// Look whether everything is in order: settings, key, database, counters, tokens, disk, clock
    Doctor,
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
pub(crate) enum Console {
    /// Print a link by which an account is made that owns everything; earlier ones end
    SetupLink,
    /// Print a link by which an account gets a new password; earlier ones end
    ResetPassword {
        /// Mail address of the account
        #[arg(value_name = "ADDRESS")]
        email: String,
    },
    /// Forget by whom of an OpenID provider an account is signed in to; the next one with its mail address takes it
    Unlink {
        /// Mail address of the account
        #[arg(value_name = "ADDRESS")]
        email: String,
    },
    /// List the accounts
    Accounts,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// SCIM base URL of another server to measure instead
    #[arg(long, value_name = "URL", requires = "token")]
    pub base_url: Option<String>,
    /// Its bearer token
    #[arg(long)]
    pub token: Option<String>,
    /// Users to load; with several numbers, every operation is measured at each of them
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    pub users: Vec<u64>,
    /// Sizes of groups that one member is added to
    #[arg(long, value_delimiter = ',', default_value = "0,1000,10000,100000", alias = "group-sizes")]
    pub group_size: Vec<u64>,
    /// Servers on one postgres:// database that share the load
    #[arg(long, default_value_t = 1)]
    pub nodes: u32,
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
}
