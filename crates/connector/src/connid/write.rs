//! Create, update, delete.

use rollcall_scim::Document;
use rollcall_scim::filter::{CompareOp, Filter, Literal};
use rollcall_scim::path::AttributePath;
use serde_json::Value;

use super::connector::{Change, Connector};
use super::error::OperationError;
use super::schema::Class;
use super::search::Search;
use crate::plan::{self, PlanError, Wanted};
use crate::transport::{PeerError, Request};

/// Times that a PUT is planned anew because the resource changed meanwhile.
pub(super) const ROUNDS: usize = 3;
/// What stands in a plan for the id of an object that is not made yet.
const NEW_ID: &str = "{id}";

/// An object that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// As the application shows it, where it does.
    pub object: Option<Document>,
    /// The answer did not come, and it was found made.
    pub found: bool,
}

/// What an update came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Updated {
    /// Requests that changed something; none when all was so already.
    pub requests: usize,
    /// As the application shows it afterwards, where it does.
    pub object: Option<Document>,
}

impl Connector {
    /// The requests that make an object: it, then its groups, with `{id}` for the id that it will have.
    ///
    /// # Errors
    ///
    /// [`OperationError::Peer`]: a group that must be read for a PUT cannot be.
    pub async fn plan_create(&self, class: Class, object: &Document) -> Result<Vec<Request>, OperationError> {
        let (object, groups) = without_groups(class, object);
        let mut requests = vec![plan::create(self.kinds().of(class), &object, &self.how(class))];
        for group in &groups {
            requests.extend(self.membership(group, &self.as_member(NEW_ID, &object), true).await?);
        }
        Ok(requests)
    }

    /// Makes an object, and a user a member of its `groups`, which are the groups' to change (RFC 7643 §4.1.2).
    ///
    /// When no answer comes, the object is looked up before it is sent again: it is not made twice.
    ///
    /// # Errors
    ///
    /// - 409 is [`OperationError::Exists`].
    /// - [`OperationError::Partly`]: it was made, but is not in all its groups.
    /// - [`OperationError::Peer`], [`OperationError::Unfit`] when no id came back.
    pub async fn create(&self, class: Class, object: &Document) -> Result<Created, OperationError> {
        let (own, groups) = without_groups(class, object);
        let request = plan::create(self.kinds().of(class), &own, &self.how(class));
        let created = match self.transport.send(&request).await {
            Err(error) if error.is_uncertain() => match self.looked_up(class, &own).await? {
                Some(object) => {
                    Created { id: id_of(&object).unwrap_or_default(), object: Some(object), found: true }
                }
                None => self.sent(class, &own, &request).await?,
            },
            sent => self.created(class, &own, sent).await?,
        };
        let shown = created.object.as_ref().unwrap_or(&own);
        let user = self.as_member(&created.id, shown);
        for group in &groups {
            self.join(group, &user).await.map_err(|error| OperationError::Partly {
                class: class.name(),
                id: created.id.clone(),
                done: "created",
                error: Box::new(error),
            })?;
        }
        Ok(created)
    }

    /// Sends it a second time; one that arrived after all is found.
    async fn sent(&self, class: Class, own: &Document, request: &Request) -> Result<Created, OperationError> {
        let sent = self.transport.send(request).await;
        if matches!(sent, Err(PeerError::Conflict(_)))
            && let Some(object) = self.looked_up(class, own).await?
        {
            return Ok(Created { id: id_of(&object).unwrap_or_default(), object: Some(object), found: true });
        }
        self.created(class, own, sent).await
    }

    async fn created(
        &self,
        class: Class,
        own: &Document,
        sent: Result<crate::transport::Reply, PeerError>,
    ) -> Result<Created, OperationError> {
        let reply = match sent {
            Ok(reply) => reply,
            Err(error @ PeerError::Conflict(_)) => {
                return Err(OperationError::Exists { class: class.name(), error });
            }
            Err(error) => return Err(error.into()),
        };
        let object =
            reply.body.as_ref().map(|body| self.read(class, body)).filter(|object| !object.is_empty());
        let in_location =
            || reply.location.as_deref().and_then(|location| location.rsplit('/').next()).map(decoded);
        if let Some(id) = object.as_ref().and_then(id_of).or_else(in_location) {
            return Ok(Created { id, object, found: false });
        }
        let object = self.looked_up(class, own).await?;
        let id = object.as_ref().and_then(id_of);
        id.map(|id| Created { id, object, found: false }).ok_or_else(|| {
            OperationError::Unfit(format!(
                "the application made the {} but does not say its id",
                class.name()
            ))
        })
    }

