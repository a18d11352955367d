//! `rollcall mapping test`: what a mapping and a policy make of a resource, touching nothing.

use std::fmt::Write as _;
use std::path::Path;

use rollcall_domain::clock::Clock as _;
use rollcall_domain::dialect;
use rollcall_domain::mapping::expression::{Evaluated, Evaluation, Expression};
use rollcall_domain::mapping::profile::GroupProfile;
use rollcall_domain::mapping::{Mapping, MappingSettings};
use rollcall_domain::pipeline::{
    Decided, HookAnswer, Input, Outlook, Stopped, Trace, extract, extract_group,
};
use rollcall_domain::policy::PolicyDocument;
use rollcall_domain::policy::decide::Known;
use rollcall_domain::policy::settings::Policy;
use rollcall_expr::pool::Pool;
use rollcall_scim::Document;
use rollcall_scim::schema::{Registry, ResolvedType};
use rollcall_scim::validate;
use rollcall_service::system::SystemClock;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::{Global, Mapping as Command, MappingTest};
use crate::desk::{Ask, Desk};
use crate::printer::{Printer, table};
use crate::{Done, Failure, expressions};

pub(crate) async fn run(global: &Global, command: Command, printer: &Printer) -> Done {
    let Command::Test(test) = command;
    if let Some(slug) = &test.stored {
        return stored(global, slug, &test, printer).await;
    }
    let settings = rollcall_config::Settings::load(
        global.config.as_deref(),
        &rollcall_config::environment,
        global.given(),
    )?;
    let pool = expressions::pool(&settings)?;
    self::test(&test, &pool, printer).await
}

/// A sample over what is stored of a source, here or on a running server.
async fn stored(global: &Global, slug: &str, test: &MappingTest, printer: &Printer) -> Done {
    let payload: Value = read(&test.payload)?;
    let mut body = json!({ "payload": payload, "method": test.method, "group": test.group });
    for (name, path) in [("mapping", &test.mapping), ("policy", &test.policy)] {
        if let (Some(path), Some(fields)) = (path, body.as_object_mut()) {
            fields.insert(name.to_owned(), read(path)?);
        }
    }
    let desk = Desk::open(global).await?;
    let tried = desk.within(Ask::post(&["sources", slug, "mapping", "test"], body)).await?;
    let trace: Trace = part(&tried, "trace")?;
    if tried.get("stopped").is_some() {
        return show_stopped(&Stopped { reason: part(&tried, "stopped")?, trace }, printer);
    }
    if test.group {
        show_group(&part(&tried, "profile")?, &trace, printer);
    } else {
        let (profile, decision) = (part(&tried, "profile")?, part(&tried, "decision")?);
        show(&Decided { profile, decision, trace }, printer);
    }
    Ok(())
}

/// A part of an answer of the admin API.
fn part<T: DeserializeOwned>(answer: &Value, name: &str) -> Result<T, Failure> {
    let part = answer.get(name).cloned().unwrap_or_default();
    Ok(serde_json::from_value(part).map_err(anyhow::Error::new)?)
}

async fn test(test: &MappingTest, pool: &Pool, printer: &Printer) -> Done {
    let registry = Registry::builtin().map_err(anyhow::Error::new)?;
    let kind = |name: &str| {
        registry.type_named(name).ok_or_else(|| Failure::Ours(anyhow::anyhow!("no resource type {name}")))
    };
    let Some(path) = &test.mapping else {
        return Err(Failure::Theirs("name a file with --mapping".to_owned()));
    };
    let settings: MappingSettings = read(path)?;
    let mapping = settings.compile(kind("User")?).map_err(|errors| all(path, &errors))?;
    check(&mapping, path, pool).await?;
    let payload: Value = read(&test.payload)?;
    if test.group {
        return group(test, &mapping, payload, kind("Group")?, pool, printer).await;
    }
    let policy = match &test.policy {
        None => Policy::default(),
        Some(path) => {
            let document = PolicyDocument::parse(&read(path)?).map_err(|errors| all(path, &errors))?;
            PolicyDocument::resolve(&document, &PolicyDocument::default())
        }
    };
    let known: Known = test.known.as_deref().map(read).transpose()?.unwrap_or_default();
    let extracted = extract(input(test, payload, kind("User")?, printer)?, &mapping, kind("User")?);
    let evaluated = evaluate(pool, extracted.evaluation()).await?;
    let hooked = extracted.profile(evaluated).and_then(|profiled| profiled.hooked(HookAnswer::None));
    match hooked {
        Err(stopped) => show_stopped(&stopped, printer),
        Ok(hooked) => {
            // Ids are made when something is stored, and nothing is.
            let outlook = Outlook {
                source: Uuid::nil(),
                resource: Uuid::nil(),
                now: SystemClock.now(),
                new_id: Uuid::nil(),
            };
            show(&hooked.decide(&policy, &known, &outlook), printer);
            Ok(())
        }
    }
}

