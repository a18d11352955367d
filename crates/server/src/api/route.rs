//! What a row of the table says.

use axum::routing::MethodRouter;
use rollcall_domain::api::ApiScope;
use schemars::{Schema, SchemaGenerator};

use super::parameter::Parameter;
use crate::App;

/// What a request must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: everybody may have it.
    Nothing,
    /// This scope, within one tenant, which the parameter `tenant` names. The handler gets an `Admin`.
    Tenant(ApiScope),
    /// This scope; the handler gets a `Manager`, of the installation or of one tenant, and the use case tells.
    Either(ApiScope),
    /// This scope, with a token of the installation. The handler gets a `Manager`.
    Installation(ApiScope),
}

impl Needs {
    /// The scope.
    pub fn scope(self) -> Option<ApiScope> {
        match self {
            Self::Nothing => None,
            Self::Tenant(scope) | Self::Either(scope) | Self::Installation(scope) => Some(scope),
        }
    }
}

/// A body as JSON Schema: `SchemaGenerator::subschema_for::<T>`, or [`object`].
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What a response has.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "each is for the routes that have such answers")]
pub(crate) enum Shows {
    /// No body.
    Nothing,
    /// A JSON document.
    One(Shape),
    /// A page of such.
    Page(Shape),
    /// Something else, of this media type.
    Media(&'static str),
}

/// One method of one path.
pub struct ApiRoute {
    /// In capitals.
    pub method: &'static str,
    /// Below [`super::API_BASE`], as axum writes it. Its names are described in `openapi::NAMES`.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// The operation's id in the description.
    pub operation: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The query parameters that it takes; `tenant` comes by itself, and no other is taken.
    pub parameters: &'static [Parameter],
    /// Its request body.
    pub(crate) takes: Option<Shape>,
    /// Its successful answers.
    pub(crate) answers: &'static [(u16, Shows)],
    pub(crate) handler: fn() -> MethodRouter<App>,
}

/// Any JSON object, which another document describes.
pub(crate) fn object(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object" })
}
