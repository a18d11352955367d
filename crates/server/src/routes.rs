//! The table of routes, and the router made of it.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use tower_http::compression::CompressionLayer;

use crate::openapi::SCIM_BASE;
use crate::{App, answer, api, health, observe, scim, well_known};

/// Where a source's SCIM 2.0 service is: our URL, and that of authentik, from which directories move here.
const SCIM_BASES: [&str; 2] = [SCIM_BASE, "/source/scim/{source}/v2"];

/// One SCIM route: the path below the base, and its methods with the scope each needs.
pub struct ScimRoute {
    /// As axum writes it.
    pub path: &'static str,
    /// `(method, needs the write scope)`.
    pub methods: &'static [(&'static str, bool)],
    handler: fn() -> MethodRouter<App>,
}

/// Every SCIM route. The test over endpoints and credentials reads this table.
pub const SCIM_ROUTES: &[ScimRoute] = &[
    ScimRoute {
        path: "/ServiceProviderConfig",
        methods: &[("GET", false)],
        handler: || get(scim::discovery::config),
    },
    ScimRoute { path: "/Schemas", methods: &[("GET", false)], handler: || get(scim::discovery::schemas) },
    ScimRoute { path: "/Schemas/{id}", methods: &[("GET", false)], handler: || get(scim::discovery::schema) },
    ScimRoute {
        path: "/ResourceTypes",
        methods: &[("GET", false)],
        handler: || get(scim::discovery::resource_types),
    },
    ScimRoute {
        path: "/ResourceTypes/{id}",
        methods: &[("GET", false)],
        handler: || get(scim::discovery::resource_type),
    },
    ScimRoute {
        path: "/Me",
        methods: &[("GET", false), ("PUT", true), ("PATCH", true), ("DELETE", true), ("POST", true)],
        handler: || {
            get(scim::me::get)
                .put(scim::me::put)
                .patch(scim::me::patch)
                .delete(scim::me::delete)
                .post(scim::me::post)
        },
    },
    ScimRoute { path: "/Bulk", methods: &[("POST", true)], handler: || post(scim::bulk::post) },
    ScimRoute { path: "/.search", methods: &[("POST", false)], handler: || post(scim::search::all) },
    ScimRoute { path: "/", methods: &[("GET", false)], handler: || get(scim::search::root) },
    ScimRoute {
        path: "/GroupMemberships/.search",
        methods: &[("POST", false)],
        handler: || post(scim::memberships::search),
    },
    ScimRoute {
        path: "/GroupMemberships",
        methods: &[("GET", false), ("POST", true)],
        handler: || get(scim::memberships::list).post(scim::memberships::post),
    },
    ScimRoute {
        path: "/GroupMemberships/{id}",
        methods: &[("GET", false), ("DELETE", true)],
        handler: || get(scim::memberships::get).delete(scim::memberships::delete),
    },
    ScimRoute {
        path: "/{endpoint}/.search",
        methods: &[("POST", false)],
        handler: || post(scim::search::one),
    },
    ScimRoute {
        path: "/{endpoint}",
        methods: &[("GET", false), ("POST", true)],
        handler: || get(scim::collection::get).post(scim::collection::post),
    },
    ScimRoute {
        path: "/{endpoint}/{id}",
        methods: &[("GET", false), ("PUT", true), ("PATCH", true), ("DELETE", true)],
        handler: || {
            get(scim::resource::get)
                .put(scim::resource::put)
                .patch(scim::resource::patch)
                .delete(scim::resource::delete)
        },
    },
];

/// The base of a source's SCIM 1.1 service.
pub const SCIM_V1_BASE: &str = "/scim/{source}/v1";

/// Every SCIM 1.1 route: the use cases of 2.0, in the words of 1.1. The test over endpoints and credentials
/// reads this table too.
pub const SCIM_V1_ROUTES: &[ScimRoute] = &[
    ScimRoute {
        path: "/ServiceProviderConfigs",
        methods: &[("GET", false)],
        handler: || get(scim::discovery::config),
    },
    ScimRoute { path: "/Schemas", methods: &[("GET", false)], handler: || get(scim::discovery::schemas) },
    ScimRoute { path: "/Schemas/{id}", methods: &[("GET", false)], handler: || get(scim::discovery::schema) },
    ScimRoute { path: "/Bulk", methods: &[("POST", true)], handler: || post(scim::bulk::post) },
    ScimRoute {
        path: "/{endpoint}",
        methods: &[("GET", false), ("POST", true)],
        handler: || get(scim::collection::get).post(scim::collection::post),
    },
    ScimRoute {
        path: "/{endpoint}/{id}",
        methods: &[("GET", false), ("PUT", true), ("PATCH", true), ("DELETE", true), ("POST", true)],
        handler: || {
            get(scim::resource::get)
                .put(scim::resource::put)
                .patch(scim::resource::patch)
                .delete(scim::resource::delete)
                .post(scim::resource::overridden)
        },
    },
];

pub(crate) fn router(app: App, console: Router) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/.well-known/jwks.json", get(well_known::jwks));
    for base in SCIM_BASES {
        for route in SCIM_ROUTES {
            let path = format!("{base}{}", route.path.trim_end_matches('/'));
            router = router.route(&path, (route.handler)());
        }
        router = router.route(&format!("{base}/"), get(scim::search::root));
    }
    for route in SCIM_V1_ROUTES {
        router = router.route(&format!("{SCIM_V1_BASE}{}", route.path), (route.handler)());
    }
    router
        .merge(api::routes(&app))
        .merge(console.with_state(()))
        .fallback(answer::no_route)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(from_fn_with_state(app.clone(), observe::observe))
        .layer(CompressionLayer::new())
        .with_state(app)
}
