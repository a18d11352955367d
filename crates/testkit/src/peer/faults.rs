//! What the application does wrong, or its own way.

use std::time::Duration;

use serde_json::{Value, json};

/// Version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// SCIM 1.1.
    V1,
    /// SCIM 2.0.
    #[default]
    V2,
}

/// A count in a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Count {
    /// As it is.
    #[default]
    Right,
    /// Not there.
    Missing,
    /// As text.
    Text,
    /// This, whatever it is.
    Fixed(u64),
    /// Number of records in the page.
    OfPage,
}

impl Count {
    /// What the list says; `None`: nothing.
    pub(super) fn of(&self, right: u64, page: u64) -> Option<Value> {
        match self {
            Self::Right => Some(json!(right)),
            Self::Missing => None,
            Self::Text => Some(json!(right.to_string())),
            Self::Fixed(count) => Some(json!(count)),
            Self::OfPage => Some(json!(page)),
        }
    }
}

/// What is wrong, or different, with every request while it is set.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Faults {
    /// Records that a page has at most, whatever is asked for.
    pub page_cap: Option<u64>,
    /// Records of a page when nothing is asked for.
    pub page_default: u64,
    /// `totalResults`.
    pub total: Count,
    /// `itemsPerPage`.
    pub items_per_page: Count,
    /// `startIndex`.
    pub start_index: Count,
    /// An empty page has no `Resources`.
    pub no_empty_resources: bool,
    /// Pages by cursor only, as AWS has them.
    pub cursor: bool,
    /// The cursor never moves.
    pub cursor_stands: bool,
    /// Everything in every answer.
    pub no_paging: bool,
    /// The first page in every answer.
    pub ignores_start_index: bool,
    /// The answer to this many requests for a page other than the first is the page before.
    pub stale_pages: u32,
    /// Status of a page after the last.
    pub past_end: Option<u16>,
    /// Before the answer to the list request of this number (from 1), these users go.
    pub vanish: Vec<(u64, Vec<String>)>,
    /// Time before every answer.
    pub latency: Duration,
    /// Lists of groups have their members.
    pub members_in_list: bool,
    /// Users name their groups.
    pub groups_of_user: bool,
    /// Version that it speaks.
    pub version: Version,
    /// Value of `Authorization` that every request needs; else 401.
    pub authorization: Option<String>,
    /// Only the token that was given out last is good.
    pub needs_last_token: bool,
    /// `expires_in` of tokens.
    pub token_life: Value,
    /// Body of token answers instead of the usual; `TOKEN` is put in.
    pub token_body: Option<Value>,
    /// `PATCH` is answered with this status.
    pub no_patch: Option<u16>,
    /// `PUT` is answered with this status.
    pub no_put: Option<u16>,
    /// Members are added as `{"members": […]}` with the path, as Salesforce has it; else 400.
    pub wants_wrapped: bool,
    /// Members are added as `{"members": […]}` without a path, as WSO2 has it; else 400.
    pub wants_pathless: bool,
    /// Members added or removed in a request at most, as AWS has it; else 400.
    pub max_members: Option<usize>,
    /// A path whose filter matches nothing is no error.
    pub no_target_is_fine: bool,
    /// A request without `User-Agent` is answered 403.
    pub wants_user_agent: bool,
    /// A GET with a body is answered 400.
    pub no_get_body: bool,
    /// There is `ServiceProviderConfig`, `ResourceTypes`, `Schemas`.
    pub discovery: bool,
    /// `filter` is not understood, and ignored.
    pub ignores_filter: bool,
    /// Resources have versions, and `If-Match` is minded.
    pub versions: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            page_cap: None,
            page_default: 100,
            total: Count::Right,
            items_per_page: Count::Right,
            start_index: Count::Right,
            no_empty_resources: false,
            cursor: false,
            cursor_stands: false,
            no_paging: false,
            ignores_start_index: false,
            stale_pages: 0,
            past_end: None,
            vanish: Vec::new(),
            latency: Duration::ZERO,
            members_in_list: true,
            groups_of_user: true,
            version: Version::V2,
            authorization: None,
            needs_last_token: false,
            token_life: json!(3600),
            token_body: None,
            no_patch: None,
            no_put: None,
            wants_wrapped: false,
            wants_pathless: false,
            max_members: None,
            no_target_is_fine: false,
            wants_user_agent: false,
            no_get_body: false,
            discovery: true,
            ignores_filter: false,
            versions: true,
        }
    }
}

/// How a request fails.
#[derive(Debug, Clone)]
pub enum Failure {
    /// A SCIM error with this status.
    Status(u16),
    /// A SCIM error with this status and `scimType`.
    Scim(u16, &'static str),
    /// This status with a `Retry-After`.
    Wait(u16, RetryAfter),
    /// This status with a page for people.
    Html(u16),
    /// The answer breaks off in the middle of its body.
    Cut,
    /// Half of the JSON, and nothing wrong with the connection.
    HalfJson,
    /// No answer: the connection is closed.
    Drop,
    /// It is carried out, and then the connection is closed.
    DoAndDrop,
    /// The answer takes this long, byte by byte.
    Slow(Duration),
    /// This many bytes.
    Huge(usize),
    /// A redirect.
    Redirect(u16, String),
}

/// A `Retry-After`.
#[derive(Debug, Clone)]
pub enum RetryAfter {
    /// In seconds.
    Seconds(u64),
    /// As it is to be sent, such as a date.
    Text(String),
    /// As a date this many seconds after the answer's own `Date`.
    Date(u64),
}
