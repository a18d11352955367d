//! Arguments of `rollcall sync`: flags made from the table of settings.

use clap::error::Error;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use rollcall_config::baton::{Given, Kind, SETTINGS, Setting};

/// The flags that were given. `Debug` shows no values: some are secret.
pub(crate) struct SyncArguments(pub Given);

impl std::fmt::Debug for SyncArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn argument(setting: &'static Setting) -> Arg {
    let mut help = setting.help.to_owned();
    if let Some(default) = setting.default {
        help = format!("{help} [default: {default}]");
    }
    help = format!("{help} [env: {}]", setting.variable());
    let argument = Arg::new(setting.name).long(setting.name).help(help).hide(setting.hidden);
    let argument = match setting.short {
        Some(short) => argument.short(short),
        None => argument,
    };
    match setting.kind {
        Kind::Switch => argument
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(["true", "false"])
            .hide_possible_values(true)
            .value_name("true|false"),
        Kind::List => argument.action(ArgAction::Append).value_name(setting.value),
        Kind::Text | Kind::Secret => {
            argument.action(ArgAction::Set).value_name(setting.value).allow_hyphen_values(true)
        }
    }
}

impl Args for SyncArguments {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().fold(command, |command, setting| command.arg(argument(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SyncArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = SETTINGS.iter().filter_map(|setting| {
            matches.value_source(setting.name).filter(|source| *source == ValueSource::CommandLine)?;
            let values = matches.get_many::<String>(setting.name)?.cloned().collect();
            Some((setting.name, values))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::{Arguments, Command};

    fn given(words: &[&str]) -> String {
        let words = ["rollcall", "sync"].iter().chain(words);
        let Command::Sync(arguments) = Arguments::try_parse_from(words).unwrap().command else { panic!() };
        format!("{:?}", arguments.0)
    }

    #[test]
    fn flags_are_taken_as_the_reference_takes_them() {
        assert_eq!(given(&["-p", "-f", "a.c1z"]), r#"{"file": ["a.c1z"], "provisioning": ["true"]}"#);
        assert_eq!(given(&["--provisioning=false"]), r#"{"provisioning": ["false"]}"#);
        assert_eq!(given(&["--format", "csv", "--format=json"]), r#"{"format": ["csv", "json"]}"#);
        assert_eq!(given(&["--token", "-a-"]), r#"{"token": ["-a-"]}"#);
        assert_eq!(given(&[]), "{}");
    }
}