/// A group: its profile, and nothing to decide.
async fn group(
    test: &MappingTest,
    mapping: &Mapping,
    payload: Value,
    kind: &ResolvedType,
    pool: &Pool,
    printer: &Printer,
) -> Done {
    let extracted = extract_group(input(test, payload, kind, printer)?, mapping, kind);
    let evaluated = evaluate(pool, extracted.evaluation()).await?;
    match extracted.profile(evaluated) {
        Err(stopped) => show_stopped(&stopped, printer),
        Ok((profile, trace)) => {
            show_group(&profile, &trace, printer);
            Ok(())
        }
    }
}

fn show_group(profile: &GroupProfile, trace: &Trace, printer: &Printer) {
    printer.data(&json!({ "profile": profile, "trace": trace }), || {
        let profile = table(&rows(&profile.to_properties()));
        format!("PROFILE\n{profile}\n\nTRACE\n{}", steps(trace)).trim_end().to_owned()
    });
}

/// The request that is tried.
fn input(
    test: &MappingTest,
    payload: Value,
    kind: &ResolvedType,
    printer: &Printer,
) -> Result<Input, Failure> {
    let document = resource(test, payload, kind, printer)?;
    Ok(Input { trial: true, ..Input::pushed(&test.source, &test.dialect, &test.method, document) })
}

/// The resource as a source of this dialect would keep it; as it is, with a remark, where it would not.
fn resource(
    test: &MappingTest,
    payload: Value,
    kind: &ResolvedType,
    printer: &Printer,
) -> Result<Document, Failure> {
    let Some(dialect) = dialect::named(&test.dialect) else {
        let names: Vec<&str> = dialect::all().keys().map(String::as_str).collect();
        let there = names.join(", ");
        return Err(Failure::Theirs(format!("there is no dialect {:?}; there are {there}", test.dialect)));
    };
    let raw = match &payload {
        Value::Object(raw) => raw.clone(),
        _ => return Err(Failure::Theirs(format!("{}: a resource is an object", test.payload.display()))),
    };
    match validate::resource(payload, kind, &dialect.rules, None) {
        Ok(accepted) => {
            let mut document = accepted.document;
            // What the server computes, or takes from elsewhere, is there too when it was written down.
            for name in ["id", "meta", "groups"].into_iter().filter(|name| raw.contains_key(*name)) {
                document.insert(name.to_owned(), raw.get(name).cloned().unwrap_or_default());
            }
            Ok(document)
        }
        Err(error) => {
            printer.note(&format!("note: a source of dialect {} would refuse this: {error}", test.dialect));
            Ok(raw)
        }
    }
}

/// Takes the question to a worker, where there is one.
async fn evaluate(pool: &Pool, evaluation: Option<&Evaluation>) -> Result<Option<Evaluated>, Failure> {
    match evaluation {
        None => Ok(None),
        Some(evaluation) => {
            let evaluated = pool.evaluate(evaluation).await;
            evaluated.map(Some).map_err(|error| Failure::Ours(error.into()))
        }
    }
}

/// Fails when an expression is none.
async fn check(mapping: &Mapping, path: &Path, pool: &Pool) -> Done {
    let all: Vec<Expression> = mapping.users.iter().chain(&mapping.groups).cloned().collect();
    if all.is_empty() {
        return Ok(());
    }
    let failures = pool.check(&all).await.map_err(|error| Failure::Ours(error.into()))?;
    if failures.is_empty() { Ok(()) } else { Err(self::all(path, &failures)) }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    Ok(rollcall_config::read_document(path)?)
}