    /// The one object with the name of this one, if it is there.
    async fn looked_up(&self, class: Class, object: &Document) -> Result<Option<Document>, OperationError> {
        let name = if class == Class::User { "userName" } else { "displayName" };
        let key = [name, "externalId"].into_iter().find_map(|key| Some((key, object.get(key)?.as_str()?)));
        let Some((key, value)) = key else { return Ok(None) };
        let equal =
            Filter::Compare(AttributePath::named(key), CompareOp::Eq, Literal::String(value.to_owned()));
        let mut search =
            self.search(class, Search { filter: Some(equal.clone()), ..Search::default() }).await?;
        let bound = equal.bind(self.kinds().of(class))?;
        while let Some(page) = search.next().await? {
            // An application that does not know the filter may show anyone.
            if let Some(found) = page.objects.into_iter().find(|object| bound.matches(object)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The requests that a change comes to, in order. The object is read when that is needed.
    ///
    /// # Errors
    ///
    /// As [`Connector::update`], short of what only sending shows.
    pub async fn plan_update(
        &self,
        class: Class,
        id: &str,
        change: &Change,
    ) -> Result<Vec<Request>, OperationError> {
        self.planned(class, id, change, false).await
    }

    /// Changes an object: what is wanted, and nothing else.
    ///
    /// A PATCH that the application does not know is done by PUT of what was read; a PUT that meets a newer
    /// version is planned anew.
    ///
    /// # Errors
    ///
    /// - [`OperationError::Unknown`]: it is not there.
    /// - [`OperationError::Partly`]: some requests were sent before one failed.
    /// - [`OperationError::Name`], [`OperationError::Plan`], [`OperationError::Unfit`]: it cannot be wanted.
    /// - [`OperationError::Peer`].
    pub async fn update(&self, class: Class, id: &str, change: &Change) -> Result<Updated, OperationError> {
        let mut by_put = false;
        let mut round = 1;
        loop {
            let requests = self.planned(class, id, change, by_put).await?;
            let mut object = None;
            let mut failed = None;
            for (at, request) in requests.iter().enumerate() {
                match self.transport.send(request).await {
                    Ok(reply) if self.is_own(class, id, request) => {
                        object = reply.body.map(|body| self.read(class, &body)).or(object);
                    }
                    Ok(_) => {}
                    Err(error) => {
                        failed = Some((at, error));
                        break;
                    }
                }
            }
            match failed {
                None => return Ok(Updated { requests: requests.len(), object }),
                Some((0, PeerError::Unsupported(_))) if !by_put => by_put = true,
                Some((0, PeerError::PreconditionFailed(_))) if round < ROUNDS => round += 1,
                Some((0, error)) if error.is_gone() => {
                    return Err(OperationError::Unknown { class: class.name(), id: id.to_owned() });
                }
                Some((0, error)) => return Err(error.into()),
                Some((_, error)) => {
                    let (class, id) = (class.name(), id.to_owned());
                    let error = Box::new(error.into());
                    return Err(OperationError::Partly { class, id, done: "updated", error });
                }
            }
        }
    }

    /// Deletes an object.
    ///
    /// # Errors
    ///
    /// [`OperationError::Unknown`] when it is not there, else [`OperationError::Peer`].
    pub async fn delete(&self, class: Class, id: &str) -> Result<(), OperationError> {
        match self.transport.send(&self.plan_delete(class, id)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_gone() => {
                Err(OperationError::Unknown { class: class.name(), id: id.to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The request that deletes an object.
    pub fn plan_delete(&self, class: Class, id: &str) -> Request {
        plan::delete(self.kinds().of(class), id)
    }

    async fn planned(
        &self,
        class: Class,
        id: &str,
        change: &Change,
        by_put: bool,
    ) -> Result<Vec<Request>, OperationError> {
        let how = if by_put { self.how_by_put(class) } else { self.how(class) };
        let mut current =
            if self.needs_current(class, change) { Some(self.get(class, id).await?) } else { None };
        let mut wanted = self.wanted(class, change, current.as_ref()).await?;
        let groups = Groups::split(class, &mut wanted);
        if class == Class::Group && wanted.replace.contains_key("members") {
            self.check_members_shown("members")?;
        }
        let needs_name = self.shows_names() && groups.is_some();
        if current.is_none() && (needs_name || groups.as_ref().is_some_and(|groups| groups.all.is_some())) {
            current = Some(self.get(class, id).await?);
        }
        let kinds = self.kinds();
        let plan = |current: Option<&Document>| plan::update(kinds.of(class), id, current, &wanted, &how);
        let mut requests = match plan(current.as_ref()) {
            Err(PlanError::NeedsCurrent(_)) => {
                current = Some(self.get(class, id).await?);
                plan(current.as_ref()).map_err(OperationError::Plan)?
            }
            planned => planned.map_err(OperationError::Plan)?,
        };
        if let Some(groups) = groups {
            requests.extend(self.regrouped(id, current.as_ref(), groups).await?);
        }
        Ok(requests)
    }

    /// Whether a request is about the object itself, not about its groups.
    fn is_own(&self, class: Class, id: &str, request: &Request) -> bool {
        request.path == self.plan_delete(class, id).path
    }
}

/// What is wanted of a user's groups.
pub(super) struct Groups {
    /// These and no others.
    pub(super) all: Option<Vec<String>>,
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

impl Groups {
    /// Takes the groups out of what is wanted of a user.
    fn split(class: Class, wanted: &mut Wanted) -> Option<Self> {
        if class != Class::User {
            return None;
        }
        let take = |part: &mut Document| part.shift_remove("groups").map(|groups| ids(&groups));
        let (all, add, remove) = (take(&mut wanted.replace), take(&mut wanted.add), take(&mut wanted.remove));
        let is_wanted = all.is_some() || add.is_some() || remove.is_some();
        is_wanted.then(|| Self { all, add: add.unwrap_or_default(), remove: remove.unwrap_or_default() })
    }
}

/// The object without groups, and these.
fn without_groups(class: Class, object: &Document) -> (Document, Vec<String>) {
    let mut object = object.clone();
    let groups = if class == Class::User { object.shift_remove("groups") } else { None };
    (object, groups.as_ref().map(ids).unwrap_or_default())
}

/// Ids of a list of references, or of bare ids.
pub(super) fn ids(value: &Value) -> Vec<String> {
    let id = |value: &Value| value.as_str().or_else(|| value.get("value")?.as_str()).map(str::to_owned);
    match value {
        Value::Array(values) => values.iter().filter_map(id).collect(),
        single => id(single).into_iter().collect(),
    }
}

pub(super) fn id_of(object: &Document) -> Option<String> {
    match object.get("id")? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
