//! Compiling expressions, and keeping them: by the digest of the text and the variables they see.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rollcall_domain::mapping::expression::{Failure, FailureKind};
use rollcall_domain::mapping::variables::{ALWAYS, attribute};
use rollcall_scim::Document;
use starlark::environment::{FrozenModule, Globals, Module};
use starlark::eval::Evaluator;
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::values::OwnedFrozenValue;

use crate::explain;
use crate::functions::globals;
use crate::prepare::{FUNCTION, Prepared};

/// Expressions that are kept; past it all are forgotten, and read again when they are asked for.
const MAX_KEPT: usize = 512;
/// Sets of variables for which one expression is kept.
const MAX_SHAPES: usize = 16;

/// Words that are no variables, whatever a resource has.
const KEYWORDS: &[&str] = &[
    "and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else", "except", "finally",
    "for", "from", "global", "if", "import", "in", "is", "lambda", "load", "nonlocal", "not", "or", "pass",
    "raise", "return", "try", "while", "with", "yield", "None", "True", "False",
];

/// An expression made ready for one set of variables.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) function: OwnedFrozenValue,
    /// The variables it takes, in order.
    pub(crate) parameters: Vec<String>,
    /// Keeps the function's heap.
    _module: FrozenModule,
}

/// One expression and what was made of it.
#[derive(Debug)]
struct Kept {
    prepared: Rc<Prepared>,
    shapes: HashMap<Vec<String>, Rc<Compiled>>,
}

/// All that was compiled.
pub(crate) struct Compiler {
    globals: Globals,
    /// Names that are functions, whatever a resource has.
    functions: HashSet<String>,
    kept: HashMap<String, Kept>,
}

impl Compiler {
    pub(crate) fn new() -> Self {
        let globals = globals();
        let functions = globals.names().map(|name| name.as_str().to_owned()).collect();
        Self { globals, functions, kept: HashMap::new() }
    }

    /// Whether the expression of this digest is there.
    pub(crate) fn knows(&self, digest: &str) -> bool {
        self.kept.contains_key(digest)
    }

    /// Forgets all, if so many more would be too many.
    pub(crate) fn make_room(&mut self, more: usize) {
        if self.kept.len() + more > MAX_KEPT {
            self.kept.clear();
        }
    }

    /// Reads an expression.
    pub(crate) fn learn(&mut self, digest: &str, name: &str, source: &str) -> Result<(), Failure> {
        let prepared = Prepared::new(source).map_err(|(at, message)| Failure {
            line: Some(at.line),
            column: Some(at.column),
            ..Failure::new(name, FailureKind::Syntax, message)
        })?;
        let kept = Kept { prepared: Rc::new(prepared), shapes: HashMap::new() };
        self.kept.insert(digest.to_owned(), kept);
        Ok(())
    }

    /// The expression of this digest, made ready for the variables that this resource gives it.
    pub(crate) fn compiled(
        &mut self,
        digest: &str,
        name: &str,
        declared: &Document,
        data: &Document,
    ) -> Result<(Rc<Prepared>, Rc<Compiled>), Failure> {
        let Some(kept) = self.kept.get_mut(digest) else {
            return Err(Failure::new(name, FailureKind::Syntax, "the worker was not given the expression"));
        };
        let parameters = parameters(&kept.prepared, &self.functions, declared, data);
        let prepared = Rc::clone(&kept.prepared);
        if let Some(compiled) = kept.shapes.get(&parameters) {
            return Ok((prepared, Rc::clone(compiled)));
        }
        let compiled = Rc::new(compile(&prepared, name, &self.globals, parameters.clone())?);
        if kept.shapes.len() >= MAX_SHAPES {
            kept.shapes.clear();
        }
        kept.shapes.insert(parameters, Rc::clone(&compiled));
        Ok((prepared, compiled))
    }
}

/// The names in the expression that are variables for this resource.
fn parameters(
    prepared: &Prepared,
    functions: &HashSet<String>,
    declared: &Document,
    data: &Document,
) -> Vec<String> {
    let is_there =
        |name: &str| ALWAYS.contains(&name) || declared.contains_key(name) || attribute(data, name).is_some();
    let is_free = |name: &str| name.is_ascii() && !KEYWORDS.contains(&name) && !functions.contains(name);
    prepared.names.iter().filter(|name| is_free(name) && is_there(name)).cloned().collect()
}

fn dialect() -> Dialect {
    Dialect {
        enable_def: true,
        enable_lambda: true,
        enable_load: false,
        enable_keyword_only_arguments: true,
        enable_types: DialectTypes::ParseOnly,
        enable_load_reexport: false,
        enable_top_level_stmt: false,
        enable_f_strings: true,
        ..Dialect::Standard
    }
}

fn compile(
    prepared: &Prepared,
    name: &str,
    globals: &Globals,
    parameters: Vec<String>,
) -> Result<Compiled, Failure> {
    let names: Vec<&str> = parameters.iter().map(String::as_str).collect();
    let explain = |error: &starlark::Error| explain::failure(error, name, prepared, &[]);
    let source = prepared.module(&names);
    let ast = AstModule::parse(name, source, &dialect()).map_err(|error| explain(&error))?;
    let frozen = Module::with_temp_heap(|module| {
        Evaluator::new(&module).eval_module(ast, globals).map_err(|error| explain(&error))?;
        module.freeze().map_err(|error| Failure::new(name, FailureKind::Syntax, format!("{error:?}")))
    });
    let module = frozen?;
    let function = module.get(FUNCTION);
    let function = function.map_err(|error| Failure::new(name, FailureKind::Syntax, error.to_string()))?;
    Ok(Compiled { function, parameters, _module: module })
}
