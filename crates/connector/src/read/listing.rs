//! A list that is read to its end, whatever the application says about how long it is.
//!
//! What arrived is counted, not what `itemsPerPage` claims. A list by index ends with a page that has nothing (new);
//! a list by cursor ends with a page without a cursor. When fewer came than `totalResults` says, the list is
//! incomplete. When `totalResults` shrinks on the way, records have moved up over the pages that were read, so the
//! next page is asked for that many records earlier. Pages ahead are fetched at the same time, as long as they turn
//! out to be where they were expected.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{End, Position, ReadError};
use crate::json::{Json, Node, View};
use crate::profile::{JsonPath, Paging, Profile};
use crate::transport::{PeerError, Request, Transport};

/// Times that a page which has only what came before is asked for again.
const REPEATS: u32 = 2;
/// Times that pages fetched ahead may turn out to be wrong before none are.
const MISSES: u32 = 3;
/// Pages by cursor without anything new, one after the other, before the list is given up.
const BARREN: u32 = 100;
/// Times that the list is stepped back in, without anything new.
const STEPS: u32 = 20;

/// What a listing makes of each record, as soon as it is there and where it lies.
pub(crate) trait Take: Clone + Send + Sync + 'static {
    /// What is kept of a record.
    type Record: Send + 'static;

    /// Makes it.
    fn take(&self, raw: &Node<'_>) -> Self::Record;

    /// The record's id, by which it is told from others.
    fn id(record: &Self::Record) -> Option<&str>;
}

/// Part of a list.
#[derive(Debug)]
pub(crate) struct Batch<R> {
    pub(crate) records: Vec<R>,
    pub(crate) total: Option<u64>,
    pub(crate) next: Position,
    pub(crate) end: Option<End>,
}

/// One answer.
#[derive(Debug)]
struct Answer<R> {
    records: Vec<R>,
    total: Option<u64>,
    cursor: Option<String>,
}

/// A page that is fetched ahead.
struct Ahead<R> {
    offset: u64,
    task: JoinHandle<Result<Answer<R>, ReadError>>,
}

impl<R> Drop for Ahead<R> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A list that is being read.
pub(crate) struct Listing<T: Take> {
    source: Source<T>,
    position: Position,
    seen: Seen,
    cursors: HashSet<String>,
    ahead: VecDeque<Ahead<T::Record>>,
    announced: Option<u64>,
    /// `totalResults` was less than what had come: it counts something else.
    lies: bool,
    misses: u32,
    /// Answers in a row without anything new.
    barren: u32,
    steps: u32,
    resumed: bool,
}

/// Where answers come from.
#[derive(Clone)]
struct Source<T> {
    take: T,
    transport: Transport,
    profile: Arc<Profile>,
    endpoint: String,
    /// Parameters beside those of paging.
    query: Vec<(String, String)>,
}

/// What became of an answer.
enum Step<R> {
    Deliver(Batch<R>),
    Again,
}

impl<T: Take> Listing<T> {
    pub(crate) fn new(
        take: T,
        transport: Transport,
        profile: Arc<Profile>,
        endpoint: String,
        from: Position,
    ) -> Self {
        let resumed = from != Position::default();
        let announced = from.total;
        Self {
            source: Source { take, transport, profile, endpoint, query: Vec::new() },
            position: from,
            seen: Seen::default(),
            cursors: HashSet::new(),
            ahead: VecDeque::new(),
            announced,
            lies: false,
            misses: 0,
            barren: 0,
            steps: 0,
            resumed,
        }
    }

    /// The same listing with more query parameters.
    pub(crate) fn with_query(mut self, query: Vec<(String, String)>) -> Self {
        self.source.query = query;
        self
    }

