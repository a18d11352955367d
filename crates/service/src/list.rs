//! Listings and searches (RFC 7644 §3.4.2, §3.4.3; RFC 9865), of one type or of all.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use rollcall_domain::credential::Scope;
use rollcall_scim::Document;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::filter::{Bound, CompareOp, Filter, FilterError, Target};
use rollcall_scim::list::{LIST_RESPONSE, ListRequest};
use rollcall_scim::path::{AttributePath, PathError, Resolved};
use rollcall_scim::schema::{AttributeType, Mutability, ResolvedType};
use rollcall_store::index::encode;
use rollcall_store::query::{GroupRef, Page, Position, Query, Sort, Start};
use serde_json::{Value, json};

use crate::cache::{Entry, Holder};
use crate::cursor::Cursor;
use crate::members::{self, Piece};
use crate::render::{Body, Representation, Source};
use crate::resource::Shape;
use crate::{Caller, Service, error};

/// What is listed, one type after the other, and how.
struct Plan {
    kinds: Vec<(Arc<ResolvedType>, Option<Bound>, Option<Sort>)>,
    count: u32,
    binding: Vec<u8>,
}

/// What a walk over the types found.
struct Found {
    pages: Vec<(Arc<ResolvedType>, Page)>,
    total: Option<u64>,
    next: Option<(usize, Option<Position>)>,
}

impl Service {
    /// Lists the resources of one endpoint, or of all types when `endpoint` is `None`.
    ///
    /// # Errors
    ///
    /// 400 `invalidFilter`, `invalidCursor`, `expiredCursor`, `invalidCount`, `invalidValue`, `tooMany`; 403; 404.
    pub async fn list(
        &self,
        caller: &Caller,
        endpoint: Option<&str>,
        request: &ListRequest,
    ) -> Result<Representation, ScimError> {
        caller.require(Scope::Read)?;
        let request = &*caller.asks(request);
        let plan = Self::plan(caller, endpoint, request)?;
        if let Some(body) = self.lookup(caller, endpoint, request, &plan).await? {
            return Ok(Representation { location: None, version: None, body });
        }
        let start = request.start_index.unwrap_or(1).max(1);
        let found = match &request.cursor {
            None => self.by_index(caller, &plan, start - 1).await?,
            Some(cursor) => {
                let (kind, position) = self.resume(cursor, &plan)?;
                match plan.count {
                    // No resources, but how many there are (RFC 9865 §2).
                    0 => self.by_index(caller, &plan, 0).await?,
                    _ => self.by_cursor(caller, &plan, kind, position).await?,
                }
            }
        };
        let next = match (&request.cursor, &found.next) {
            (Some(_), Some((kind, position))) => Some(self.cursor(*kind, position.clone(), &plan)?),
            _ => None,
        };
        let start = request.cursor.is_none().then_some(start);
        let body = self.list_body(caller, request, found, start, next).await?;
        Ok(Representation { location: None, version: None, body })
    }

    fn plan(caller: &Caller, endpoint: Option<&str>, request: &ListRequest) -> Result<Plan, ScimError> {
        let runtime = &caller.runtime;
        let kinds = match endpoint {
            Some(endpoint) => {
                vec![Arc::clone(runtime.registry.type_at(endpoint).ok_or_else(error::not_found)?)]
            }
            None => runtime.registry.types().to_vec(),
        };
        let filter = request.filter.as_deref().map(Filter::parse).transpose()?;
        let many = kinds.len() > 1;
        let mut plans = Vec::new();
        let mut refused = None;
        for kind in kinds {
            // In a search over all types, a type without the attribute has no match (ours).
            let bound = match filter.as_ref().map(|filter| filter.bind(&kind)).transpose() {
                Err(error @ FilterError::Path(PathError::Undefined(..))) if many => {
                    refused = Some(error);
                    continue;
                }
                bound => bound?,
            };
            let sort =
                match request.sort_by.as_deref().map(|by| sort(by, request.descending, &kind)).transpose() {
                    Err(_) if many => None,
                    sort => sort?,
                };
            plans.push((kind, bound, sort));
        }
        if let (true, Some(error)) = (plans.is_empty(), refused) {
            return Err(error.into());
        }
        let settings = &runtime.source.settings;
        let count = request.count.unwrap_or(settings.default_page_size.into());
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(settings.max_page_size);
        let binding = json!([
            caller.credential.to_string(),
            endpoint,
            request.filter,
            request.sort_by,
            request.descending,
        ]);
        Ok(Plan { kinds: plans, count, binding: binding.to_string().into_bytes() })
    }

