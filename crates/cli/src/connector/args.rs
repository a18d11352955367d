//! Arguments of `rollcall connector`.

#![expect(clippy::doc_markdown, reason = "these comments are help texts, shown as they are")]

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `rollcall connector`.
#[derive(Debug, Args)]
pub(crate) struct Connector {
    #[command(flatten)]
    pub application: Application,
    /// How objects are written and read
    #[arg(long, global = true, value_enum, default_value = "scim")]
    pub view: View,
    /// Print the exact requests, secrets redacted, instead of sending those that change something
    #[arg(long, global = true)]
    pub dry_run: bool,
    #[command(subcommand)]
    pub operation: Operation,
}

/// Which application, and what opens it.
#[derive(Args)]
pub(crate) struct Application {
    /// Properties of ConnId's SCIM bundle: a .properties or JSON file
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "profile")]
    pub properties: Option<PathBuf>,
    /// Built-in profile, or a file with one [default: standard]
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// Base URL of the SCIM API, instead of the profile's
    #[arg(long, global = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// Version of SCIM, instead of the profile's
    #[arg(long, global = true, value_name = "VERSION", value_parser = ["1.1", "2.0"])]
    pub scim_version: Option<String>,
    /// customAttributesJSON: a file with one schema (RFC 7643 section 7), or an array of them
    #[arg(long, global = true, value_name = "FILE")]
    pub schemas: Option<PathBuf>,
    /// Token to present [env: ROLLCALL_CONNECTOR_TOKEN]
    #[arg(long, global = true)]
    pub token: Option<String>,
    /// File with the token
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// Key to present [env: ROLLCALL_CONNECTOR_API_KEY]
    #[arg(long, global = true, value_name = "KEY")]
    pub api_key: Option<String>,
    /// Name to sign in with
    #[arg(long, global = true, value_name = "NAME")]
    pub username: Option<String>,
    /// Its password [env: ROLLCALL_CONNECTOR_PASSWORD]
    #[arg(long, global = true)]
    pub password: Option<String>,
    /// File with the password
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "password")]
    pub password_file: Option<PathBuf>,
    /// OAuth client
    #[arg(long, global = true, value_name = "ID")]
    pub client_id: Option<String>,
    /// Its secret [env: ROLLCALL_CONNECTOR_CLIENT_SECRET]
    #[arg(long, global = true, value_name = "SECRET")]
    pub client_secret: Option<String>,
    /// File with the client's secret
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "client_secret")]
    pub client_secret_file: Option<PathBuf>,
}

/// Without what is secret.
impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { properties, profile, base_url, .. } = self;
        write!(f, "Application({properties:?}, {profile:?}, {base_url:?})")
    }
}

/// How objects are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    /// As SCIM JSON
    Scim,
    /// Under ConnId's flat names: emails.work.value, __NAME__
    Connid,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Operation {
    /// Ask whether the application answers, and what it says that it can do
    Test,
    /// The attributes of users and groups, with what the application says of itself
    Schema {
        /// User or Group [default: both]
        class: Option<String>,
    },
    /// Find users or groups: one JSON object a line, or a page of them
    Search(Search),
    /// One user or group
    Get {
        /// User or Group
        class: String,
        /// Its id
        id: String,
    },
    /// Make a user or group, and make the user a member of its groups
    Create {
        /// User or Group
        class: String,
        #[command(flatten)]
        data: Data,
    },
    /// Change what is named of a user or group; everything else stays
    Update {
        /// User or Group
        class: String,
        /// Its id
        id: String,
        /// DATA says what to add, remove and replace: {"replace": {…}, "add": {…}, "remove": {…}}, or with
        /// --view connid {"NAME": {"add": […], "remove": […]}}
        #[arg(long)]
        delta: bool,
        #[command(flatten)]
        data: Data,
        /// Take the value of an attribute away
        #[arg(long, value_name = "NAME")]
        clear: Vec<String>,
        /// Give an attribute one more value; VALUE is JSON, or text
        #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
        add: Vec<String>,
        /// Take one value of an attribute away
        #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
        remove: Vec<String>,
    },
    /// Delete a user or group
    Delete {
        /// User or Group
        class: String,
        /// Its id
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// User or Group
    pub class: String,
    /// Filter (RFC 7644 section 3.4.2.2); names may be flat
    #[arg(long)]
    pub filter: Option<String>,
    /// Attributes to show; all that the application shows, when not given
    #[arg(long, value_delimiter = ',')]
    pub attributes: Vec<String>,
    /// Attribute to sort by
    #[arg(long, value_name = "ATTRIBUTE")]
    pub sort_by: Option<String>,
    /// Greatest first
    #[arg(long, requires = "sort_by")]
    pub descending: bool,
    /// Print one page of at most so many, with the cookie of the next
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub page_size: Option<u32>,
    /// Go on after an earlier page
    #[arg(long, requires = "page_size")]
    pub cookie: Option<String>,
}

/// Attributes, given as a whole or one by one.
#[derive(Debug, Args)]
pub(crate) struct Data {
    /// JSON object, @FILE with one, or - for standard input
    #[arg(value_name = "DATA")]
    pub data: Option<String>,
    /// Set an attribute; VALUE is JSON, or text
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub set: Vec<String>,
}
