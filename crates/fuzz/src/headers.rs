//! What stands in the head of a request, and the first bytes of a connection.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use identity::PURPOSE_OF_USE;

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const TRACE: HeaderName = HeaderName::from_static("traceparent");
/// 99,999,999 hours.
const LONGEST: Duration = Duration::from_secs(99_999_999 * 3_600);

pub fn run(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(TIMEOUT, value.clone());
    headers.insert(TRACE, value.clone());
    headers.insert(HeaderName::from_static(PURPOSE_OF_USE), value.clone());
    if let Some(given) = serve::fuzzing::timeout(&headers) {
        assert!(given.is_some_and(|given| given <= LONGEST), "a timeout that is none");
        assert!((2..=9).contains(&data.len()), "a timeout has 1 to 8 digits and a unit");
    }
    if let Some(trace) = telemetry::extract(&headers) {
        assert!(trace.trace_id != [0; 16] && trace.span_id != [0; 8], "a trace that is none");
        assert!(trace.to_string().get(3..52) == value.to_str().ok().and_then(|t| t.get(3..52)));
    }
    if let Ok(asked) = identity::fuzzing::purposes(&headers) {
        assert!(asked.is_some_and(|asked| !asked.is_empty()), "purposes that narrow nothing");
        assert!(data.len() <= 512, "purposes beyond what is read");
    }
    for header in [TIMEOUT, TRACE] {
        headers.append(header, value.clone());
    }
    assert!(serve::fuzzing::timeout(&headers).is_none(), "two timeouts");
    assert!(telemetry::extract(&headers).is_none(), "two traces");
    let grpc = serve::fuzzing::is_grpc(data);
    assert!(!grpc || data.starts_with(b"application/grpc"), "a type that is not gRPC's");
}

/// A connection's first bytes are read once more, all of them.
pub fn sniff(data: &[u8]) {
    let looked = futures::executor::block_on(serve::fuzzing::sniffed(data));
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    match looked {
        Some((http2, read)) => {
            assert!(read == data, "bytes are lost by the look");
            assert!(http2 == data.starts_with(preface), "another protocol");
        }
        None => assert!(preface.starts_with(data), "a connection is lost by the look"),
    }
}
