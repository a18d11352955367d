//! `/sources/{source}/mapping`, `/sources/{source}/policy`, `/policy`: what people are decided by, and trying it.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use rollcall_domain::api::ApiScope;
use rollcall_domain::mapping::MappingSettings;
use rollcall_domain::people::Recomputation;
use rollcall_domain::source::Source;
use rollcall_service::admin::Admin;
use rollcall_service::people::{Preview, Sample, Tried};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{At, Sent, done, shown};
use super::guard::Within;
use super::problem::{Answer, Problem};
use super::route::{ApiRoute, Needs, Shape, Shows, object};
use crate::App;

/// Users of one part of a preview.
const PREVIEWED: u32 = 500;

const fn reading(path: &'static str, operation: &'static str, summary: &'static str) -> ApiRoute {
    ApiRoute {
        method: "GET",
        path,
        needs: Needs::Tenant(ApiScope::MappingsRead),
        operation,
        summary,
        parameters: &[],
        takes: None,
        answers: &[(200, Shows::One(object))],
        handler: || get(show_mapping),
    }
}

const fn writing(
    (method, path): (&'static str, &'static str),
    operation: &'static str,
    summary: &'static str,
    takes: Option<Shape>,
) -> ApiRoute {
    ApiRoute {
        method,
        path,
        needs: Needs::Tenant(ApiScope::MappingsWrite),
        operation,
        summary,
        parameters: &[],
        takes,
        answers: if takes.is_some() { &[(200, Shows::One(object))] } else { &[(204, Shows::Nothing)] },
        handler: || get(show_mapping),
    }
}

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute {
        handler: || get(show_mapping),
        ..reading("/sources/{source}/mapping", "get_mapping", "How a source's users become profiles")
    },
    ApiRoute {
        handler: || put(set_mapping),
        ..writing(
            ("PUT", "/sources/{source}/mapping"),
            "set_mapping",
            "Sets the mapping, checked whole; everyone is decided about anew",
            Some(object),
        )
    },
    ApiRoute {
        handler: || delete(remove_mapping),
        ..writing(("DELETE", "/sources/{source}/mapping"), "remove_mapping", "Removes the mapping", None)
    },
    ApiRoute {
        handler: || post(test),
        ..writing(
            ("POST", "/sources/{source}/mapping/test"),
            "test_mapping",
            "Shows what mapping and policy make of a sample over what is stored, touching nothing",
            Some(SchemaGenerator::subschema_for::<TestView>),
        )
    },
    ApiRoute {
        handler: || get(show_policy),
        ..reading("/sources/{source}/policy", "get_policy", "What a source's profiles mean, as written")
    },
    ApiRoute {
        handler: || put(set_policy),
        ..writing(
            ("PUT", "/sources/{source}/policy"),
            "set_policy",
            "Sets the policy, checked whole; everyone is decided about anew",
            Some(object),
        )
    },
    ApiRoute {
        handler: || delete(remove_policy),
        ..writing(("DELETE", "/sources/{source}/policy"), "remove_policy", "Removes the policy", None)
    },
    ApiRoute {
        handler: || get(show_tenant_policy),
        ..reading(
            "/policy",
            "get_tenant_policy",
            "The policy of sources that do not say otherwise, as written",
        )
    },
    ApiRoute {
        handler: || put(set_tenant_policy),
        ..writing(
            ("PUT", "/policy"),
            "set_tenant_policy",
            "Sets the tenant's policy; everyone it may mean something for is decided about anew",
            Some(object),
        )
    },
    ApiRoute {
        handler: || delete(remove_tenant_policy),
        ..writing(("DELETE", "/policy"), "remove_tenant_policy", "Removes the tenant's policy", None)
    },
    ApiRoute {
        handler: || post(preview),
        ..writing(
            ("POST", "/sources/{source}/preview"),
            "preview",
            "Shows who would gain and lose what by another mapping or policy, in parts, touching nothing",
            Some(SchemaGenerator::subschema_for::<PreviewView>),
        )
    },
    ApiRoute {
        handler: || get(show_recomputation),
        ..reading("/sources/{source}/recomputation", "get_recomputation", "Where deciding anew stands")
    },
    ApiRoute {
        handler: || post(recompute),
        ..writing(
            ("POST", "/sources/{source}/recomputation"),
            "recompute",
            "Has everyone of a source decided about anew",
            Some(SchemaGenerator::subschema_for::<Nothing>),
        )
    },
];

/// No settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A sample to be tried.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "MappingTest")]
#[serde(deny_unknown_fields)]
struct TestView {
    /// The resource, as the provider sends it.
    payload: Value,
    /// The request's method, as expressions see it; `POST` unless said.
    method: Option<String>,
    /// The payload is a group.
    #[serde(default)]
    group: bool,
    /// Another mapping than the source has.
    mapping: Option<Value>,
    /// Another policy than the source has.
    policy: Option<Value>,
}

/// Settings to be looked at before they are set.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "PreviewRequest")]
#[serde(deny_unknown_fields)]
struct PreviewView {
    /// Another mapping than the source has.
    mapping: Option<Value>,
    /// Another policy than the source has.
    policy: Option<Value>,
    /// `next` of the part before.
    after: Option<i64>,
}

