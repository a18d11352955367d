//! Styles and script: part of the binary, named by their content, so that browsers keep them for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use crate::CONSOLE_BASE;

/// In this order they are one file.
const STYLES: &[&str] = &[
    include_str!("../assets/base.css"),
    include_str!("../assets/frame.css"),
    include_str!("../assets/parts.css"),
    include_str!("../assets/look.css"),
];
const SCRIPTS: &[&str] =
    &[include_str!("../assets/live.js"), include_str!("../assets/copy.js"), include_str!("../assets/try.js")];
const ICON: &str = include_str!("../assets/icon.svg");

/// A file that browsers keep.
pub(crate) struct Asset {
    /// Its URL.
    pub(crate) url: String,
    name: String,
    media: &'static str,
    content: String,
}

impl Asset {
    fn new(content: String, extension: &str, media: &'static str) -> Self {
        let digest = Sha256::digest(content.as_bytes());
        let start: [u8; 8] = std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default());
        let hash = format!("{:016x}", u64::from_be_bytes(start));
        let name = format!("{hash}.{extension}");
        Self { url: format!("{CONSOLE_BASE}/assets/{name}"), name, media, content }
    }
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(STYLES.concat(), "css", "text/css; charset=utf-8"));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(SCRIPTS.concat(), "js", "text/javascript; charset=utf-8"));
pub(crate) static SYMBOL: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(ICON.to_owned(), "svg", "image/svg+xml"));

/// `GET /console/assets/{name}`: 200 or 404. A name without its content's hash is none.
pub(crate) async fn show(Path(name): Path<String>) -> Response {
    let known = [&*STYLE, &*SCRIPT, &*SYMBOL].into_iter().find(|asset| asset.name == name);
    let Some(asset) = known else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = asset.content.as_str().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
