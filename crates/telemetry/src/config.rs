//! What an operator may say about telemetry.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use crate::Error;

/// How log lines look on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Human,
    Json,
}

/// Telemetry's configuration. Everything has a default, so that an empty table is valid.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `service.name` of every trace and metric.
    pub service_name: String,
    pub format: Format,
    /// OTLP over gRPC to a collector on this machine, `http://127.0.0.1:4317`. Unset: `OTEL_EXPORTER_OTLP_ENDPOINT`, else no export.
    pub otlp_endpoint: Option<String>,
    /// Directives of tracing-subscriber. Unset: `TRELLIS_LOG`, then `RUST_LOG`, then `info`.
    pub filter: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service_name: "trellis".to_owned(),
            format: Format::Human,
            otlp_endpoint: None,
            filter: None,
        }
    }
}

/// Libraries that print headers, bodies or SQL below this level. A token or a name must not land in
/// a log because someone asked for `debug`.
const QUIET: [&str; 12] = [
    "h2=info",
    "hyper=info",
    "hyper_util=info",
    "tonic=info",
    "tonic_web=info",
    "tower=info",
    "axum=info",
    "rustls=info",
    "reqwest=info",
    "sqlx=warn",
    "opentelemetry=warn",
    "opentelemetry_sdk=warn",
];

impl Config {
    pub(crate) fn env_filter(&self) -> Result<EnvFilter, Error> {
        let wanted = self
            .filter
            .clone()
            .or_else(|| env("TRELLIS_LOG"))
            .or_else(|| env("RUST_LOG"))
            .unwrap_or_else(|| "info".to_owned());
        let bad = |why: String| Error::Filter { filter: wanted.clone(), why };
        EnvFilter::builder().parse(&wanted).map_err(|e| bad(e.to_string()))?;
        if wanted.contains('[') {
            return Err(bad("spans and fields would open every library within them".to_owned()));
        }
        // The longest target wins: one that begins with a quiet one's would open it again.
        let kept: Vec<_> = wanted.split(',').filter(|one| !opens(one)).collect();
        let kept = EnvFilter::builder().parse(kept.join(","));
        let filter = kept.map_err(|e| bad(e.to_string()))?;
        QUIET.iter().try_fold(filter, |filter, quiet| {
            quiet.parse().map(|d| filter.add_directive(d)).map_err(|_| bad((*quiet).to_owned()))
        })
    }

    pub(crate) fn endpoint(&self) -> Result<Option<String>, Error> {
        let found = self.otlp_endpoint.clone().or_else(|| env("OTEL_EXPORTER_OTLP_ENDPOINT"));
        let Some(endpoint) = found else { return Ok(None) };
        let bad = |why| Error::Endpoint { endpoint: endpoint.clone(), why };
        let uri: http::Uri = endpoint.parse().map_err(|_| bad("not a URL"))?;
        match (uri.scheme_str(), uri.host()) {
            (Some("http"), Some(host)) if is_loopback(host) => Ok(Some(endpoint)),
            (Some("http"), Some(_)) => {
                Err(bad("plaintext leaves this machine: run a collector beside the service"))
            }
            (Some("https"), _) => {
                Err(bad("only http is spoken: run a collector beside the service"))
            }
            _ => Err(bad("must be http://host:port")),
        }
    }
}

/// Whether a URL's host is this very machine.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a directive is of a library that is kept quiet, or of something within it.
fn opens(directive: &str) -> bool {
    let mut names = QUIET.iter().filter_map(|quiet| quiet.split_once('='));
    names.any(|(name, _)| directive.trim().starts_with(name))
}

/// An empty variable is an unset one, as OpenTelemetry's specification says.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(filter: Option<&str>, endpoint: Option<&str>) -> Config {
        Config {
            filter: filter.map(str::to_owned),
            otlp_endpoint: endpoint.map(str::to_owned),
            ..Config::default()
        }
    }

    #[test]
    fn a_filter_that_does_not_parse_is_named_in_the_error() {
        let error = with(Some("info,trellis=loudly"), None).env_filter().unwrap_err();
        assert!(error.to_string().contains("trellis=loudly"), "{error}");
    }

    #[test]
    fn asking_for_trace_does_not_open_the_libraries_that_print_headers() {
        let filter = with(Some("trace,h2=trace"), None).env_filter().unwrap().to_string();
        assert!(filter.contains("h2=info"), "{filter}");
        assert!(!filter.contains("h2=trace"), "{filter}");
    }

    #[test]
    fn asking_for_what_is_within_such_a_library_does_not_open_it_either() {
        let wanted =
            ["info,h2::codec=trace,hyper_util::client=trace,sqlx", "query,trellis::x=debug"];
        let filter = with(Some(&wanted.join("::")), None).env_filter().unwrap().to_string();
        for opened in ["codec", "client", "query"] {
            assert!(!filter.contains(opened), "{opened}: {filter}");
        }
        assert!(filter.contains("trellis::x=debug") && filter.contains("sqlx=warn"), "{filter}");
        for span in ["[rpc]=trace", "info,trellis[{person}]=trace"] {
            let error = with(Some(span), None).env_filter().unwrap_err().to_string();
            assert!(error.contains("spans"), "{error}");
        }
    }

    #[test]
    fn an_endpoint_is_a_plain_http_url_of_this_machine() {
        for bad in [
            "collector",
            "https://127.0.0.1:4317",
            "ftp://x",
            "http://",
            ":::",
            "http://collector:4317",
            "http://10.0.0.1:4317",
            "http://localhost.example:4317",
            "http://127.0.0.1.example:4317",
        ] {
            assert!(with(None, Some(bad)).endpoint().is_err(), "{bad}");
        }
        for good in ["http://127.0.0.1:4317", "http://[::1]:4317", "http://localhost:4317"] {
            assert_eq!(with(None, Some(good)).endpoint().unwrap().as_deref(), Some(good));
        }
    }
}
