//! Search: what the application can be asked, asked of it; the rest done here.

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rollcall_scim::Document;
use rollcall_scim::filter::{Bound, CompareOp, Filter, Literal, Target};
use rollcall_scim::path::{AttributePath, Resolved};
use rollcall_scim::projection::Projection;
use rollcall_scim::v1;
use rollcall_scim::value::{Scalar, compare};
use serde_json::Value;

use super::connector::Connector;
use super::error::OperationError;
use super::filter::{Able, pushed};
use super::schema::Class;
use crate::json::{Json as _, Node};
use crate::plan::endpoint;
use crate::profile::{JsonPath, Profile, ScimVersion};
use crate::read::{self, End, Listing, Position, Take};
use crate::transport::PeerError;

/// What is searched.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// Who is wanted; everyone, when `None`. From [`Connector::filter`].
    pub filter: Option<Filter>,
    /// What is wanted of each, as paths or flat names; what the application shows by default, when empty.
    pub attributes: Vec<String>,
    /// The path to sort by.
    pub sort_by: Option<AttributePath>,
    /// Greatest first.
    pub descending: bool,
    /// Objects in a page that the application is asked for; its profile's, when `None`.
    pub page_size: Option<u32>,
    /// [`Page::cookie`] of an earlier page, to go on after it.
    pub cookie: Option<String>,
}

/// A part of what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Document>,
    /// Where to go on; `None` after the last.
    pub cookie: Option<String>,
    /// Why objects may be missing, on the last page only.
    pub incomplete: Option<String>,
}

/// Keeps records as they are, by the ids that are here.
#[derive(Clone)]
struct TakeWhole(Arc<JsonPath>);

impl Take for TakeWhole {
    type Record = (Option<String>, Value);

    fn take(&self, raw: &Node<'_>) -> Self::Record {
        (read::id(&self.0, raw), raw.to_value())
    }

    fn id(record: &Self::Record) -> Option<&str> {
        record.0.as_deref()
    }
}

/// A search that is under way.
pub struct Found<'c> {
    connector: &'c Connector,
    class: Class,
    source: Source,
    /// What the application was not asked.
    rest: Option<Bound>,
    projection: Projection,
    /// How to sort here, and which way.
    order: Option<(Target, bool)>,
    /// What no more than one object can satisfy.
    unique: Option<Bound>,
}

enum Source {
    Listing(Box<Asked>),
    One(String),
    Done,
}

/// A listing, and what it was asked for.
struct Asked {
    listing: Listing<TakeWhole>,
    with_filter: bool,
    search: Search,
}

