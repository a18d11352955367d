//! Query parameters of listings (RFC 7644 §3.4.2, §3.4.3, RFC 9865), from a query string or a `SearchRequest`.

use serde_json::{Map, Value};

use crate::error::ScimError;
use crate::limits::MAX_PROJECTION_PATHS;

/// Schema URN of a list response.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Schema URN of a search request.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What a client asked for; nothing resolved against a schema yet.
///
/// An empty parameter is none (ours), but for `cursor`. Numbers too great for the type are its greatest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListRequest {
    /// `filter`.
    pub filter: Option<String>,
    /// `sortBy`.
    pub sort_by: Option<String>,
    /// `sortOrder` is `descending`.
    pub descending: bool,
    /// `startIndex`, from 1: smaller is read as 1.
    pub start_index: Option<u64>,
    /// `count`: negative is read as 0.
    pub count: Option<u64>,
    /// `cursor`: empty for the first page.
    pub cursor: Option<String>,
    /// `attributes`, split at commas.
    pub attributes: Vec<String>,
    /// `excludedAttributes`, split at commas.
    pub excluded_attributes: Vec<String>,
}

impl ListRequest {
    /// Reads decoded query parameters; unknown ones are ignored, names match in any case, the last of
    /// one name counts.
    ///
    /// # Errors
    ///
    /// `invalidValue`, naming the parameter: `startIndex` or `count` is no whole number, `sortOrder`
    /// neither `ascending` nor `descending`, more than [`MAX_PROJECTION_PATHS`] paths.
    ///
    /// ```
    /// use rollcall_scim::list::ListRequest;
    ///
    /// let pairs = [("startindex", "0"), ("count", "10"), ("attributes", "userName, emails")];
    /// let request = ListRequest::from_query(pairs.into_iter())?;
    /// assert_eq!((request.start_index, request.count), (Some(1), Some(10)));
    /// assert_eq!(request.attributes, ["userName", "emails"]);
    /// # Ok::<(), rollcall_scim::error::ScimError>(())
    /// ```
    pub fn from_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ScimError> {
        let mut request = Self::default();
        for (name, text) in pairs {
            if let Some(parameter) = Parameter::named(name) {
                request.set(parameter, text)?;
            }
        }
        Ok(request)
    }

    /// Reads the body of a search request (RFC 7644 §3.4.3). `null` is as if absent.
    ///
    /// # Errors
    ///
    /// - `invalidSyntax`: not an object, or its `schemas` do not have [`SEARCH_REQUEST`].
    /// - `invalidValue`: as [`ListRequest::from_query`], or a value of another JSON type.
    ///
    /// ```
    /// use rollcall_scim::list::{ListRequest, SEARCH_REQUEST};
    ///
    /// let body = serde_json::json!({ "schemas": [SEARCH_REQUEST], "filter": "title pr", "count": 2 });
    /// let request = ListRequest::from_search(&body)?;
    /// assert_eq!((request.filter.as_deref(), request.count), (Some("title pr"), Some(2)));
    /// # Ok::<(), rollcall_scim::error::ScimError>(())
    /// ```
    pub fn from_search(body: &Value) -> Result<Self, ScimError> {
        let body = body.as_object();
        let body = body.ok_or_else(|| ScimError::invalid_syntax("a search request must be a JSON object"))?;
        check_schemas(body)?;
        let mut request = Self::default();
        for (name, value) in body {
            if let Some(parameter) = Parameter::named(name)
                && !value.is_null()
            {
                request.set(parameter, &parameter.text(value)?)?;
            }
        }
        Ok(request)
    }

    fn set(&mut self, parameter: Parameter, text: &str) -> Result<(), ScimError> {
        let given = (!text.is_empty()).then(|| text.to_owned());
        match parameter {
            Parameter::Filter => self.filter = given,
            Parameter::SortBy => self.sort_by = given,
            Parameter::SortOrder => self.descending = is_descending(text)?,
            Parameter::StartIndex => {
                self.start_index = whole(parameter, text)?.map(|index| index.max(1));
            }
            Parameter::Count => self.count = whole(parameter, text)?,
            Parameter::Cursor => self.cursor = Some(text.to_owned()),
            Parameter::Attributes => self.attributes = paths(parameter, text)?,
            Parameter::ExcludedAttributes => self.excluded_attributes = paths(parameter, text)?,
        }
        Ok(())
    }
}

