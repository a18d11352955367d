//! The OpenAPI 3.1 description of the admin API, made from its routes.

use rollcall_domain::api::ApiScope;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::parameter::TENANT;
use super::problem::{PROBLEM_JSON, ProblemKind};
use super::route::{ApiRoute, Needs, Shows};
use super::{API_BASE, api_routes, page};

/// What the names in paths stand for.
const NAMES: &[(&str, &str)] = &[
    ("hook", "Id of the hook"),
    ("identity", "Id of the identity"),
    ("resource", "Id of the user"),
    ("request", "Id of the request, as `X-Request-Id` told it"),
    ("source", "Slug of the source, with or without the tenant's name before it"),
    ("stream", "Id of the stream"),
    ("tenant", "Name of the tenant"),
    ("token", "Id or public prefix of the token"),
    ("urn", "URN of the schema"),
    ("webhook", "Id of the webhook"),
];

/// Refusals that every operation with a token may answer with.
const REFUSALS: &[ProblemKind] =
    &[ProblemKind::Invalid, ProblemKind::Unauthorized, ProblemKind::Forbidden, ProblemKind::Unavailable];

/// The description.
pub fn api_openapi() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in api_routes() {
        let described = describe(route, &mut generator);
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(route.method.to_ascii_lowercase(), described);
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Tenants, sources, tokens and everything else that is managed in Rollcall.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": API_BASE }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": scopes() },
            },
            "responses": responses(),
            "schemas": schemas,
        },
    })
}

fn describe(route: &ApiRoute, generator: &mut SchemaGenerator) -> Value {
    let tag = route.path.split('/').nth(1).unwrap_or_default();
    let mut described = Map::new();
    described.insert("operationId".to_owned(), route.operation.into());
    described.insert("summary".to_owned(), route.summary.into());
    described.insert("tags".to_owned(), json!([tag]));
    match route.needs.scope() {
        None => drop(described.insert("security".to_owned(), json!([]))),
        Some(scope) => drop(described.insert("description".to_owned(), needs(route.needs, scope).into())),
    }
    let parameters = parameters(route);
    if !parameters.is_empty() {
        described.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(shape) = route.takes {
        let schema = shape(generator);
        let content = json!({ "application/json": { "schema": schema } });
        described.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    let mut answers = Map::new();
    for (status, shows) in route.answers {
        answers.insert(status.to_string(), success(*status, *shows, generator));
    }
    for kind in refusals(route) {
        let (status, name, _) = kind.parts();
        answers.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    described.insert("responses".to_owned(), Value::Object(answers));
    Value::Object(described)
}

fn needs(needs: Needs, scope: ApiScope) -> String {
    let bound = match needs {
        Needs::Installation(_) => ", of a token for the installation",
        Needs::Nothing | Needs::Tenant(_) | Needs::Either(_) => "",
    };
    format!("Needs the scope `{}`{bound}.", scope.name())
}

fn parameters(route: &ApiRoute) -> Vec<Value> {
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names
        .map(|name| {
            let about = NAMES.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
            let schema = json!({ "type": "string", "minLength": 1 });
            json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema })
        })
        .collect();
    let within = matches!(route.needs, Needs::Tenant(_)).then_some(&TENANT);
    parameters.extend(within.into_iter().chain(route.parameters).map(super::Parameter::describe));
    parameters
}

fn refusals(route: &ApiRoute) -> Vec<ProblemKind> {
    if route.needs == Needs::Nothing {
        return Vec::new();
    }
    let mut kinds = REFUSALS.to_vec();
    if route.path.contains('{') || route.needs != Needs::Nothing {
        kinds.push(ProblemKind::NotFound);
    }
    if matches!(route.method, "POST" | "PUT" | "PATCH") {
        kinds.push(ProblemKind::Conflict);
    }
    if route.takes.is_some() {
        kinds.extend([ProblemKind::TooLarge, ProblemKind::UnsupportedMediaType]);
    }
    kinds.sort_by_key(|kind| kind.parts().0);
    kinds
}

fn success(status: u16, shows: Shows, generator: &mut SchemaGenerator) -> Value {
    let description = if status == 201 { "Created" } else { "Done" };
    let json = |schema| json!({ "application/json": { "schema": schema } });
    let content = match shows {
        Shows::Nothing => return json!({ "description": description }),
        Shows::One(shape) => json(shape(generator)),
        Shows::Page(shape) => json(page::schema(&shape(generator))),
        Shows::Media(media) => json!({ (media): {} }),
    };
    json!({ "description": description, "content": content })
}

fn responses() -> Value {
    let all = [
        REFUSALS,
        &[ProblemKind::NotFound, ProblemKind::Conflict, ProblemKind::TooLarge],
        &[ProblemKind::UnsupportedMediaType, ProblemKind::Gone, ProblemKind::PreconditionFailed],
    ];
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let responses = all.concat().into_iter().map(|kind| {
        let (_, name, title) = kind.parts();
        let content = json!({ (PROBLEM_JSON): { "schema": schema } });
        (name.to_owned(), json!({ "description": title, "content": content }))
    });
    Value::Object(responses.collect())
}

/// RFC 9457 §3.1, with the request's id.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "What is wrong, as a name" },
            "title": { "type": "string", "description": "What is wrong, in words" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What to do about it" },
            "request_id": { "type": "string", "description": "The request's id, as in the server's log" },
        },
    })
}

/// The scopes that there are, for the one who issues a token.
fn scopes() -> String {
    let lines = ApiScope::all().map(|scope| format!("- `{}`: {}", scope.name(), scope.purpose()));
    format!("An API token. Its scopes:\n\n{}", lines.collect::<Vec<_>>().join("\n"))
}