    /// The next part; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; the same part is tried again by the next call.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch<T::Record>>, ReadError> {
        while !self.position.done {
            let answer = match self.fetch().await {
                Ok(answer) => answer,
                Err(ReadError::Peer(error)) if self.is_past_the_end(&error) => {
                    tracing::debug!(%error, "taken as the end of the list");
                    Answer { records: Vec::new(), total: self.announced, cursor: None }
                }
                Err(ReadError::Peer(error)) if self.has_expired(&error) => {
                    // What came before the interruption comes again; nobody is lost.
                    self.position = Position::default();
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.resumed = false;
            let step =
                if self.position.cursor.is_some() || answer.cursor.is_some() || self.starts_with_cursor() {
                    self.by_cursor(answer)
                } else {
                    self.by_index(answer)
                };
            if let Step::Deliver(batch) = step {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn style(&self) -> Paging {
        self.source.profile.pagination.style
    }

    fn starts_with_cursor(&self) -> bool {
        self.style() == Paging::Cursor
    }

    /// Some applications answer a page after the last with an error.
    fn is_past_the_end(&self, error: &PeerError) -> bool {
        let refused = matches!(
            error,
            PeerError::Invalid(_) | PeerError::Gone(_) | PeerError::NotFound(_) | PeerError::Rejected(_)
        );
        let has_all = self.announced.is_some_and(|announced| self.position.arrived >= announced);
        refused && has_all && self.position.offset > 0 && self.position.cursor.is_none()
    }

    fn has_expired(&self, error: &PeerError) -> bool {
        let expired = matches!(error.scim_type(), Some("expiredCursor" | "invalidCursor"));
        expired && self.resumed && self.position.cursor.is_some()
    }

    async fn fetch(&mut self) -> Result<Answer<T::Record>, ReadError> {
        while let Some(front) = self.ahead.pop_front() {
            if front.offset == self.position.offset && self.position.cursor.is_none() {
                return join(front).await;
            }
            // It is not where it was expected: nor are those behind it.
            self.ahead.clear();
            self.misses += 1;
        }
        self.source.clone().fetch(self.position.clone()).await
    }

    fn by_index(&mut self, answer: Answer<T::Record>) -> Step<T::Record> {
        let count = answer.records.len() as u64;
        let end_of_page = self.position.offset + count;
        if self.style() != Paging::None
            && let Some(back) = self.shrunk_by(&answer, end_of_page)
        {
            return self.step_back(back, answer.total);
        }
        let total = self.announce(answer.total);
        let fresh = self.fresh(answer.records);
        if self.style() == Paging::None {
            let end = self.verdict(None);
            return self.last(fresh, total, end);
        }
        if count == 0 {
            let end = self.verdict(None);
            return self.last(fresh, total, end);
        }
        if fresh.is_empty() {
            return self.repeated(count, total);
        }
        self.barren = 0;
        self.steps = 0;
        self.position.offset = end_of_page;
        self.look_ahead(count);
        Step::Deliver(Batch { records: fresh, total, next: self.position.clone(), end: None })
    }

    /// Keeps what the application says that there are, also for a resumption.
    fn announce(&mut self, total: Option<u64>) -> Option<u64> {
        self.announced = total.or(self.announced);
        self.position.total = self.announced;
        self.announced
    }

    /// By how much `totalResults` shrank, if that says something about this list.
    fn shrunk_by(&mut self, answer: &Answer<T::Record>, end_of_page: u64) -> Option<u64> {
        let (before, now) = (self.announced?, answer.total?);
        if now < end_of_page && !answer.records.is_empty() {
            self.lies = true;
        }
        let shrunk = before.checked_sub(now).filter(|shrunk| *shrunk > 0)?;
        let could_miss = self.position.offset > 0 && !self.lies && self.steps < STEPS;
        could_miss.then_some(shrunk)
    }

    fn step_back(&mut self, back: u64, total: Option<u64>) -> Step<T::Record> {
        tracing::debug!(back, "the list became shorter; asking for a part of it again");
        self.steps += 1;
        self.ahead.clear();
        self.announce(total);
        self.position.offset = self.position.offset.saturating_sub(back);
        Step::Again
    }

    /// A page that has nothing new.
    fn repeated(&mut self, count: u64, total: Option<u64>) -> Step<T::Record> {
        self.ahead.clear();
        self.barren += 1;
        if self.steps > 0 && self.barren <= BARREN {
            // After a step back, what is there again is no surprise: go on behind it.
            self.position.offset += count;
            return Step::Again;
        }
        if total.is_some_and(|total| self.position.arrived >= total) {
            let end = self.verdict(None);
            return self.last(Vec::new(), total, end);
        }
        if self.barren <= REPEATS {
            return Step::Again;
        }
        let reason = match total {
            Some(_) => "the application repeats what it sent before",
            None => {
                "the application repeats what it sent before, without totalResults; if it does not page, set \
                 pagination.style: none"
            }
        };
        let end = self.verdict(Some(reason));
        self.last(Vec::new(), total, end)
    }

    fn by_cursor(&mut self, answer: Answer<T::Record>) -> Step<T::Record> {
        let total = self.announce(answer.total);
        let fresh = self.fresh(answer.records);
        self.barren = if fresh.is_empty() { self.barren + 1 } else { 0 };
        let Some(cursor) = answer.cursor else {
            let end = self.verdict(None);
            return self.last(fresh, total, end);
        };
        if self.barren > BARREN || !self.cursors.insert(cursor.clone()) {
            let end = self.verdict(Some("the application gives the same cursor again"));
            return self.last(fresh, total, end);
        }
        self.position.cursor = Some(cursor);
        if fresh.is_empty() {
            return Step::Again;
        }
        Step::Deliver(Batch { records: fresh, total, next: self.position.clone(), end: None })
    }

    fn last(&mut self, records: Vec<T::Record>, total: Option<u64>, end: End) -> Step<T::Record> {
        self.ahead.clear();
        self.position.done = true;
        Step::Deliver(Batch { records, total, next: self.position.clone(), end: Some(end) })
    }

    /// How the list ended: `broken` if it did not end by itself.
    fn verdict(&self, broken: Option<&str>) -> End {
        let (arrived, announced) = (self.position.arrived, self.announced);
        let reason = match (broken, announced) {
            (Some(reason), _) => reason.to_owned(),
            (None, Some(announced)) if arrived < announced => {
                format!("{arrived} came, but totalResults says {announced}")
            }
            (None, _) => return End::Complete,
        };
        End::Incomplete { arrived, announced, reason }
    }

    /// What did not come before. A record without id cannot be told from others, and is always new.
    fn fresh(&mut self, mut records: Vec<T::Record>) -> Vec<T::Record> {
        let seen = &mut self.seen;
        records.retain(|record| T::id(record).is_none_or(|id| seen.insert(id)));
        self.position.arrived += records.len() as u64;
        records
    }

    /// Fetches the pages that follow one of this size, as far as the list is known to go.
    fn look_ahead(&mut self, stride: u64) {
        let width = self.source.transport.concurrency().saturating_sub(1);
        let Some(total) = self.announced.filter(|_| !self.lies && self.misses < MISSES) else { return };
        let mut offset = self.ahead.back().map_or(self.position.offset, |last| last.offset + stride);
        while self.ahead.len() < width && offset < total {
            let position = Position { offset, ..Position::default() };
            let task = tokio::spawn(self.source.clone().fetch(position));
            self.ahead.push_back(Ahead { offset, task });
            offset += stride;
        }
    }
}

async fn join<R>(mut ahead: Ahead<R>) -> Result<Answer<R>, ReadError> {
    match (&mut ahead.task).await {
        Ok(answer) => answer,
        Err(error) => {
            Err(PeerError::Broken { request: "a page".to_owned(), reason: error.to_string() }.into())
        }
    }
}

impl<T: Take> Source<T> {
    async fn fetch(self, position: Position) -> Result<Answer<T::Record>, ReadError> {
        let pagination = &self.profile.pagination;
        let mut request = Request::get([self.endpoint.as_str()]);
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        if let Some(cursor) = &position.cursor {
            request = request.query("cursor", cursor);
        } else if pagination.style == Paging::Cursor {
            request = request.query("cursor", "");
        } else if pagination.style != Paging::None {
            request = request.query("startIndex", (position.offset + 1).to_string());
        }
        if pagination.style != Paging::None {
            request = request.query("count", pagination.page_size.to_string());
        }
        let (take, profile) = (&self.take, &self.profile);
        let read = |body: &Node<'_>| {
            let records =
                resources(profile, body).map(|found| found.into_iter().map(|raw| take.take(raw)).collect());
            (records, pagination.total_results.first(body).and_then(number), cursor(profile, body))
        };
        let (records, total, cursor) = self.transport.read(&request, &read).await?;
        let past = position.offset > 0 || position.cursor.is_some();
        let records: Vec<T::Record> = match records {
            Some(found) => found,
            // An empty list may be left out (RFC 7644 §3.4.2).
            None if past || total == Some(0) => Vec::new(),
            None => {
                let path = pagination.resources.as_ref().map_or("Resources", JsonPath::as_str).to_owned();
                return Err(ReadError::NotAList { request: format!("GET {}", self.endpoint), path });
            }
        };
        Ok(Answer { records, total, cursor })
    }
}

/// The cursor of the next page, if there is one.
fn cursor(profile: &Profile, body: &impl Json) -> Option<String> {
    let pagination = &profile.pagination;
    let cursor = match &pagination.next_cursor {
        Some(path) => path.first(body),
        None => body.member("nextCursor"),
    };
    let takes_cursors = matches!(pagination.style, Paging::Auto | Paging::Cursor);
    let cursor = cursor?.text()?;
    (!cursor.is_empty() && takes_cursors).then(|| cursor.to_owned())
}

/// The records of a list; `None` when there is no list.
pub(crate) fn resources<'v, T: Json>(profile: &Profile, body: &'v T) -> Option<Vec<&'v T>> {
    match &profile.pagination.resources {
        Some(path) => path.exists(body).then(|| path.elements(body)),
        None => match body.member("Resources")?.view() {
            View::List(list) => Some(list.iter().collect()),
            _ => None,
        },
    }
}

/// A count: a number, or a number as text.
fn number(value: &impl Json) -> Option<u64> {
    match value.view() {
        View::Number(text) | View::Text(text) => text.trim().parse().ok(),
        View::Null | View::Bool(_) | View::List(_) | View::Object => None,
    }
}

/// Which ids came, as 128-bit digests under a random key: 17 bytes for each, whatever its length. In 16 parts, by the
/// first bits: a set that grows is there twice for a while.
#[derive(Default)]
struct Seen {
    ids: [HashSet<u128>; 16],
    keys: (RandomState, RandomState),
}

impl Seen {
    /// Whether the id is new.
    fn insert(&mut self, id: &str) -> bool {
        let (high, low) = (self.keys.0.hash_one(id), self.keys.1.hash_one(id));
        let part = usize::try_from(high >> 60).ok().and_then(|part| self.ids.get_mut(part));
        part.is_some_and(|part| part.insert(u128::from(high) << 64 | u128::from(low)))
    }
}
