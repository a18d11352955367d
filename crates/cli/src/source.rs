//! `rollcall source`.

use std::path::Path;

use rollcall_domain::mapping::MappingSettings;
use serde_json::{Map, Value, json};

use crate::args::{Global, Schema, Source, SourceSettings};
use crate::desk::{Ask, Desk, at};
use crate::printer::{Printer, table};
use crate::{Done, Failure};

pub(crate) async fn run(global: &Global, command: Source, printer: &Printer) -> Done {
    let desk = Desk::open(global).await?;
    match command {
        Source::Create { slug, dialect, settings } => {
            create(&desk, printer, json!({ "slug": slug, "dialect": dialect, "settings": given(&settings)? }))
                .await
        }
        Source::List => list(&desk, printer).await,
        Source::Show { slug } => {
            show(printer, &desk.within(Ask::get(&["sources", &slug])).await?);
            Ok(())
        }
        Source::Status { slug } => status(&desk, printer, &slug, "status").await,
        Source::Validate { slug } => status(&desk, printer, &slug, "validate").await,
        Source::Update { slug, dialect, settings } => {
            let mut wanted = json!({ "settings": given(&settings)? });
            if let (Some(dialect), Some(fields)) = (dialect, wanted.as_object_mut()) {
                fields.insert("dialect".to_owned(), dialect.into());
            }
            configure(&desk, printer, &slug, wanted).await
        }
        Source::Requests(arguments) => crate::requests::run(&desk, printer, &arguments).await,
        Source::Pause { slug } => configure(&desk, printer, &slug, json!({ "status": "paused" })).await,
        Source::Resume { slug } => configure(&desk, printer, &slug, json!({ "status": "active" })).await,
        Source::Delete { slug, yes } => delete(&desk, printer, &slug, yes).await,
        Source::Schema(Schema::Add { slug, schemas, resource_types }) => {
            add_schemas(&desk, printer, &slug, schemas.as_deref(), resource_types.as_deref()).await
        }
    }
}

async fn create(desk: &Desk, printer: &Printer, wanted: Value) -> Done {
    let made = desk.within(Ask::post(&["sources"], wanted)).await?;
    let field = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default();
    let (slug, base_url, token) = (field("slug"), field("base_url"), field("token"));
    let json = json!({ "slug": slug, "base_url": base_url, "token": token });
    printer.data(&json, || format!("base URL  {base_url}\ntoken     {token}"));
    printer.note(&format!(
        "\nSource {slug} ({}) is ready. Paste both into the identity provider; the token is not shown again.",
        field("dialect")
    ));
    Ok(())
}

async fn list(desk: &Desk, printer: &Printer) -> Done {
    let sources = desk.all(&["sources"], &[("tenant", desk.tenant())]).await?;
    let rows = || {
        let names = ["SLUG", "DIALECT", "STATUS", "BASE URL"].map(str::to_owned);
        let fields = ["slug", "dialect", "status", "base_url"];
        let row = |source: &Value| fields.iter().map(|name| plain(at(source, name))).collect();
        let rows: Vec<Vec<String>> = std::iter::once(names.to_vec()).chain(sources.iter().map(row)).collect();
        table(&rows)
    };
    printer.data(&sources.iter().cloned().collect(), rows);
    Ok(())
}

/// Changes a source that is there.
async fn configure(desk: &Desk, printer: &Printer, slug: &str, wanted: Value) -> Done {
    desk.within(Ask::get(&["sources", slug])).await?;
    show(printer, &desk.within(Ask::put(&["sources", slug], wanted)).await?);
    Ok(())
}

/// Exit 1 unless every check is ok.
async fn status(desk: &Desk, printer: &Printer, slug: &str, what: &str) -> Done {
    let report = desk.within(Ask::get(&["sources", slug, what])).await?;
    let checks = at(&report, "checks").as_array().map(Vec::as_slice).unwrap_or_default();
    printer.data(&report, || {
        let row = |check: &Value| {
            let ok = if at(check, "ok") == true { "ok" } else { "not ok" };
            vec![
                ok.to_owned(),
                plain(at(check, "name")),
                at(check, "message").as_str().unwrap_or_default().to_owned(),
            ]
        };
        table(&checks.iter().map(row).collect::<Vec<_>>())
    });
    match checks.iter().filter(|check| at(check, "ok") != true).count() {
        0 => Ok(()),
        failing => {
            Err(Failure::Theirs(format!("source {slug} is not ready: {failing} of {} checks", checks.len())))
        }
    }
}

