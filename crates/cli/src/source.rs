//! `rollcall source`.

use std::path::Path;

use rollcall_domain::source::{Source as Record, SourceSettings as Settings, SourceStatus};
use rollcall_service::admin::{NewCredential, NewSource, Paging, SourceFilter};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::args::{Global, Schema, Source, SourceSettings};
use crate::open::Opened;
use crate::printer::{Printer, table};
use crate::{Done, Failure};

pub(crate) async fn run(global: &Global, command: Source, printer: &Printer) -> Done {
    let opened = Opened::for_management(global)?;
    match command {
        Source::Create { slug, dialect, settings } => {
            create(&opened, global, printer, slug, dialect, &settings).await
        }
        Source::List => list(&opened, global, printer).await,
        Source::Show { slug } => {
            let source = opened.service.source(&opened.admin(global).await?, &slug).await?;
            show(&opened, printer, &source);
            Ok(())
        }
        Source::Update { slug, dialect, settings } => {
            let admin = opened.admin(global).await?;
            let mut source = opened.service.source(&admin, &slug).await?;
            source.dialect = dialect.unwrap_or(source.dialect);
            apply(&settings, &mut source.settings)?;
            opened.service.update_source(&admin, &source).await?;
            show(&opened, printer, &source);
            Ok(())
        }
        Source::Requests(arguments) => crate::requests::run(&opened, global, printer, &arguments).await,
        Source::Pause { slug } => set_status(&opened, global, printer, &slug, SourceStatus::Paused).await,
        Source::Resume { slug } => set_status(&opened, global, printer, &slug, SourceStatus::Active).await,
        Source::Delete { slug, yes } => delete(&opened, global, printer, &slug, yes).await,
        Source::Schema(Schema::Add { slug, schemas, resource_types }) => {
            add_schemas(&opened, global, printer, &slug, schemas.as_deref(), resource_types.as_deref()).await
        }
    }
}

async fn create(
    opened: &Opened,
    global: &Global,
    printer: &Printer,
    slug: String,
    dialect: String,
    flags: &SourceSettings,
) -> Done {
    let mut settings = Settings::default();
    apply(flags, &mut settings)?;
    let admin = opened.admin(global).await?;
    let new = NewSource { slug, dialect, settings };
    let (source, _, token) = opened.service.create_source(&admin, new, NewCredential::default()).await?;
    let base_url = opened.base_url(&source.slug);
    let json = json!({ "slug": source.slug, "base_url": base_url, "token": token.reveal() });
    printer.data(&json, || format!("base URL  {base_url}\ntoken     {}", token.reveal()));
    printer.note(&format!(
        "\nSource {} ({}) is ready. Paste both into the identity provider; the token is not shown again.",
        source.slug, source.dialect
    ));
    Ok(())
}

async fn list(opened: &Opened, global: &Global, printer: &Printer) -> Done {
    let admin = opened.admin(global).await?;
    let sources = opened.service.sources(&admin, &SourceFilter::default(), &Paging::all()).await?.items;
    printer.data(&sources.iter().map(|source| describe(opened, source)).collect(), || {
        let names = ["SLUG", "DIALECT", "STATUS", "BASE URL"].map(str::to_owned);
        let mut rows = vec![names.to_vec()];
        rows.extend(sources.iter().map(|source| {
            let status = status(source).to_owned();
            vec![source.slug.clone(), source.dialect.clone(), status, opened.base_url(&source.slug)]
        }));
        table(&rows)
    });
    Ok(())
}

async fn set_status(
    opened: &Opened,
    global: &Global,
    printer: &Printer,
    slug: &str,
    status: SourceStatus,
) -> Done {
    let admin = opened.admin(global).await?;
    let mut source = opened.service.source(&admin, slug).await?;
    source.status = status;
    opened.service.update_source(&admin, &source).await?;
    show(opened, printer, &source);
    Ok(())
}