    /// `userName eq "…"` and its like, the question that clients ask most: one index entry, and the
    /// resource from the cache. `None` for any other question.
    async fn lookup(
        &self,
        caller: &Caller,
        endpoint: Option<&str>,
        request: &ListRequest,
        plan: &Plan,
    ) -> Result<Option<Body>, ScimError> {
        let first = request.start_index.is_none_or(|start| start <= 1)
            && request.cursor.is_none()
            && !caller.speaks_v1();
        let whole = request.attributes.is_empty() && request.excluded_attributes.is_empty() && plan.count > 0;
        let [(kind, Some(Bound::Compare(target, CompareOp::Eq, Some(value))), _)] = plan.kinds.as_slice()
        else {
            return Ok(None);
        };
        let index = endpoint.and_then(|endpoint| caller.runtime.type_at(endpoint)?.1.find(target));
        let Some(index) = index.filter(|index| index.unique && first && whole && !kind.has_members()) else {
            return Ok(None);
        };
        let value = encode(value, target.case_exact);
        // Empty text is nobody's own: many may have it.
        if value.is_empty() {
            return Ok(None);
        }
        match self.find(caller, kind, &index.path, &value).await? {
            Some(entry) => {
                let (stored, groups) = (&entry.row, &entry.groups);
                let found = Source { kind, stored, groups, base_url: &caller.base_url }.default()?;
                Ok(Some(Body::Whole(page_of(Some(&found.text)))))
            }
            None => Ok(Some(Body::Whole(page_of(None)))),
        }
    }

