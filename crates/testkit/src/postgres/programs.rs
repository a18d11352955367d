//! Where PostgreSQL's programs are, and as whom they run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is said where there are none.
const MISSING: &str = "PostgreSQL is not installed: `apt-get install postgresql` installs it on Debian and Ubuntu \
                       (scripts/test does), or put the folder of `initdb` and `postgres` into PATH";
/// Whom Debian's package makes, and PostgreSQL runs as where the tests run as root, which it refuses.
const USER: &str = "postgres";

/// The programs of one version.
pub(super) struct Programs {
    folder: PathBuf,
    is_root: bool,
}

impl Programs {
    pub(super) fn find() -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folder = std::env::split_paths(&path).chain(packaged()).find(|folder| is_whole(folder));
        let folder = folder.ok_or_else(|| MISSING.to_owned())?;
        let id = Command::new("id").arg("-u").output().map_err(|error| format!("id: {error}"))?;
        Ok(Self { folder, is_root: id.stdout.trim_ascii() == b"0" })
    }

    /// A command line that runs one of them, not as root.
    pub(super) fn line(&self, program: &str) -> Vec<PathBuf> {
        let mut line = Vec::new();
        if self.is_root {
            let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
            line.extend(["setpriv", &user, &group, "--clear-groups"].map(PathBuf::from));
        }
        line.push(self.folder.join(program));
        line
    }

    /// Hands a folder, with what is in it, to whom they run as.
    pub(super) fn hand_over(&self, folder: &Path) -> Result<(), String> {
        if self.is_root {
            run(&["chown".into(), "-R".into(), USER.into(), folder.into()], [""; 0])?;
        }
        Ok(())
    }
}

/// Runs a command line with further arguments; what it says is in the error.
pub(super) fn run(line: &[PathBuf], more: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<(), String> {
    let [program, arguments @ ..] = line else { return Err("nothing to run".to_owned()) };
    let output = Command::new(program).args(arguments).args(more).current_dir("/").output();
    let output = output.map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed: {said}", line.last().unwrap_or(program).display()))
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

/// Where packages of Debian, Red Hat and Homebrew put them, the newest version first.
fn packaged() -> Vec<PathBuf> {
    let version = |folder: &PathBuf| {
        let digits: String = folder.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u64>().unwrap_or(0)
    };
    let mut found: Vec<PathBuf> =
        [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/opt/homebrew/opt", "postgresql")]
            .iter()
            .flat_map(|(parent, prefix)| {
                let folders = std::fs::read_dir(parent).into_iter().flatten().flatten();
                let named =
                    folders.filter(move |folder| folder.file_name().to_string_lossy().starts_with(prefix));
                named.map(|folder| folder.path())
            })
            .collect();
    found.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    found.into_iter().map(|folder| folder.join("bin")).collect()
}
