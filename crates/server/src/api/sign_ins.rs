//! `/sources/{source}/sign-ins`: who signs in, decided by policy.

use axum::extract::State;
use axum::routing::post;
use rollcall_domain::api::ApiScope;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::decide::Protocol;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{At, Sent, shown};
use super::guard::Within;
use super::problem::{Answer, Problem};
use super::route::{ApiRoute, Needs, Shows, object};
use crate::App;

pub(super) const ROUTES: &[ApiRoute] = &[ApiRoute {
    method: "POST",
    path: "/sources/{source}/sign-ins",
    needs: Needs::Tenant(ApiScope::IdentitiesWrite),
    operation: "sign_in",
    summary: "Says who signs in, as policy has it: makes, links or updates the identity",
    parameters: &[],
    takes: Some(SchemaGenerator::subschema_for::<SignInView>),
    answers: &[(200, Shows::One(object))],
    handler: || post(sign_in),
}];

/// A sign-in that the application has checked.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SignIn")]
#[serde(deny_unknown_fields)]
struct SignInView {
    /// `oidc` or `saml`.
    protocol: String,
    /// What the sign-in says of the person, as mapping names it: `subject` (OpenID Connect `sub`, SAML `NameID`), which
    /// has to be there, `email`, `firstName`, `lastName`, `name`, `phone`, `groups`, `roles`.
    profile: Value,
}

impl SignInView {
    fn read(self) -> Result<(Protocol, Profile), Problem> {
        let protocol = match self.protocol.as_str() {
            "oidc" => Protocol::Oidc,
            "saml" => Protocol::Saml,
            other => return Err(Problem::invalid(format!("protocol: {other:?} is none; give oidc or saml"))),
        };
        let profile: Profile = serde_json::from_value(self.profile)
            .map_err(|error| Problem::invalid(format!("profile: {error}")))?;
        if profile.subject.as_deref().is_none_or(str::is_empty) {
            return Err(Problem::invalid("profile: subject has to be there".to_owned()));
        }
        Ok((protocol, profile))
    }
}

/// `POST /sources/{source}/sign-ins`: 200, 400, 404, or 409 for a source without identities.
async fn sign_in(
    State(app): State<App>,
    Within(admin): Within,
    At(slug): At<String>,
    Sent(sent): Sent<SignInView>,
) -> Answer {
    let (protocol, profile) = sent.read()?;
    let source = app.service.source(&admin, &slug).await?;
    let decision = app.service.sign_in(&admin, &source, protocol, &profile).await?;
    let identity = decision.identity.as_ref();
    Ok(shown(&json!({
        "identity": identity.map(|identity| identity.id),
        "status": identity.map(|identity| identity.status.as_str()),
        "roles": identity.map(rollcall_domain::identity::Identity::roles),
        "outcome": decision.outcome,
    })))
}
