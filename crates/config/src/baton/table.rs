//! Every setting of `rollcall sync`, once: flag, variable, meaning.

/// What a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A text that is never shown.
    Secret,
    /// Given or not.
    Switch,
    /// Texts, with commas between them, or given more than once.
    List,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The flag without its hyphens, which is the key in a file.
    pub name: &'static str,
    /// The flag of one letter.
    pub short: Option<char>,
    /// What it is.
    pub kind: Kind,
    /// What it is when nobody says.
    pub default: Option<&'static str>,
    /// Whether help leaves it out.
    pub hidden: bool,
    /// What the value is called in help.
    pub value: &'static str,
    /// For people.
    pub help: &'static str,
}

const fn setting(kind: Kind, name: &'static str, value: &'static str, help: &'static str) -> Setting {
    Setting { name, short: None, kind, default: None, hidden: false, value, help }
}

const fn text(name: &'static str, value: &'static str, help: &'static str) -> Setting {
    setting(Kind::Text, name, value, help)
}

const fn switch(name: &'static str, help: &'static str) -> Setting {
    setting(Kind::Switch, name, "", help)
}

impl Setting {
    const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// The variable: `BATON_` and the name in capitals.
    pub fn variable(&self) -> String {
        format!("BATON_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

/// A secret, and the name of a file that has it.
macro_rules! settings {
    ($($(secret $secret:literal $secret_help:literal)? $(= $plain:expr)?;)*) => {
        /// All of them.
        pub const SETTINGS: &[Setting] = &[$(
            $(
                setting(Kind::Secret, $secret, "TEXT", $secret_help),
                text(concat!($secret, "-file"), "FILE", concat!("File that has --", $secret)),
            )?
            $($plain,)?
        )*];
    };
}

settings! {
    = text("service-provider", "NAME", "Built-in profile of the application, such as slack");
    = text("scim-config", "FILE", "Profile of the application, as a YAML file");
    = text("scim-config-file", "FILE", "The same as --scim-config");
    = text("scim-config-value", "YAML", "Profile of the application, as text");
    secret "token" "Token to present as it is";
    secret "api-key" "Key to present as it is";
    = text("username", "NAME", "User name for basic authentication");
    secret "password" "Its password";
    = text("scim-client-id", "ID", "Client for token requests");
    secret "scim-client-secret" "Its secret";
    secret "scim-refresh-token" "Refresh token for token requests";
    secret "scim-jwt-key" "PEM of the key that signs token requests";
    = text("account-id", "ID", "Account of the token request (Zoom)");
    = text("proxy-username", "NAME", "User name for the proxy");
    secret "proxy-password" "Its password";
    = text("file", "FILE", "The .c1z file to write, or to take grants from").short('f').or("sync.c1z");
    = setting(Kind::List, "format", "FORMAT", "Also write csv, json or jsonl beside the file");
    = switch("strict", "End at the first user or group that cannot be read, instead of leaving it out");
    = switch("restart", "Begin anew, and forget what an interrupted sync has read");
    = text("grant-entitlement", "ID", "Grant this entitlement of the file, such as group:g1:member");
    = text("grant-principal", "ID", "To whom");
    = text("grant-principal-type", "TYPE", "What that is: user or group").or("user");
    = text("revoke-grant", "ID", "Revoke this grant of the file, such as group:g1:member:user:u1");
    = text("create-account-login", "NAME", "Create a user with this user name");
    = text("create-account-email", "ADDRESS", "Its primary address");
    = text("create-account-profile", "JSON", "More about it: an object of SCIM attributes");
    = text("create-account-resource-type", "TYPE", "What is created: user").or("user").hidden();
    = text("delete-resource", "ID", "Delete this user or group");
    = text("delete-resource-type", "TYPE", "What that is: user or group");
    = switch("dry-run", "Print the request that would change something, and send nothing");
    = switch("provisioning", "Accepted; the flags that change something say so themselves").short('p');
    = text("log-level", "LEVEL", "error, warn, info, debug").or("info");
    = text("log-format", "FORMAT", "console or json").or("console");
    = text("c1z-temp-dir", "FOLDER", "Where large temporary files go; else beside the file");
    = text("client-id", "ID", "Client of the continuous service mode");
    = setting(Kind::Secret, "client-secret", "TEXT", "Its secret");
    = switch("skip-full-sync", "For the continuous service mode").hidden();
    = switch("ticketing", "Accepted; SCIM has no tickets").hidden();
    = text("storage-engine", "NAME", "Only sqlite").or("sqlite").hidden();
    = text("rotate-credentials", "ID", "Not in SCIM").hidden();
    = text("rotate-credentials-type", "TYPE", "Not in SCIM").hidden();
    = switch("event-feed", "Not in SCIM").hidden();
    = switch("create-ticket", "Not in SCIM").hidden();
    = switch("bulk-create-ticket", "Not in SCIM").hidden();
    = text("bulk-ticket-template-path", "FILE", "Not in SCIM").hidden();
    = switch("get-ticket", "Not in SCIM").hidden();
    = text("ticket-id", "ID", "Not in SCIM").hidden();
    = text("ticket-template-path", "FILE", "Not in SCIM").hidden();
    = switch("list-ticket-schemas", "Not in SCIM").hidden();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_setting_is_there_once_and_says_what_it_is() {
        let names: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
        assert!(SETTINGS.iter().all(|setting| !setting.help.is_empty()));
    }

    #[test]
    fn all_flags_of_the_reference_are_there() {
        for name in "service-provider scim-config-file scim-config scim-config-value api-key username password \
                     scim-client-id scim-client-secret account-id token client-id client-secret file log-format \
                     log-level provisioning skip-full-sync ticketing c1z-temp-dir grant-entitlement grant-principal \
                     grant-principal-type revoke-grant create-account-login create-account-email \
                     create-account-profile delete-resource delete-resource-type rotate-credentials \
                     rotate-credentials-type event-feed create-ticket bulk-create-ticket bulk-ticket-template-path \
                     get-ticket ticket-id ticket-template-path list-ticket-schemas"
            .split_whitespace()
        {
            assert!(SETTINGS.iter().any(|setting| setting.name == name), "{name}");
        }
    }

    #[test]
    fn variables_are_the_reference_s() {
        let variable = |name| SETTINGS.iter().find(|setting| setting.name == name).unwrap().variable();
        assert_eq!(variable("scim-config-file"), "BATON_SCIM_CONFIG_FILE");
        assert_eq!(variable("token"), "BATON_TOKEN");
    }
}
