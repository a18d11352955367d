//! `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes` (RFC 7644 §4).

use axum::extract::State;

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Listing, Place, Who};

/// 200, 401, 403. Query parameters are ignored.
pub(crate) async fn config(State(app): State<App>, Who(caller): Who) -> Answer {
    Ok(answer::json(&app.service.service_provider_config(&caller).await?))
}

/// 200, 401; 403 with a filter.
pub(crate) async fn schemas(State(app): State<App>, Who(caller): Who, Listing(request): Listing) -> Answer {
    Ok(answer::json(&app.service.schemas(&caller, &request)?))
}

/// 200, 401, 403, 404.
pub(crate) async fn schema(
    State(app): State<App>,
    Place((_, urn)): Place<(String, String)>,
    Who(caller): Who,
) -> Answer {
    Ok(answer::json(&app.service.schema(&caller, &urn)?))
}

/// 200, 401; 403 with a filter.
pub(crate) async fn resource_types(
    State(app): State<App>,
    Who(caller): Who,
    Listing(request): Listing,
) -> Answer {
    Ok(answer::json(&app.service.resource_types(&caller, &request)?))
}

/// 200, 401, 403, 404.
pub(crate) async fn resource_type(
    State(app): State<App>,
    Place((_, name)): Place<(String, String)>,
    Who(caller): Who,
) -> Answer {
    Ok(answer::json(&app.service.resource_type(&caller, &name)?))
}
