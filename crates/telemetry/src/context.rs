//! The W3C trace context: read from a request, kept for its time, written into what it calls.
//!
//! `tracestate` is dropped on purpose: it is free text from outside, and the standard allows it.

use std::fmt;
use std::future::Future;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Which trace a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub sampled: bool,
}

tokio::task_local! {
    static CURRENT: TraceContext;
}

impl TraceContext {
    /// A new trace, not sampled: it ties log lines, audit records and calls together.
    pub(crate) fn random() -> Self {
        let ids = RandomIdGenerator::default();
        Self {
            trace_id: ids.new_trace_id().to_bytes(),
            span_id: ids.new_span_id().to_bytes(),
            sampled: false,
        }
    }

    /// Strict: 55 characters, lower case, version 00 or a later one that begins like it.
    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('-');
        let version: [u8; 1] = hex(parts.next()?)?;
        let trace_id: [u8; 16] = hex(parts.next()?)?;
        let span_id: [u8; 8] = hex(parts.next()?)?;
        let [flags]: [u8; 1] = hex(parts.next()?)?;
        let more = parts.next().is_some();
        let known = version != [0xff] && !(version == [0] && more);
        let set = trace_id != [0; 16] && span_id != [0; 8];
        (known && set).then_some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }

    pub(crate) fn to_remote(self) -> opentelemetry::Context {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        opentelemetry::Context::new().with_remote_span_context(SpanContext::new(
            TraceId::from_bytes(self.trace_id),
            SpanId::from_bytes(self.span_id),
            flags,
            true,
            TraceState::NONE,
        ))
    }

    /// What OpenTelemetry knows of a span, when it is exported at all.
    pub(crate) fn of_span(span: &tracing::Span) -> Option<Self> {
        let context = span.context();
        let span = context.span();
        let found = span.span_context();
        found.is_valid().then(|| Self {
            trace_id: found.trace_id().to_bytes(),
            span_id: found.span_id().to_bytes(),
            sampled: found.is_sampled(),
        })
    }

    fn header(self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

/// As `traceparent` is written.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (u128::from_be_bytes(self.trace_id), u64::from_be_bytes(self.span_id));
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(self.sampled))
    }
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = *byte << 4 | value;
        }
    }
    Some(out)
}

/// The caller's trace, if it sent exactly one that can be read.
pub fn extract(headers: &HeaderMap) -> Option<TraceContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next()?;
    match values.next() {
        Some(_) => None,
        None => TraceContext::parse(value.to_str().ok()?),
    }
}

/// Writes the current trace into the headers of a call. For tonic: `inject(meta.as_mut())`.
pub fn inject(headers: &mut HeaderMap) {
    if let Some(value) = current().and_then(TraceContext::header) {
        headers.insert(TRACEPARENT, value);
    }
}

/// The trace of the request being served: the exported span's where there is one.
pub fn current() -> Option<TraceContext> {
    if crate::init::exporting()
        && let Some(found) = TraceContext::of_span(&tracing::Span::current())
    {
        return Some(found);
    }
    CURRENT.try_with(|c| *c).ok()
}

/// For audit records.
pub fn current_trace_id() -> Option<[u8; 16]> {
    current().map(|c| c.trace_id)
}

/// Runs a future within a trace.
pub async fn scope<F: Future>(context: TraceContext, future: F) -> F::Output {
    CURRENT.scope(context, future).await
}

pub(crate) fn sync_scope<T>(context: TraceContext, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(context, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_traceparent_survives_the_way_in_and_out() {
        let context = extract(&headers(&[PARENT])).unwrap();
        assert!(context.sampled);
        assert_eq!(context.to_string(), PARENT);
    }

    #[test]
    fn odd_traceparents_are_ignored() {
        for odd in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf9-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        ] {
            assert_eq!(extract(&headers(&[odd])), None, "{odd}");
        }
        assert_eq!(extract(&headers(&[PARENT, PARENT])), None);
        let later = format!("01{}-more", PARENT.trim_start_matches("00"));
        assert!(extract(&headers(&[&later])).is_some());
    }

    #[tokio::test]
    async fn a_call_made_within_a_request_carries_its_trace() {
        let context = extract(&headers(&[PARENT])).unwrap();
        scope(context, async {
            let mut out = HeaderMap::new();
            inject(&mut out);
            assert_eq!(out.get(TRACEPARENT).unwrap(), PARENT);
            assert_eq!(current_trace_id(), Some(context.trace_id));
        })
        .await;
        assert_eq!(current_trace_id(), None);
    }

    #[test]
    fn new_traces_differ() {
        assert_ne!(TraceContext::random().trace_id, TraceContext::random().trace_id);
    }
}