/// Everything that is wrong with a file, a line each.
fn all(path: &Path, errors: &[impl std::fmt::Display]) -> Failure {
    let lines: Vec<String> = errors.iter().map(|error| format!("{}: {error}", path.display())).collect();
    Failure::Theirs(lines.join("\n       "))
}

fn show(decided: &Decided, printer: &Printer) {
    let json = json!({
        "profile": decided.profile, "decision": decided.decision, "trace": decided.trace,
    });
    printer.data(&json, || {
        let mut text = format!("PROFILE\n{}\n", table(&rows(&decided.profile.to_properties())));
        let decision = &decided.decision;
        let outcome = serde_json::to_value(&decision.outcome).unwrap_or_default();
        let _ = writeln!(text, "\nDECISION\n{}", plain(&outcome));
        for rule in &decision.rules {
            let _ = writeln!(text, "{} = {}: {}", rule.key, rule.value, rule.effect);
        }
        if let Some(difference) = difference(&decided.trace) {
            let _ = writeln!(text, "\nCHANGE\n{}", table(&changes(&difference)));
        }
        let _ = writeln!(text, "\nTRACE\n{}", steps(&decided.trace));
        text.trim_end().to_owned()
    });
}

/// The way ended: no failure when an expression skipped the resource.
fn show_stopped(stopped: &Stopped, printer: &Printer) -> Done {
    use rollcall_domain::pipeline::StopReason;

    printer.data(&json!({ "stopped": stopped.reason, "trace": stopped.trace }), || {
        format!("STOPPED\n{stopped}\n\nTRACE\n{}", steps(&stopped.trace))
    });
    match &stopped.reason {
        StopReason::Skipped(_) => Ok(()),
        StopReason::Failed(failure) => Err(Failure::Theirs(failed(failure))),
        reason => Err(Failure::Theirs(reason.to_string())),
    }
}

/// A failure with the values it was about: whoever gave the payload may see them.
fn failed(failure: &rollcall_domain::mapping::expression::Failure) -> String {
    let mut text = failure.to_string();
    if !failure.excerpt.is_empty() {
        let _ = write!(text, "\n       in  {}", failure.excerpt);
    }
    for (name, value) in &failure.values {
        let _ = write!(text, "\n       {name} is {value}");
    }
    text
}

fn rows(fields: &Document) -> Vec<Vec<String>> {
    fields.iter().map(|(name, value)| vec![name.clone(), plain(value)]).collect()
}

fn difference(trace: &Trace) -> Option<Value> {
    use rollcall_domain::pipeline::Step;

    trace.steps.iter().find_map(|step| match step {
        Step::Change { difference, .. } => Some(difference.clone()),
        _ => None,
    })
}

/// `name  before  ->  after`, a row each.
fn changes(difference: &Value) -> Vec<Vec<String>> {
    let side = |change: &Value, name: &str| change.get(name).map_or_else(|| "-".to_owned(), plain);
    let fields = difference.as_object().into_iter().flatten();
    let rows = fields.map(|(name, change)| {
        vec![name.clone(), side(change, "before"), "->".to_owned(), side(change, "after")]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() { vec![vec!["nothing".to_owned()]] } else { rows }
}

/// Where each field came from and what each expression did.
fn steps(trace: &Trace) -> String {
    use rollcall_domain::pipeline::Step;

    let mut rows = Vec::new();
    for step in &trace.steps {
        match step {
            Step::Extraction(fields) => rows.extend(fields.iter().map(|field| {
                let value = field.value.as_ref().map_or_else(|| "-".to_owned(), plain);
                let note = field.note.clone().unwrap_or_default();
                vec!["extraction".to_owned(), field.field.clone(), field.path.clone(), value, note]
            })),
            Step::Expressions(outcomes) => rows.extend(outcomes.iter().map(|outcome| {
                let result = serde_json::to_value(&outcome.result).unwrap_or_default();
                let took = format!("{} µs", outcome.micros);
                vec![
                    "expression".to_owned(),
                    outcome.expression.clone(),
                    took,
                    plain(&result),
                    outcome.printed.clone(),
                ]
            })),
            _ => {}
        }
    }
    table(&rows)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}
