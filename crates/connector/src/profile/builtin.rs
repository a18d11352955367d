//! Profiles that come with the program: the files of `profiles/`.

use super::{Profile, ProfileError};

/// A profile that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// Its name, which is that of its file.
    pub name: &'static str,
    /// Its text.
    pub yaml: &'static str,
}

macro_rules! builtins {
    ($($name:literal),* $(,)?) => {
        const BUILTINS: &[Builtin] = &[$(
            Builtin { name: $name, yaml: include_str!(concat!("../../../../profiles/", $name, ".yaml")) },
        )*];
    };
}

builtins![
    "standard",
    "aws",
    "wso2",
    "salesforce",
    "keycloak",
    "egnyte",
    "google",
    "github",
    "miro",
    "postman",
    "slack",
    "zoom",
    "canva",
    "jellyfish",
    "tesorio",
    "whimsical",
    "sap-success-factors",
];

/// All of them, in the order of the documentation.
pub fn builtins() -> &'static [Builtin] {
    BUILTINS
}

impl Profile {
    /// A built-in profile by name, in any case. `variables` gives what `${NAME}` stands for.
    ///
    /// # Errors
    ///
    /// - [`ProfileError::Unknown`], with the names that there are.
    /// - [`ProfileError::Faults`]: a variable is not set.
    pub fn builtin(name: &str, variables: &dyn Fn(&str) -> Option<String>) -> Result<Self, ProfileError> {
        let found = BUILTINS.iter().find(|builtin| builtin.name.eq_ignore_ascii_case(name));
        let builtin = found.ok_or_else(|| ProfileError::Unknown {
            name: name.to_owned(),
            known: BUILTINS.iter().map(|builtin| builtin.name).collect(),
        })?;
        Self::parse(builtin.yaml, &format!("profiles/{}.yaml", builtin.name), variables)
    }
}
