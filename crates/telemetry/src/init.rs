//! Starting and stopping telemetry.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Runtime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::{Config, Format, metrics, panic};

/// One export may take so long, and so may the flush at the end.
const EXPORT: Duration = Duration::from_secs(3);

static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Is there a collector to send to? Without one the hot path skips all that it would need.
pub(crate) fn exporting() -> bool {
    EXPORTING.load(Ordering::Relaxed)
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("telemetry filter {filter:?}: {why}")]
    Filter { filter: String, why: String },
    #[error("telemetry otlp_endpoint {endpoint:?}: {why}")]
    Endpoint { endpoint: String, why: &'static str },
    #[error("telemetry exporter: {0}")]
    Exporter(String),
    #[error("telemetry was already started in this process")]
    AlreadyStarted,
}

/// Keeps the exporters alive; flushes them, within a bound, when it is dropped.
#[derive(Debug)]
#[must_use = "traces and metrics end when the guard is dropped"]
pub struct Guard(Option<Exporters>);

#[derive(Debug)]
struct Exporters {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    /// Its own, so that a slow collector never takes a turn from a request, and so that a flush can
    /// wait from any runtime.
    runtime: Runtime,
}

/// Starts telemetry for the process, once. Works outside of a runtime too.
pub fn init(config: Config) -> Result<Guard, Error> {
    let filter = config.env_filter()?;
    let exporters = config.endpoint()?.map(|e| Exporters::new(&config, &e)).transpose()?;
    let traces = exporters.as_ref().map(|e| {
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracer(e.traces.tracer("trellis"))
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.format {
        // Colours are for people who look, not for a file.
        Format::Human => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let subscriber = Registry::default().with(filter).with(traces).with(lines);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| Error::AlreadyStarted)?;
    if let Some(e) = &exporters {
        metrics::install(&e.metrics.meter("trellis"));
        EXPORTING.store(true, Ordering::Relaxed);
    }
    panic::install_hook();
    Ok(Guard(exporters))
}

impl Exporters {
    fn new(config: &Config, endpoint: &str) -> Result<Self, Error> {
        let failed = |e: &dyn std::fmt::Display| Error::Exporter(e.to_string());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("telemetry")
            .enable_all()
            .build()
            .map_err(|e| failed(&e))?;
        let _inside = runtime.enter();
        let spans = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(EXPORT)
            .build()
            .map_err(|e| failed(&e))?;
        let numbers = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(EXPORT)
            .build()
            .map_err(|e| failed(&e))?;
        let resource = Resource::builder().with_service_name(config.service_name.clone()).build();
        let traces = SdkTracerProvider::builder()
            .with_batch_exporter(spans)
            .with_resource(resource.clone())
            .build();
        let metrics = SdkMeterProvider::builder()
            .with_periodic_exporter(numbers)
            .with_resource(resource)
            .build();
        drop(_inside);
        Ok(Self { traces, metrics, runtime })
    }
}

impl Guard {
    /// The same as dropping it; the name says why.
    pub fn shutdown(self) {}
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(Exporters { traces, metrics, runtime }) = self.0.take() else { return };
        EXPORTING.store(false, Ordering::Relaxed);
        let (done, wait) = mpsc::channel();
        // On a thread of its own: the metrics' shutdown takes no bound, and this one must end.
        std::thread::spawn(move || {
            let _ = traces.shutdown_with_timeout(EXPORT);
            let _ = metrics.shutdown();
            let _ = done.send(());
        });
        let _ = wait.recv_timeout(EXPORT + Duration::from_millis(500));
        runtime.shutdown_background();
    }
}
