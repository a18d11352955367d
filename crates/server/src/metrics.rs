//! Prometheus metrics: requests and their latencies, per source and operation, and what the request log kept.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use rollcall_service::request_log::RequestLogCounts;

/// All metrics.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram, fn() -> Histogram>,
    logged: Family<LoggedLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    source: String,
    operation: String,
    status: u16,
}

/// What became of a request that was to be kept: `written`, `over_rate`, `queue_full`, `failed`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoggedLabels {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    source: String,
    operation: String,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("rollcall");
        let requests = Family::<RequestLabels, Counter>::default();
        // 0.1 ms to 13 s.
        let durations: Family<_, _, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_1, 2.0, 18)));
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time to answer",
            Unit::Seconds,
            durations.clone(),
        );
        let logged = Family::<LoggedLabels, Counter>::default();
        let help = "Requests for the request log: written, or left out and why";
        registry.register("request_log", help, logged.clone());
        Self { registry, requests, durations, logged }
    }

    /// Counts a request. `source` is `-` unless the caller was let in: strangers add no label values.
    pub(crate) fn observe(
        &self,
        source: &str,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let operation = format!("{} {route}", known(method));
        let labels = OperationLabels { source: source.to_owned(), operation };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
        let OperationLabels { source, operation } = labels;
        self.requests.get_or_create(&RequestLabels { source, operation, status: status.as_u16() }).inc();
    }

    /// The text of `/metrics`.
    pub(crate) fn text(&self, log: RequestLogCounts) -> String {
        let RequestLogCounts { written, over_rate, queue_full, failed } = log;
        for (outcome, count) in
            [("written", written), ("over_rate", over_rate), ("queue_full", queue_full), ("failed", failed)]
        {
            let labels = LoggedLabels { outcome: outcome.to_owned() };
            self.logged.get_or_create(&labels).inner().store(count, Ordering::Relaxed);
        }
        let mut out = String::new();
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// The method, or `OTHER` for one that a stranger made up.
fn known(method: &Method) -> &str {
    match method.as_str() {
        name @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => name,
        _ => "OTHER",
    }
}
