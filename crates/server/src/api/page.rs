//! Pages: the one form of all lists.

use axum::response::Response;
use rollcall_service::admin::Page;
use schemars::{Schema, json_schema};
use serde::Serialize;

use super::body::shown;
use super::guard::Asked;
use super::problem::Problem;
use crate::App;

/// A page as it is sent.
#[derive(Debug, Serialize)]
struct PageView<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// 200 with a page of what `view` makes of the items.
pub(crate) fn page<T, V: Serialize>(
    app: &App,
    asked: &Asked,
    page: Page<T>,
    view: impl FnMut(T) -> V,
) -> Result<Response, Problem> {
    let seal = |position: String| app.service.seal_position(&position, asked.binding.as_bytes());
    let next_cursor = page.next.map(seal).transpose()?;
    Ok(shown(&PageView { items: page.items.into_iter().map(view).collect(), next_cursor }))
}

/// A page of such items, in the description.
pub(super) fn schema(items: &Schema) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": { "type": "array", "items": items },
            "next_cursor": {
                "type": ["string", "null"],
                "description": "For `cursor` of the next request; null at the end of the list",
            },
        },
    })
}
