//! Listings of memberships, by index and by cursor.

use rollcall_domain::credential::Scope;
use rollcall_scim::Document;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::list::ListRequest;
use rollcall_scim::projection::Projection;
use rollcall_store::membership::{MembershipPage, MembershipQuery, Place};
use rollcall_store::query::Start;
use serde_json::{Value, json};

use super::ENDPOINT;
use super::filter::wanted;
use super::show::document;
use crate::cursor::Cursor;
use crate::render::{Body, Representation};
use crate::resource::Shape;
use crate::{Caller, Service, error};

impl Service {
    /// Lists memberships, by `startIndex` or by cursor.
    ///
    /// # Errors
    ///
    /// 400 `invalidFilter` for another filter than `eq` of `id`, `group.value` or `member.value`, or `and` of them,
    /// `invalidValue` for `sortBy`, `invalidCursor`, `expiredCursor`, `invalidCount`; 403.
    pub async fn list_memberships(
        &self,
        caller: &Caller,
        request: &ListRequest,
    ) -> Result<Representation, ScimError> {
        caller.require(Scope::Read)?;
        if request.sort_by.is_some() {
            return Err(ScimError::invalid_value("sortBy: memberships have no order to sort by"));
        }
        let kind = caller.runtime.registry.membership();
        let shape = Shape {
            attributes: request.attributes.clone(),
            excluded_attributes: request.excluded_attributes.clone(),
        };
        let projection = shape.projection(kind)?;
        let wanted = wanted(request.filter.as_deref(), kind)?;
        let settings = &caller.runtime.source.settings;
        let count = request.count.unwrap_or(settings.default_page_size.into());
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(settings.max_page_size);
        let binding = json!([caller.credential.to_string(), ENDPOINT, request.filter]).to_string();
        let first = request.start_index.unwrap_or(1).max(1);
        let start = match request.cursor.as_deref() {
            // No resources, but how many there are (RFC 9865 §2).
            Some(_) if count == 0 => Start::Offset(0),
            Some("") => Start::After(None),
            Some(cursor) => Start::After(self.resume_memberships(cursor, &binding, count)?),
            None => Start::Offset(first - 1),
        };
        let want_total = matches!(start, Start::Offset(_));
        let query = MembershipQuery { group: wanted.group, member: wanted.member, start, count, want_total };
        let page = if wanted.nothing {
            MembershipPage { total: want_total.then_some(0), ..MembershipPage::default() }
        } else {
            let page = self.store.memberships(caller.runtime.source.key, &query).await;
            page.map_err(error::from_store)?
        };
        let next = match (&request.cursor, page.next) {
            (Some(_), Some(place)) if count > 0 => {
                let cursor = Cursor { kind: 0, position: Some(place), count, made: self.clock.now() };
                Some(self.cursor_key.seal(&cursor, binding.as_bytes(), self.ids.as_ref())?)
            }
            _ => None,
        };
        let start = request.cursor.is_none().then_some(first);
        let body = page_text(caller, &page, &projection, start, next);
        Ok(Representation { location: None, version: None, body: Body::Whole(body.into()) })
    }

    fn resume_memberships(
        &self,
        cursor: &str,
        binding: &str,
        count: u32,
    ) -> Result<Option<Place>, ScimError> {
        let cursor: Cursor<Place> = self.cursor_key.open(cursor, binding.as_bytes(), self.clock.now())?;
        if cursor.count != count {
            let detail = format!("count: must stay {} from page to page of one cursor", cursor.count);
            return Err(ScimError::new(ErrorType::InvalidCount, detail));
        }
        Ok(cursor.position)
    }
}

fn page_text(
    caller: &Caller,
    page: &MembershipPage,
    projection: &Projection,
    start: Option<u64>,
    next: Option<String>,
) -> String {
    let mut list = Document::new();
    list.insert("schemas".to_owned(), json!([caller.list_schema()]));
    list.insert("itemsPerPage".to_owned(), page.memberships.len().into());
    if let Some(total) = page.total {
        list.insert("totalResults".to_owned(), total.into());
    }
    if let Some(start) = start {
        list.insert("startIndex".to_owned(), start.into());
    }
    if let Some(next) = next {
        list.insert("nextCursor".to_owned(), next.into());
    }
    let shown = page.memberships.iter().map(|found| Value::Object(document(caller, found, projection)));
    list.insert("Resources".to_owned(), shown.collect());
    Value::Object(list).to_string()
}