    /// Who has this unique value, from the cache while its stamp holds.
    async fn find(
        &self,
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        attribute: &str,
        value: &str,
    ) -> Result<Option<Entry>, ScimError> {
        let source = caller.runtime.source.key;
        let stamps = self.store.stamps();
        let stamp = stamps.of_value(source, value);
        let lookup = self.lookups.question(source.0, kind.name(), attribute, value);
        match self.lookups.get(lookup, stamp) {
            Some(Holder::Nobody) => return Ok(None),
            Some(Holder::Resource(id)) => match self.load(caller, kind, &id.to_string()).await {
                Ok(entry) => return Ok(Some(entry)),
                // Deleted since.
                Err(error) if error.kind == ErrorType::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
            None => {}
        }
        let moment = stamps.moment();
        let found = self.store.find(source, kind.name(), attribute, value).await;
        let found = found.map_err(error::from_store)?;
        self.lookups.put(lookup, stamp, found.as_ref().map(|(stored, _)| stored.id));
        let Some((stored, groups)) = found else { return Ok(None) };
        let id = stored.id;
        // Who it is was not known before: its stamp is as old as what was read only if nothing was touched meanwhile.
        let stamp = Some(stamps.of(id)).filter(|_| stamps.moment() == moment);
        let entry = Self::entry(caller, kind, stored, groups, stamp);
        self.cache.put(&entry);
        Ok(Some(entry))
    }

    async fn by_index(&self, caller: &Caller, plan: &Plan, offset: u64) -> Result<Found, ScimError> {
        let mut found = Found { pages: Vec::new(), total: Some(0), next: None };
        let (mut offset, mut wanted) = (offset, plan.count);
        for (kind, filter, sort) in &plan.kinds {
            let query = Query {
                filter: filter.clone(),
                sort: sort.clone(),
                start: Start::Offset(offset),
                count: wanted,
                want_total: true,
            };
            let page = self.page(caller, kind, &query).await?;
            let total = page.total.unwrap_or_default();
            found.total = found.total.map(|before| before + total);
            offset = offset.saturating_sub(total);
            wanted -= u32::try_from(page.resources.len()).unwrap_or(wanted).min(wanted);
            found.pages.push((Arc::clone(kind), page));
        }
        Ok(found)
    }

    async fn by_cursor(
        &self,
        caller: &Caller,
        plan: &Plan,
        first: usize,
        position: Option<Position>,
    ) -> Result<Found, ScimError> {
        let mut found = Found { pages: Vec::new(), total: None, next: None };
        let (mut wanted, mut position) = (plan.count, position);
        for (at, (kind, filter, sort)) in plan.kinds.iter().enumerate().skip(first) {
            if wanted == 0 {
                found.next = Some((at, position));
                return Ok(found);
            }
            // Totals are counters when nothing is filtered; counting matches on each page is not worth it.
            let want_total = filter.is_none() && plan.kinds.len() == 1;
            let start = Start::After(position.take());
            let query =
                Query { filter: filter.clone(), sort: sort.clone(), start, count: wanted, want_total };
            let page = self.page(caller, kind, &query).await?;
            wanted -= u32::try_from(page.resources.len()).unwrap_or(wanted).min(wanted);
            let next = page.next.clone();
            found.total = page.total;
            found.pages.push((Arc::clone(kind), page));
            if next.is_some() {
                found.next = Some((at, next));
                return Ok(found);
            }
        }
        Ok(found)
    }

    async fn page(
        &self,
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        query: &Query,
    ) -> Result<Page, ScimError> {
        self.store.list(caller.runtime.source.key, kind, query).await.map_err(error::from_store)
    }

    fn resume(&self, cursor: &str, plan: &Plan) -> Result<(usize, Option<Position>), ScimError> {
        if cursor.is_empty() {
            return Ok((0, None));
        }
        let cursor = self.cursor_key.open(cursor, &plan.binding, self.clock.now())?;
        if cursor.count != plan.count {
            let detail = format!("count: must stay {} from page to page of one cursor", cursor.count);
            return Err(ScimError::new(ErrorType::InvalidCount, detail));
        }
        Ok((cursor.kind, cursor.position))
    }

    fn cursor(&self, kind: usize, position: Option<Position>, plan: &Plan) -> Result<String, ScimError> {
        let cursor = Cursor { kind, position, count: plan.count, made: self.clock.now() };
        self.cursor_key.seal(&cursor, &plan.binding, self.ids.as_ref())
    }

    async fn list_body(
        &self,
        caller: &Caller,
        request: &ListRequest,
        found: Found,
        start: Option<u64>,
        next: Option<String>,
    ) -> Result<Body, ScimError> {
        let count: usize = found.pages.iter().map(|(_, page)| page.resources.len()).sum();
        let mut head = Document::new();
        head.insert("schemas".to_owned(), json!([caller.list_schema()]));
        head.insert("itemsPerPage".to_owned(), count.into());
        if let Some(total) = found.total {
            head.insert("totalResults".to_owned(), total.into());
        }
        if let Some(start) = start {
            head.insert("startIndex".to_owned(), start.into());
        }
        if let Some(next) = next {
            head.insert("nextCursor".to_owned(), next.into());
        }
        let mut head = Value::Object(head).to_string();
        head.pop();
        let mut pieces = VecDeque::with_capacity(count * 3 + 2);
        pieces.push_back(Piece::Text((head + ",\"Resources\":[").into()));
        let shape = Shape {
            attributes: request.attributes.clone(),
            excluded_attributes: request.excluded_attributes.clone(),
        };
        let mut first = true;
        for (kind, page) in &found.pages {
            let projection = shape.projection(kind)?;
            let with_groups = kind.has_groups() && projection.wants(kind, "groups");
            let groups = if with_groups { self.groups(caller, page).await? } else { Vec::new() };
            for (at, stored) in page.resources.iter().enumerate() {
                if !std::mem::take(&mut first) {
                    pieces.push_back(Piece::Text(",".into()));
                }
                let groups = groups.get(at).map_or(&[][..], Vec::as_slice);
                let source = Source { kind, stored, groups, base_url: &caller.base_url };
                members::push(&mut pieces, stored.id, caller.shown(kind, source.render(&projection)?)?);
            }
        }
        pieces.push_back(Piece::Text("]}".into()));
        members::body(self.member_source(caller), pieces).await
    }

    async fn groups(&self, caller: &Caller, page: &Page) -> Result<Vec<Vec<GroupRef>>, ScimError> {
        let ids: Vec<_> = page.resources.iter().map(|stored| stored.id).collect();
        self.store.groups(caller.runtime.source.key, &ids).await.map_err(error::from_store)
    }
}

/// A listing of one resource, or none, as an index page.
fn page_of(resource: Option<&Bytes>) -> Bytes {
    let count = if resource.is_some() { b'1' } else { b'0' };
    let resource = resource.map_or(&[][..], |text| text);
    let mut text = BytesMut::with_capacity(resource.len() + 160);
    text.extend_from_slice(b"{\"schemas\":[\"");
    text.extend_from_slice(LIST_RESPONSE.as_bytes());
    text.extend_from_slice(b"\"],\"itemsPerPage\":");
    text.put_u8(count);
    text.extend_from_slice(b",\"totalResults\":");
    text.put_u8(count);
    text.extend_from_slice(b",\"startIndex\":1,\"Resources\":[");
    text.extend_from_slice(resource);
    text.extend_from_slice(b"]}");
    text.freeze()
}

/// What `sortBy` names: an attribute, or of a complex one its `value` (RFC 7644 §3.4.2.3).
fn sort(by: &str, descending: bool, kind: &ResolvedType) -> Result<Sort, ScimError> {
    let refuse = |reason: &str| ScimError::invalid_value(format!("sortBy: {reason}"));
    let path: AttributePath = by.parse().map_err(|error: PathError| refuse(&error.to_string()))?;
    let Resolved::Attribute(found) = path.resolve(kind).map_err(|error| refuse(&error.to_string()))? else {
        return Err(refuse("an extension is no attribute; name one of its attributes"));
    };
    let value = if found.leaf().is_complex() { found.attribute.sub("value") } else { None };
    let leaf = value.unwrap_or(found.leaf());
    if leaf.kind == AttributeType::Complex || leaf.mutability == Mutability::WriteOnly {
        return Err(refuse("name a simple attribute, such as name.familyName"));
    }
    if kind.is_detached(&found.attribute.name) {
        return Err(refuse("memberships have no order to sort by"));
    }
    let target = Target {
        extension: found.extension.map(|schema| schema.id.clone()),
        attribute: found.attribute.name.clone(),
        sub: found.sub.or(value).map(|sub| sub.name.clone()),
        kind: leaf.kind,
        case_exact: leaf.case_exact,
    };
    Ok(Sort { by: target, descending })
}