impl Connector {
    /// Starts a search; nothing is asked before [`Found::next`], but what sorting needs to know.
    ///
    /// # Errors
    ///
    /// - [`OperationError::Filter`]: the filter does not fit the schema.
    /// - [`OperationError::Unfit`]: a cookie that is none, or pages of an order that the application does not have.
    pub async fn search(&self, class: Class, search: Search) -> Result<Found<'_>, OperationError> {
        let kinds = self.kinds();
        let names = self.names(&kinds, class);
        let paths: Vec<AttributePath> = search
            .attributes
            .iter()
            .map(|name| {
                let place = names.place(name);
                names.path(&place).unwrap_or(AttributePath {
                    urn: place.urn,
                    name: place.attribute,
                    sub: None,
                })
            })
            .collect();
        let mut text: Vec<String> = paths.iter().map(ToString::to_string).collect();
        if !text.is_empty() {
            text.push(names.name_attribute().to_owned());
        }
        let projection = Projection::parse(&text, &[], kinds.of(class))
            .map_err(|error| OperationError::Unfit(error.to_string()))?;
        let order = self.order(class, &search).await?;
        let is_id = search.filter.as_ref().and_then(by_id).filter(|_| search.cookie.is_none());
        let (source, rest) = match is_id {
            Some(id) => (Source::One(id.to_owned()), None),
            None => self.listing(class, search.clone(), &paths, order.is_none(), true)?,
        };
        let unique = search.filter.as_ref().filter(|filter| is_unique(filter));
        let unique = unique.map(|filter| filter.bind(kinds.of(class))).transpose()?;
        Ok(Found { connector: self, class, source, rest, projection, order, unique })
    }

    /// How to sort here; `None` when nothing is to be sorted, or the application does it.
    async fn order(&self, class: Class, search: &Search) -> Result<Option<(Target, bool)>, OperationError> {
        let Some(path) = &search.sort_by else { return Ok(None) };
        let config = self.discovery.service_provider_config().await?;
        if config.pointer("/sort/supported") == Some(&Value::Bool(true)) {
            return Ok(None);
        }
        if search.page_size.is_some() || search.cookie.is_some() {
            return Err(OperationError::Unfit(
                "the application does not sort, and pages cannot be sorted here; leave the page size out"
                    .to_owned(),
            ));
        }
        let kinds = self.kinds();
        let target = match path.resolve(kinds.of(class)) {
            Ok(Resolved::Attribute(found)) => Target::compared(&found),
            _ => None,
        };
        let target = target.ok_or_else(|| OperationError::Unfit(format!("{path} cannot be sorted by")))?;
        Ok(Some((target, search.descending)))
    }

    /// A listing with all that the application can be asked, and the filter where it does not say it all.
    fn listing(
        &self,
        class: Class,
        search: Search,
        paths: &[AttributePath],
        sorts: bool,
        with_filter: bool,
    ) -> Result<(Source, Option<Bound>), OperationError> {
        let limits = &self.profile.limits;
        let kinds = self.kinds();
        let kind = kinds.of(class);
        let able = Able::of(self.version(), with_filter, limits.filter_operators.as_ref());
        let mut query = Vec::new();
        let mut rest = None;
        if let Some(filter) = &search.filter {
            let part = pushed(filter, &able);
            if !part.exact {
                rest = Some(filter.bind(kind)?);
            }
            if let Some(text) = part.filter.and_then(|filter| self.in_their_words(&filter)) {
                query.push(("filter".to_owned(), text));
            } else {
                rest = Some(filter.bind(kind)?);
            }
        }
        if !paths.is_empty() && !limits.no_attributes_parameter {
            let always = ["id", if class == Class::User { "userName" } else { "displayName" }];
            let mut names: Vec<String> = paths.iter().map(|path| self.path_in_their_words(path)).collect();
            names.extend(always.map(str::to_owned));
            if rest.is_some() {
                names.extend(
                    search.filter.iter().flat_map(attributes).map(|path| self.path_in_their_words(&path)),
                );
            }
            names.extend(search.sort_by.iter().map(|path| self.path_in_their_words(path)));
            let mut seen = std::collections::HashSet::new();
            names.retain(|name| seen.insert(name.to_ascii_lowercase()));
            query.push(("attributes".to_owned(), names.join(",")));
        }
        if let Some(path) = search.sort_by.as_ref().filter(|_| sorts) {
            query.push(("sortBy".to_owned(), self.path_in_their_words(path)));
            let order = if search.descending { "descending" } else { "ascending" };
            query.push(("sortOrder".to_owned(), order.to_owned()));
        }
        let from = search.cookie.as_deref().map_or(Ok(Position::default()), position)?;
        let mut profile = Profile::clone(&self.profile);
        profile.pagination.page_size = search.page_size.unwrap_or(profile.pagination.page_size);
        let endpoint = endpoint(kind).to_owned();
        let id = match (&profile.group, class) {
            (Some(group), Class::Group) => &group.id,
            _ => &profile.user.id,
        };
        let take = TakeWhole(Arc::new(id.clone()));
        let listing = Listing::new(take, self.transport.clone(), profile.into(), endpoint, from);
        let listing = listing.with_query(query);
        let with_filter = with_filter && search.filter.is_some();
        Ok((Source::Listing(Box::new(Asked { listing, with_filter, search })), rest))
    }

    fn in_their_words(&self, filter: &Filter) -> Option<String> {
        match self.version() {
            ScimVersion::V1 => v1::filter::encode(filter).map(|filter| filter.to_string()),
            ScimVersion::V2 => Some(filter.to_string()),
        }
    }

    fn path_in_their_words(&self, path: &AttributePath) -> String {
        match self.version() {
            ScimVersion::V1 => v1::path::encode(path).to_string(),
            ScimVersion::V2 => path.to_string(),
        }
    }
}