async fn delete(opened: &Opened, global: &Global, printer: &Printer, slug: &str, yes: bool) -> Done {
    let admin = opened.admin(global).await?;
    let source = opened.service.source(&admin, slug).await?;
    if !yes {
        return Err(Failure::Theirs(format!(
            "this deletes source {slug} with all its users, groups and tokens, for good; say --yes if you mean it, \
             or `rollcall source pause {slug}` to stop it for a while"
        )));
    }
    opened.service.delete_source(&admin, &source).await?;
    printer.data(&json!({ "slug": slug, "deleted": true }), || format!("source {slug} deleted"));
    Ok(())
}

async fn add_schemas(
    opened: &Opened,
    global: &Global,
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
    let admin = opened.admin(global).await?;
    let source = opened.service.source(&admin, slug).await?;
    let source = opened.service.add_schemas(&admin, &source, schemas, resource_types).await?;
    show(opened, printer, &source);
    Ok(())
}

/// A file of one definition or an array of them. A `schemas` and `meta` beside the definition are passed over.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failure> {
    let refuse = |error: serde_json::Error| Failure::Theirs(format!("{}: {error}", path.display()));
    let text = rollcall_config::read_file(path)?;
    let value: Value = serde_json::from_str(&text).map_err(refuse)?;
    let definitions = match value {
        Value::Array(definitions) => definitions,
        Value::Object(mut list) if list.contains_key("Resources") => match list.remove("Resources") {
            Some(Value::Array(definitions)) => definitions,
            _ => return Err(Failure::Theirs(format!("{}: Resources is no array", path.display()))),
        },
        definition => vec![definition],
    };
    let place = |at: usize, error: serde_json::Error| {
        Failure::Theirs(format!("{}: definition {}: {error}", path.display(), at + 1))
    };
    let read = |(at, value)| serde_json::from_value(value).map_err(|error| place(at, error));
    definitions.into_iter().enumerate().map(read).collect()
}

fn apply(flags: &SourceSettings, settings: &mut Settings) -> Done {
    let Settings {
        requests_per_second,
        burst,
        max_request_bytes,
        max_bulk_operations,
        max_page_size,
        default_page_size,
        mapping,
        policy,
        request_log,
    } = settings;
    let set = |flag: Option<u32>, setting: &mut u32| *setting = flag.unwrap_or(*setting);
    set(flags.requests_per_second, requests_per_second);
    set(flags.burst, burst);
    set(flags.max_bulk_operations, max_bulk_operations);
    set(flags.max_page_size, max_page_size);
    set(flags.default_page_size, default_page_size);
    request_log.keep = flags.log_keep.unwrap_or(request_log.keep);
    request_log.bodies = flags.log_bodies.unwrap_or(request_log.bodies);
    set(flags.log_max_per_second, &mut request_log.max_per_second);
    set(flags.log_max_days, &mut request_log.max_days);
    set(flags.log_max_mib, &mut request_log.max_mib);
    *max_request_bytes = flags.max_request_bytes.unwrap_or(*max_request_bytes);
    if let Some(path) = &flags.mapping {
        *mapping = Some(rollcall_config::read_document(path)?);
    }
    if let Some(path) = &flags.policy {
        *policy = Some(rollcall_config::read_document(path)?);
    }
    if flags.no_mapping {
        *mapping = None;
    }
    if flags.no_policy {
        *policy = None;
    }
    Ok(())
}

fn status(source: &Record) -> &'static str {
    match source.status {
        SourceStatus::Active => "active",
        SourceStatus::Paused => "paused",
    }
}

fn describe(opened: &Opened, source: &Record) -> Value {
    let types = source.resource_types.iter().map(|kind| kind.name.as_str());
    json!({
        "slug": source.slug,
        "id": source.id.to_string(),
        "base_url": opened.base_url(&source.slug),
        "dialect": source.dialect,
        "status": status(source),
        "created": source.created.to_string(),
        "settings": serde_json::to_value(&source.settings).unwrap_or_default(),
        "schemas": source.schemas.iter().map(|schema| schema.id.as_str()).collect::<Vec<_>>(),
        "resource_types": types.collect::<Vec<_>>(),
    })
}

fn show(opened: &Opened, printer: &Printer, source: &Record) {
    let described = describe(opened, source);
    printer.data(&described, || {
        let fields = described.as_object().into_iter().flatten();
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
