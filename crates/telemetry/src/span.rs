//! The span of one request.

use std::future::Future;

use http::HeaderMap;
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::context::{TraceContext, current, extract, scope, sync_scope};

/// The span of a request and the trace that it belongs to.
#[derive(Debug, Clone)]
pub struct RequestTrace {
    span: Span,
    context: TraceContext,
}

/// Begins a request's span below the caller's trace. Both names come from the contract: what the
/// wire says is not let in here.
pub fn request(headers: &HeaderMap, service: &'static str, method: &'static str) -> RequestTrace {
    let span = tracing::info_span!(
        target: "trellis",
        "rpc",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = field::Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        code = field::Empty,
        trace_id = field::Empty,
    );
    let incoming = extract(headers);
    let context = if crate::init::exporting() {
        if let Some(parent) = incoming {
            // Fails only where the span is filtered out; the incoming trace is then passed on.
            let _ = span.set_parent(parent.to_remote());
        }
        TraceContext::of_span(&span).or(incoming)
    } else {
        incoming
    };
    let context = context.unwrap_or_else(TraceContext::random);
    if !span.is_disabled() {
        let id = u128::from_be_bytes(context.trace_id);
        span.record("trace_id", format_args!("{id:032x}"));
    }
    RequestTrace { span, context }
}

impl RequestTrace {
    pub fn span(&self) -> &Span {
        &self.span
    }

    pub fn context(&self) -> TraceContext {
        self.context
    }

    /// How the request ended: the name of its gRPC code. `fault` marks the service's own faults.
    pub fn ended(&self, code: &'static str, fault: bool) {
        self.span.record("code", code);
        if fault {
            self.span.record("otel.status_code", "ERROR");
        }
    }

    /// Runs one step of a stream within the span and the trace.
    pub fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        sync_scope(self.context, || self.span.in_scope(work))
    }

    /// Runs a future within the span and the trace.
    pub fn run<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        scope(self.context, future.instrument(self.span.clone()))
    }
}

/// Takes the current span and trace along into a task of its own: `spawn(carry(work))`.
pub fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let (span, context) = (Span::current(), current());
    async move {
        let future = future.instrument(span);
        match context {
            Some(context) => scope(context, future).await,
            None => future.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::current_trace_id;

    #[tokio::test]
    async fn a_request_without_a_trace_gets_one_that_spawned_work_keeps() {
        let trace = request(&HeaderMap::new(), "s", "s/m");
        let id = trace.context().trace_id;
        trace
            .run(async move {
                assert_eq!(current_trace_id(), Some(id));
                let kept = tokio::spawn(carry(async { current_trace_id() })).await.unwrap();
                assert_eq!(kept, Some(id));
            })
            .await;
    }
}