impl Found<'_> {
    /// The next objects; `None` after the last. A page may be empty where all that came was left out here.
    ///
    /// # Errors
    ///
    /// [`OperationError::Peer`], [`OperationError::Unreadable`].
    pub async fn next(&mut self) -> Result<Option<Page>, OperationError> {
        if self.order.is_some() {
            return self.sorted().await;
        }
        let Some(mut page) = self.page().await? else { return Ok(None) };
        self.project(&mut page.objects);
        Ok(Some(page))
    }

    async fn page(&mut self) -> Result<Option<Page>, OperationError> {
        loop {
            let batch = match &mut self.source {
                Source::Done => return Ok(None),
                Source::One(id) => {
                    let id = std::mem::take(id);
                    self.source = Source::Done;
                    let objects = match self.connector.get(self.class, &id).await {
                        Ok(object) => vec![object],
                        Err(OperationError::Unknown { .. }) => Vec::new(),
                        Err(error) => return Err(error),
                    };
                    return Ok(Some(Page { objects, cookie: None, incomplete: None }));
                }
                Source::Listing(asked) => match asked.listing.next().await {
                    Ok(batch) => batch,
                    // It does not know the filter after all: then it is asked for everyone.
                    Err(read::ReadError::Peer(PeerError::Invalid(said)))
                        if asked.with_filter && asked.search.cookie.is_none() =>
                    {
                        tracing::debug!(%said, "the filter was not taken; evaluating it here");
                        let search = asked.search.clone();
                        self.ask_for_everyone(search)?;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                },
            };
            let Some(batch) = batch else {
                self.source = Source::Done;
                return Ok(None);
            };
            let read = batch.records.iter().map(|(_, sent)| self.connector.read(self.class, sent));
            let fits = |object: &Document| self.rest.as_ref().is_none_or(|rest| rest.matches(object));
            let objects: Vec<Document> = read.filter(fits).collect();
            let is_last = batch.end.is_some()
                || self
                    .unique
                    .as_ref()
                    .is_some_and(|unique| objects.iter().any(|object| unique.matches(object)));
            let incomplete = match batch.end {
                Some(End::Incomplete { reason, .. }) => Some(reason),
                _ => None,
            };
            if is_last {
                self.source = Source::Done;
            }
            let cookie = if is_last { None } else { Some(cookie(&batch.next)) };
            return Ok(Some(Page { objects, cookie, incomplete }));
        }
    }

    fn ask_for_everyone(&mut self, search: Search) -> Result<(), OperationError> {
        let kinds = self.connector.kinds();
        let names = self.connector.names(&kinds, self.class);
        let paths: Vec<AttributePath> =
            search.attributes.iter().filter_map(|name| names.path(&names.place(name))).collect();
        let sorts = self.order.is_none();
        (self.source, self.rest) = self.connector.listing(self.class, search, &paths, sorts, false)?;
        Ok(())
    }

    /// All that fits, in order.
    async fn sorted(&mut self) -> Result<Option<Page>, OperationError> {
        let mut all: Option<Page> = None;
        while let Some(page) = self.page().await? {
            let known =
                all.get_or_insert_with(|| Page { objects: Vec::new(), cookie: None, incomplete: None });
            known.objects.extend(page.objects);
            known.incomplete = page.incomplete.or(known.incomplete.take());
        }
        if let (Some(page), Some((target, descending))) = (&mut all, &self.order) {
            page.objects.sort_by(|one, other| ordered(one, other, target, *descending));
            self.project(&mut page.objects);
        }
        Ok(all)
    }

    fn project(&self, objects: &mut [Document]) {
        if self.projection.is_default() {
            return;
        }
        let kinds = self.connector.kinds();
        for object in objects {
            self.projection.apply(kinds.of(self.class), object);
        }
    }
}

/// The order of two objects; who has no value comes last (RFC 7644 §3.4.2.3).
fn ordered(one: &Document, other: &Document, target: &Target, descending: bool) -> Ordering {
    match (key(one, target), key(other, target)) {
        (Some(one), Some(other)) => {
            let order = compare(&one, &other, target.case_exact).unwrap_or(Ordering::Equal);
            if descending { order.reverse() } else { order }
        }
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

/// The value to sort by: of several the primary one, else the first.
fn key(object: &Document, target: &Target) -> Option<Scalar> {
    let container = match &target.extension {
        Some(urn) => object.get(urn)?.as_object()?,
        None => object,
    };
    let value = container.get(&target.attribute)?;
    let element = match value {
        Value::Array(values) => {
            let is_primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
            values.iter().find(is_primary).or(values.first())?
        }
        single => single,
    };
    let leaf = match &target.sub {
        Some(sub) => element.get(sub)?,
        None => element,
    };
    Scalar::read(leaf, target.kind)
}

/// The id, when the filter is just that: then the object is read by itself.
fn by_id(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare(path, CompareOp::Eq, Literal::String(id))
            if path.urn.is_none()
                && path.sub.is_none()
                && path.name.eq_ignore_ascii_case("id")
                && !id.is_empty() =>
        {
            Some(id)
        }
        _ => None,
    }
}

/// Whether no two objects can satisfy the filter: it names an id, or a name to sign in with.
fn is_unique(filter: &Filter) -> bool {
    match filter {
        Filter::Compare(path, CompareOp::Eq, Literal::String(_)) => {
            path.sub.is_none() && ["id", "userName"].iter().any(|name| path.name.eq_ignore_ascii_case(name))
        }
        Filter::And(terms) => terms.iter().any(is_unique),
        _ => false,
    }
}

/// The attributes that a filter looks at.
fn attributes(filter: &Filter) -> Vec<AttributePath> {
    match filter {
        Filter::Compare(path, ..) | Filter::Present(path) | Filter::Element(path, _) => {
            vec![AttributePath { sub: None, ..path.clone() }]
        }
        Filter::And(terms) | Filter::Or(terms) => terms.iter().flat_map(attributes).collect(),
        Filter::Not(term) => attributes(term),
    }
}

fn cookie(position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default())
}

fn position(cookie: &str) -> Result<Position, OperationError> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie.trim()).ok();
    let position = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    position.ok_or_else(|| OperationError::Unfit("the cookie is not one of an earlier page".to_owned()))
}
