//! Prometheus metrics: requests and their latencies, per source and operation.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// All metrics.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    source: String,
    operation: String,
    status: u16,
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
        Self { registry, requests, durations }
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
    pub(crate) fn text(&self) -> String {
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