async fn delete(desk: &Desk, printer: &Printer, slug: &str, yes: bool) -> Done {
    desk.within(Ask::get(&["sources", slug])).await?;
    if !yes {
        return Err(Failure::Theirs(format!(
            "this deletes source {slug} with all its users, groups and tokens, for good; say --yes if you mean it, \
             or `rollcall source pause {slug}` to stop it for a while"
        )));
    }
    desk.within(Ask::delete(&["sources", slug])).await?;
    printer.data(&json!({ "slug": slug, "deleted": true }), || format!("source {slug} deleted"));
    Ok(())
}

async fn add_schemas(
    desk: &Desk,
    printer: &Printer,
    slug: &str,
    schemas: Option<&Path>,
    resource_types: Option<&Path>,
) -> Done {
    if schemas.is_none() && resource_types.is_none() {
        return Err(Failure::Theirs("name a file with --schemas, --resource-types or both".to_owned()));
    }
    let schemas = schemas.map(read).transpose()?.unwrap_or_default();
    let resource_types = resource_types.map(read).transpose()?.unwrap_or_default();
    let body = json!({ "schemas": schemas, "resource_types": resource_types });
    desk.within(Ask::post(&["sources", slug, "schemas"], body)).await?;
    show(printer, &desk.within(Ask::get(&["sources", slug])).await?);
    Ok(())
}

/// A file of one definition or an array of them. A `schemas` and `meta` beside the definition are passed over.
fn read(path: &Path) -> Result<Vec<Value>, Failure> {
    let value = rollcall_config::read_document(path)?;
    match value {
        Value::Array(definitions) => Ok(definitions),
        Value::Object(mut list) if list.contains_key("Resources") => match list.remove("Resources") {
            Some(Value::Array(definitions)) => Ok(definitions),
            _ => Err(Failure::Theirs(format!("{}: Resources is no array", path.display()))),
        },
        definition => Ok(vec![definition]),
    }
}

/// The settings that flags name.
fn given(flags: &SourceSettings) -> Result<Map<String, Value>, Failure> {
    let mut settings = Map::new();
    let numbers = [
        ("requests_per_second", flags.requests_per_second.map(u64::from)),
        ("burst", flags.burst.map(u64::from)),
        ("max_request_bytes", flags.max_request_bytes),
        ("max_bulk_operations", flags.max_bulk_operations.map(u64::from)),
        ("max_page_size", flags.max_page_size.map(u64::from)),
        ("default_page_size", flags.default_page_size.map(u64::from)),
        ("max_members", flags.max_members.map(u64::from)),
    ];
    settings.extend(numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    if !flags.switch.is_empty() {
        let switches = flags.switch.iter().map(|text| switch(text)).collect::<Result<_, _>>()?;
        settings.insert("switches".to_owned(), Value::Object(switches));
    }
    let numbers = [
        ("max_per_second", flags.log_max_per_second),
        ("max_days", flags.log_max_days),
        ("max_mib", flags.log_max_mib),
    ];
    let mut log: Map<String, Value> =
        numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    if let Some(keep) = flags.log_keep {
        log.insert("keep".to_owned(), serde_json::to_value(keep)?);
    }
    if let Some(bodies) = flags.log_bodies {
        log.insert("bodies".to_owned(), serde_json::to_value(bodies)?);
    }
    if !log.is_empty() {
        settings.insert("request_log".to_owned(), log.into());
    }
    if let Some(path) = &flags.mapping {
        let mapping: MappingSettings = rollcall_config::read_document(path)?;
        settings.insert("mapping".to_owned(), serde_json::to_value(mapping)?);
    }
    if let Some(path) = &flags.policy {
        settings.insert("policy".to_owned(), rollcall_config::read_document(path)?);
    }
    for (removed, name) in [(flags.no_mapping, "mapping"), (flags.no_policy, "policy")] {
        if removed {
            settings.insert(name.to_owned(), Value::Null);
        }
    }
    Ok(settings)
}

/// `NAME=VALUE`, where the value is `true`, `false`, a word, or nothing.
fn switch(text: &str) -> Result<(String, Value), Failure> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        Failure::Theirs(format!("--switch {text}: write NAME=VALUE, such as patch_no_content=true"))
    })?;
    let value = match value {
        "" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        word => word.into(),
    };
    Ok((name.to_owned(), value))
}

fn show(printer: &Printer, source: &Value) {
    printer.data(source, || {
        let fields = source.as_object().into_iter().flatten();
        let rows = fields.flat_map(|(name, value)| match value {
            Value::Object(inner) => {
                inner.iter().map(|(name, value)| vec![name.clone(), plain(value)]).collect()
            }
            value => vec![vec![name.clone(), plain(value)]],
        });
        table(&rows.collect::<Vec<_>>())
    });
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}
