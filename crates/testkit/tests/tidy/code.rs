//! What Rust files look like: how long they are, and what they do not say.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::{none, rust_files};

const MAX_FILE_LINES: usize = 800;
const MAX_FUNCTION_LINES: usize = 100;
/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];
/// Functions that may be longer, as `file::function`, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];
/// `pub use` of another crate of the workspace, as `file: path`, each with its reason.
const SHARED_TYPES: &[(&str, &str)] = &[];
/// Where SQL may be. A `.c1z` is a SQLite database: its tables are the format (ADR 13).
const SQL_CRATES: &[&str] = &[
    "crates/store-",
    "crates/bench/",
    "crates/access/src/c1z/",
    "crates/access/tests/",
    // It forges the audit in the file, to see that this is found.
    "crates/cli/tests/manage.rs",
    // It breaks databases in each of the ways that `rollcall doctor` has to find.
    "crates/cli/tests/backup.rs",
    // It makes the databases of tests.
    "crates/testkit/src/postgres/",
];
/// What SQL is known by: a literal that has all words of a line.
const SQL_WORDS: &[&[&str]] = &[
    &["SELECT ", " FROM "],
    &["INSERT ", "INTO "],
    &["UPDATE ", " SET "],
    &["DELETE ", "FROM "],
    &["CREATE ", "TABLE "],
    &["CREATE ", "INDEX "],
    &["PRAGMA ", "_"],
];

#[test]
fn every_file_says_first_what_it_is() {
    let files = rust_files();
    let silent = files.iter().filter(|file| !file.text.starts_with("//! "));
    none(&silent.map(|file| format!("{}: line 1 does not begin with //!", file.path)).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long() {
    let files = rust_files();
    let long = files.iter().filter(|file| {
        file.text.lines().count() > MAX_FILE_LINES && !LONG_FILES.iter().any(|(path, _)| *path == file.path)
    });
    none(&long.map(|file| format!("{} has more than {MAX_FILE_LINES} lines", file.path)).collect::<Vec<_>>());
}

#[test]
fn no_function_is_too_long() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        let mut functions = Functions::default();
        functions.visit_file(&syn::parse_file(&file.text).unwrap());
        for (name, lines) in functions.0 {
            let place = format!("{}::{name}", file.path);
            if lines > MAX_FUNCTION_LINES && !LONG_FUNCTIONS.iter().any(|(known, _)| *known == place) {
                complaints.push(format!("{place} has {lines} lines"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn no_crate_shows_the_items_of_another_as_its_own() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        for line in file.text.lines().map(str::trim).filter(|line| line.starts_with("pub use rollcall_")) {
            let place = format!("{}: {}", file.path, line.trim_start_matches("pub use "));
            if !SHARED_TYPES.iter().any(|(known, _)| *known == place) {
                complaints.push(place);
            }
        }
    }
    none(&complaints);
}

#[test]
fn sql_is_in_the_stores_only() {
    let mut complaints = Vec::new();
    for file in
        rust_files().iter().filter(|file| !SQL_CRATES.iter().any(|place| file.path.starts_with(place)))
    {
        let mut literals = Vec::new();
        collect(file.text.parse().unwrap(), &mut literals);
        let is_sql =
            |text: &&String| SQL_WORDS.iter().any(|words| words.iter().all(|word| text.contains(word)));
        complaints.extend(literals.iter().filter(is_sql).map(|text| format!("{}: {text}", file.path)));
    }
    none(&complaints);
}

/// Names and lengths of functions outside tests.
#[derive(Default)]
struct Functions(Vec<(String, usize)>);

impl Functions {
    fn note(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (signature.fn_token.span.start().line, block.brace_token.span.close().end().line);
        self.0.push((signature.ident.to_string(), last - first + 1));
    }
}

impl<'a> Visit<'a> for Functions {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
        };
        if !module.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}

/// The literals of these tokens, also within macros, but not those of attributes and doc comments.
fn collect(tokens: TokenStream, found: &mut Vec<String>) {
    // `#[…]` and `#![…]`.
    let mut in_attribute = false;
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => in_attribute = true,
            TokenTree::Punct(mark) if mark.as_char() == '!' && in_attribute => {}
            TokenTree::Group(group) if in_attribute && group.delimiter() == Delimiter::Bracket => {
                in_attribute = false;
            }
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Literal(literal) => found.push(literal.to_string()),
            _ => in_attribute = false,
        }
    }
}
