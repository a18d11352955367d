//! Connections: requests are read and recorded, answered by their path, and let fail as planned.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;

use super::answer::{Answer, discovery, error};
use super::faults::{Failure, RetryAfter};
use super::{Seen, Shared, State, change, list, token};

/// Path of the base URL.
pub(super) const BASE: &str = "/scim/v2";
/// Requests that are kept.
const KEPT: usize = 100_000;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Accepts connections for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| handle(Arc::clone(&shared), request));
            // A connection that ends early is what some tests are about.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// An error closes the connection without an answer.
async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let seen = read(&head, &body);
    shared.count.fetch_add(1, Ordering::SeqCst);
    let (answer, failure, latency) = {
        let mut state = shared.state.lock();
        if state.seen.len() < KEPT {
            state.seen.push(seen.clone());
        }
        let failure = take_failure(&mut state, &seen);
        let done = matches!(
            failure,
            None | Some(Failure::Cut | Failure::HalfJson | Failure::Slow(_) | Failure::DoAndDrop)
        );
        let answer = match (done, &failure) {
            (true, None) => kept(&mut state, &seen, head.uri.to_string()),
            (true, Some(_)) => answer(&mut state, &seen),
            (false, failure) => failed(&state, failure.as_ref()),
        };
        (answer, failure, state.faults.latency)
    };
    if latency > Duration::ZERO {
        tokio::time::sleep(latency).await;
    }
    send(answer, failure.as_ref())
}

fn read(head: &hyper::http::request::Parts, body: &Bytes) -> Seen {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy().into_owned();
    let query = head.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let query = query.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let text = String::from_utf8_lossy(body).into_owned();
    let header = |(name, value): (&hyper::http::HeaderName, &hyper::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Seen {
        method: head.method.to_string(),
        path: path.strip_prefix(BASE).filter(|path| path.starts_with('/')).unwrap_or(&path).to_owned(),
        query: query.map(|(name, value)| (decode(name), decode(value))).collect(),
        headers: head.headers.iter().map(header).collect(),
        body: serde_json::from_str(&text).ok(),
        text,
    }
}

fn take_failure(state: &mut State, seen: &Seen) -> Option<Failure> {
    let fits = |planned: &super::Planned| {
        (planned.method == "*" || planned.method == seen.method) && seen.path.starts_with(&planned.path)
    };
    let at = state.failures.iter().position(fits)?;
    Some(state.failures.remove(at).failure)
}

/// The same answer as before to a list that nothing has changed since, if answers are kept.
fn kept(state: &mut State, seen: &Seen, target: String) -> Answer {
    let is_list = seen.method == "GET" && matches!(seen.path.as_str(), "/Users" | "/Groups");
    if let Some(known) = state.kept.as_mut() {
        if seen.method != "GET" {
            known.clear();
        } else if let Some(answer) = known.get(&target) {
            return answer.clone();
        }
    }
    let answer = answer(state, seen);
    if let Some(known) = state.kept.as_mut().filter(|_| is_list) {
        known.insert(target, answer.clone());
    }
    answer
}

/// What the application does when nothing fails.
fn answer(state: &mut State, seen: &Seen) -> Answer {
    if seen.path == token::PATH {
        return token::give(state);
    }
    let faults = &state.faults;
    let authorization = seen.header("authorization");
    let last = format!("Bearer token-{}", state.tokens);
    let refused = faults.authorization.as_deref().is_some_and(|wanted| authorization != Some(wanted))
        || faults.needs_last_token && authorization != Some(&last);
    if refused {
        return error(faults, 401, None, "the credentials are not accepted");
    }
    if faults.wants_user_agent && seen.header("user-agent").is_none() {
        return Answer::html(403);
    }
    if faults.no_get_body && seen.method == "GET" && !seen.text.is_empty() {
        return error(faults, 400, Some("invalidSyntax"), "a GET has no body");
    }
    if let Some(found) = discovery(faults, &seen.path).filter(|_| faults.discovery && seen.method == "GET") {
        return Answer::json(200, &found);
    }
    let segments: Vec<&str> = seen.path.splitn(3, '/').skip(1).collect();
    match (seen.method.as_str(), segments.as_slice()) {
        ("GET", [endpoint @ ("Users" | "Groups")]) => list::list(state, endpoint, seen),
        ("POST", [endpoint @ ("Users" | "Groups")]) => change::create(state, endpoint, seen),
        ("GET", [endpoint @ ("Users" | "Groups"), id]) => change::read(state, endpoint, id),
        ("PUT" | "PATCH" | "DELETE", [endpoint @ ("Users" | "Groups"), id]) => {
            change::change(state, endpoint, id, seen)
        }
        _ => Answer::html(404),
    }
}

/// What it answers when it fails.
fn failed(state: &State, failure: Option<&Failure>) -> Answer {
    let faults = &state.faults;
    match failure {
        Some(Failure::Status(status)) => error(faults, *status, None, "as planned"),
        Some(Failure::Scim(status, kind)) => error(faults, *status, Some(kind), "as planned"),
        Some(Failure::Wait(status, after)) => {
            let answer = error(faults, *status, None, "come again later");
            match after {
                RetryAfter::Seconds(seconds) => answer.with("retry-after", seconds.to_string()),
                RetryAfter::Text(text) => answer.with("retry-after", text.clone()),
                RetryAfter::Date(seconds) => {
                    let date = |second: u64| {
                        format!("Sun, 06 Nov 1994 08:{:02}:{:02} GMT", second / 60, second % 60)
                    };
                    answer.with("date", date(0)).with("retry-after", date(*seconds))
                }
            }
        }
        Some(Failure::Html(status)) => Answer::html(*status),
        Some(Failure::Huge(bytes)) => {
            Answer { status: 200, headers: Vec::new(), body: format!("\"{}\"", "x".repeat(*bytes)).into() }
        }
        Some(Failure::Redirect(status, location)) => {
            Answer::empty(*status).with("location", location.clone())
        }
        _ => Answer::empty(500),
    }
}

fn send(answer: Answer, failure: Option<&Failure>) -> Result<Response<Body>, io::Error> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let bytes = answer.body;
    let whole = |bytes: Bytes| Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync();
    let body = match failure {
        Some(Failure::Drop | Failure::DoAndDrop) => return Err(io::Error::other("dropped as planned")),
        Some(Failure::Cut) => {
            response = response.header("content-length", bytes.len());
            let half = bytes.slice(..bytes.len() / 2);
            let frames = stream::iter([Ok(Frame::data(half)), Err(io::Error::other("cut as planned"))]);
            StreamBody::new(frames).boxed_unsync()
        }
        Some(Failure::HalfJson) => whole(bytes.slice(..bytes.len() / 2)),
        Some(Failure::Slow(time)) => {
            let pieces: Vec<Bytes> =
                bytes.chunks(bytes.len().div_ceil(10).max(1)).map(Bytes::copy_from_slice).collect();
            let pause = *time / u32::try_from(pieces.len().max(1)).unwrap_or(1);
            let frames = stream::iter(pieces).then(move |piece| async move {
                tokio::time::sleep(pause).await;
                Ok(Frame::data(piece))
            });
            StreamBody::new(frames).boxed_unsync()
        }
        _ => whole(bytes),
    };
    response.body(body).map_err(io::Error::other)
}