/// The parameters of RFC 7644 §3.4.2 and RFC 9865 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Filter,
    SortBy,
    SortOrder,
    StartIndex,
    Count,
    Cursor,
    Attributes,
    ExcludedAttributes,
}

impl Parameter {
    const ALL: [Self; 8] = [
        Self::Filter,
        Self::SortBy,
        Self::SortOrder,
        Self::StartIndex,
        Self::Count,
        Self::Cursor,
        Self::Attributes,
        Self::ExcludedAttributes,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::SortBy => "sortBy",
            Self::SortOrder => "sortOrder",
            Self::StartIndex => "startIndex",
            Self::Count => "count",
            Self::Cursor => "cursor",
            Self::Attributes => "attributes",
            Self::ExcludedAttributes => "excludedAttributes",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name().eq_ignore_ascii_case(name))
    }

    /// A value of a search request as it would stand in a query.
    fn text(self, value: &Value) -> Result<String, ScimError> {
        let (text, wanted) = match self {
            Self::StartIndex | Self::Count => (number_text(value), "a whole number"),
            Self::Attributes | Self::ExcludedAttributes => (paths_text(value), "an array of strings"),
            Self::Filter | Self::SortBy | Self::SortOrder | Self::Cursor => {
                (value.as_str().map(str::to_owned), "a string")
            }
        };
        text.ok_or_else(|| self.invalid(&format!("must be {wanted}")))
    }

    fn invalid(self, what: &str) -> ScimError {
        ScimError::invalid_value(format!("{} {what}", self.name())).at(self.name())
    }
}

fn check_schemas(body: &Map<String, Value>) -> Result<(), ScimError> {
    let schemas = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    let Some((_, schemas)) = schemas else {
        return Ok(());
    };
    let is_search = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(SEARCH_REQUEST));
    if schemas.as_array().is_some_and(|urns| urns.iter().any(is_search)) {
        return Ok(());
    }
    let detail = format!("schemas of a search request must be an array with {SEARCH_REQUEST}");
    Err(ScimError::invalid_syntax(detail).at("schemas"))
}

/// `10`, `10.0` and `1e1` are whole numbers in JSON.
fn number_text(value: &Value) -> Option<String> {
    let number = value.as_number()?;
    if number.is_f64() {
        return number.as_f64().filter(|float| float.fract() == 0.0).map(|float| format!("{float:.0}"));
    }
    Some(number.to_string())
}

fn paths_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(paths) => {
            let paths: Option<Vec<&str>> = paths.iter().map(Value::as_str).collect();
            paths.map(|paths| paths.join(","))
        }
        _ => None,
    }
}

/// Whether the order is descending; none is ascending.
fn is_descending(text: &str) -> Result<bool, ScimError> {
    let is = |order: &str| text.eq_ignore_ascii_case(order);
    if text.is_empty() || is("ascending") || is("descending") {
        return Ok(is("descending"));
    }
    Err(Parameter::SortOrder.invalid("must be ascending or descending"))
}

/// A whole number: 0 when negative, the greatest when too great.
fn whole(parameter: Parameter, text: &str) -> Result<Option<u64>, ScimError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(parameter.invalid("must be a whole number"));
    }
    Ok(Some(if text.starts_with('-') { 0 } else { digits.parse().unwrap_or(u64::MAX) }))
}

/// Paths between commas; empty ones are left out.
fn paths(parameter: Parameter, text: &str) -> Result<Vec<String>, ScimError> {
    let paths = text.split(',').map(str::trim).filter(|path| !path.is_empty());
    let paths: Vec<String> = paths.take(MAX_PROJECTION_PATHS + 1).map(str::to_owned).collect();
    if paths.len() > MAX_PROJECTION_PATHS {
        return Err(parameter.invalid(&format!("names more than {MAX_PROJECTION_PATHS} attributes")));
    }
    Ok(paths)
}
