//! Running one expression: variables in, result or failure out, within limits.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::{Duration, Instant};

use rollcall_domain::mapping::expression::{Failure, FailureKind, Outcome, Returned};
use rollcall_domain::mapping::variables::attribute;
use rollcall_scim::Document;
use serde_json::Value;
use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::{Error, ErrorKind, PrintHandler};

use crate::compile::Compiler;
use crate::functions::Skip;
use crate::limits::cpu_time;
use crate::wire::{Ask, Job};
use crate::{explain, returned};

/// Calls that may be open at once.
const MAX_CALLS: usize = 64;
/// Calls and turns of loops.
const MAX_STEPS: u64 = 1_000_000;
/// Bytes of the interpreter's own heap.
const MAX_HEAP: usize = 16 * 1024 * 1024;
/// Processor time; it is looked at every thousand steps.
const MAX_CPU: Duration = Duration::from_millis(200);
/// Bytes of what an expression prints that are kept.
const MAX_PRINTED: usize = 4 * 1024;

/// What an expression printed.
#[derive(Default)]
struct Printed(RefCell<String>);

impl PrintHandler for Printed {
    fn println(&self, text: &str) -> starlark::Result<()> {
        let mut kept = self.0.borrow_mut();
        let room = MAX_PRINTED.saturating_sub(kept.len());
        if room > 0 {
            kept.extend(text.chars().take(room));
            kept.push('\n');
        }
        Ok(())
    }
}

/// Compiles an expression without running it, as if every attribute were there.
pub(crate) fn check(compiler: &mut Compiler, job: &Job, ask: &Ask) -> Outcome {
    let result = match compiler.compiled(&job.digest, &job.name, &ask.declared, &ask.data) {
        // A name that this resource lacks may be an attribute that another one has.
        Ok(_) => Returned::Nothing,
        Err(failure) if failure.kind == FailureKind::Name => Returned::Nothing,
        Err(failure) => Returned::Failed(failure),
    };
    Outcome { expression: job.name.clone(), result, micros: 0, printed: String::new() }
}

/// Runs an expression.
pub(crate) fn run(compiler: &mut Compiler, job: &Job, ask: &Ask, properties: &Document) -> Outcome {
    let begun = Instant::now();
    let printed = Printed::default();
    let result = evaluate(compiler, job, ask, properties, &printed);
    Outcome {
        expression: job.name.clone(),
        result: result.unwrap_or_else(Returned::Failed),
        micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        printed: printed.0.into_inner(),
    }
}

fn evaluate(
    compiler: &mut Compiler,
    job: &Job,
    ask: &Ask,
    properties: &Document,
    printed: &Printed,
) -> Result<Returned, Failure> {
    let (prepared, program) = compiler.compiled(&job.digest, &job.name, &ask.declared, &ask.data)?;
    // What is asked for only: the resource may be large.
    let whole = |name: &str| match name {
        "data" => Some(&ask.data),
        "properties" => Some(properties),
        "source" => Some(&ask.source),
        "request" => Some(&ask.request),
        _ => None,
    };
    let variables: Vec<(&str, Cow<'_, Value>)> = program
        .parameters
        .iter()
        .map(|name| {
            let value = if let Some(object) = whole(name) {
                Cow::Owned(Value::Object(object.clone()))
            } else {
                let value = attribute(&ask.data, name).or_else(|| ask.declared.get(name));
                Cow::Borrowed(value.unwrap_or(&Value::Null))
            };
            (&**name, value)
        })
        .collect();
    Module::with_temp_heap(|module| {
        let begun = cpu_time();
        let mut evaluator = Evaluator::new(&module);
        limit(&mut evaluator).map_err(|error| Failure::new(&job.name, FailureKind::Evaluation, error))?;
        evaluator.set_print_handler(printed);
        evaluator.set_check_cancelled(Box::new(move || cpu_time().saturating_sub(begun) > MAX_CPU));
        let arguments: Vec<_> = variables.iter().map(|(_, value)| module.heap().alloc(&**value)).collect();
        let function = module.heap().access_owned_frozen_value(&program.function);
        match evaluator.eval_function(function, &arguments, &[]) {
            Ok(value) => match returned::read(value, module.heap()) {
                Ok(Some(properties)) => Ok(Returned::Properties(properties)),
                Ok(None) => Ok(Returned::Nothing),
                Err(message) => Err(Failure::new(&job.name, FailureKind::Result, message)),
            },
            Err(error) => match skipped(&error) {
                Some(reason) => Ok(Returned::Skipped(reason)),
                None => Err(explain::failure(&error, &job.name, &prepared, &variables)),
            },
        }
    })
}

fn limit(evaluator: &mut Evaluator<'_, '_, '_>) -> Result<(), String> {
    let set = evaluator
        .set_max_callstack_size(MAX_CALLS)
        .and_then(|()| evaluator.set_max_tick_count(MAX_STEPS))
        .and_then(|()| evaluator.set_max_heap_size(MAX_HEAP));
    set.map_err(|error| error.to_string())
}

fn skipped(error: &Error) -> Option<String> {
    match error.kind() {
        ErrorKind::Native(error) | ErrorKind::Other(error) => {
            error.downcast_ref::<Skip>().map(|skip| skip.0.clone())
        }
        _ => None,
    }
}