async fn source(app: &App, admin: &Admin, slug: &str) -> Result<Source, Problem> {
    Ok(app.service.source(admin, slug).await?)
}

fn mapping(value: Value) -> Result<MappingSettings, Problem> {
    MappingSettings::from_json(value).map_err(|error| Problem::invalid(format!("mapping: {error}")))
}

/// A source with settings that are not stored.
fn supposed(mut source: Source, with: (Option<Value>, Option<Value>)) -> Result<Source, Problem> {
    if let Some(value) = with.0 {
        source.settings.mapping = Some(mapping(value)?);
    }
    if let Some(value) = with.1 {
        source.settings.policy = Some(value);
    }
    Ok(source)
}

/// `GET /sources/{source}/mapping`: 200 or 404.
async fn show_mapping(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    Ok(shown(&json!({ "mapping": source.settings.mapping })))
}

/// `PUT /sources/{source}/mapping`: 200, 400 or 404.
async fn set_mapping(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(value): Sent<Value>,
) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    let mapping = mapping(value)?;
    app.service.set_mapping(&admin, &source, Some(mapping.clone())).await?;
    Ok(shown(&json!({ "mapping": mapping })))
}

/// `DELETE /sources/{source}/mapping`: 204 or 404.
async fn remove_mapping(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    app.service.set_mapping(&admin, &source, None).await?;
    Ok(done())
}

/// `POST /sources/{source}/mapping/test`: 200, 400 or 404.
async fn test(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(sent): Sent<TestView>,
) -> Answer {
    let source = supposed(source(&app, &admin, &slug).await?, (sent.mapping, sent.policy))?;
    let sample = Sample {
        payload: sent.payload,
        method: sent.method.unwrap_or_else(|| "POST".to_owned()),
        is_group: sent.group,
    };
    Ok(tried(&app.service.try_out(&admin, &source, sample).await?))
}

fn tried(tried: &Tried) -> Response {
    shown(&match tried {
        Tried::Decided(decided) => json!({
            "profile": decided.profile, "decision": decided.decision, "trace": decided.trace,
        }),
        Tried::Group(profile, trace) => json!({ "profile": profile, "trace": trace }),
        Tried::Stopped(stopped) => json!({ "stopped": stopped.reason, "trace": stopped.trace }),
    })
}

/// `GET /sources/{source}/policy`: 200 or 404.
async fn show_policy(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    Ok(shown(&json!({ "policy": source.settings.policy })))
}

/// `PUT /sources/{source}/policy`: 200, 400 or 404.
async fn set_policy(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(policy): Sent<Value>,
) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    app.service.set_policy(&admin, &source, Some(policy.clone())).await?;
    Ok(shown(&json!({ "policy": policy })))
}

/// `DELETE /sources/{source}/policy`: 204 or 404.
async fn remove_policy(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    app.service.set_policy(&admin, &source, None).await?;
    Ok(done())
}

/// `GET /policy`: 200.
async fn show_tenant_policy(State(app): State<App>, Within(admin): Within) -> Answer {
    Ok(shown(&json!({ "policy": app.service.tenant_policy(&admin).await? })))
}

/// `PUT /policy`: 200 or 400.
async fn set_tenant_policy(
    State(app): State<App>,
    Within(admin): Within,
    Sent(policy): Sent<Value>,
) -> Answer {
    app.service.set_tenant_policy(&admin, Some(&policy)).await?;
    Ok(shown(&json!({ "policy": policy })))
}

/// `DELETE /policy`: 204.
async fn remove_tenant_policy(State(app): State<App>, Within(admin): Within) -> Answer {
    app.service.set_tenant_policy(&admin, None).await?;
    Ok(done())
}

/// `POST /sources/{source}/preview`: 200, 400 or 404.
async fn preview(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(sent): Sent<PreviewView>,
) -> Answer {
    let source = supposed(source(&app, &admin, &slug).await?, (sent.mapping, sent.policy))?;
    let preview: Preview =
        app.service.preview(&admin, &source, sent.after.unwrap_or(0).max(0), PREVIEWED).await?;
    Ok(shown(&preview))
}

/// `GET /sources/{source}/recomputation`: 200 or 404.
async fn show_recomputation(State(app): State<App>, Within(admin): Within, At(slug): At<String>) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    let recomputation = app.service.recomputation(&admin, &source).await?;
    Ok(shown(&json!({ "recomputation": recomputation.as_ref().map(told) })))
}

/// `POST /sources/{source}/recomputation`: 200, 404, or 409 for a source without identities.
async fn recompute(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(Nothing {}): Sent<Nothing>,
) -> Answer {
    let source = source(&app, &admin, &slug).await?;
    let begun = app.service.recompute_source(&admin, &source).await?;
    Ok(shown(&json!({ "recomputation": told(&begun) })))
}

fn told(recomputation: &Recomputation) -> Value {
    json!({
        "started": recomputation.started.to_string(),
        "finished": recomputation.finished.map(|at| at.to_string()),
        "seen": recomputation.seen,
        "changed": recomputation.changed,
        "held": recomputation.held,
        "failed": recomputation.failed,
    })
}
