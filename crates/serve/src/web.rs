//! The door: gRPC over HTTP/2, gRPC-Web where it is configured, and nothing else.

use std::sync::Arc;

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use tonic::body::Body;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{BoxError, Layer, Service};

use crate::WebConfig;
use crate::front::{Front, Reply};

const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization,content-type,grpc-timeout,purpose-of-use,traceparent,x-grpc-web,x-user-agent",
);
const EXPOSED: HeaderValue =
    HeaderValue::from_static("grpc-status,grpc-message,grpc-status-details-bin");
const GRPC_WEB: HeaderValue = HeaderValue::from_static("application/grpc-web");

/// The origins that may call; none of them: gRPC-Web is off.
#[derive(Debug, Clone)]
pub(crate) struct Origins(Option<Arc<[HeaderValue]>>);

pub(crate) struct Door<S> {
    front: Front<S>,
    web: GrpcWebService<Front<S>>,
    origins: Origins,
}

impl Origins {
    pub fn new(config: Option<&WebConfig>) -> Self {
        let values = |web: &WebConfig| {
            web.origins.iter().filter_map(|o| HeaderValue::from_str(o).ok()).collect()
        };
        Self(config.map(values))
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Err: an origin that is not listed. Ok(None): not a browser on another page.
    fn of(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, ()> {
        let mut sent = headers.get_all(header::ORIGIN).iter();
        match (sent.next(), sent.next()) {
            (None, _) => Ok(None),
            (Some(one), None) if self.0.iter().any(|all| all.contains(one)) => {
                Ok(Some(one.clone()))
            }
            _ => Err(()),
        }
    }
}

impl<S> Door<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
{
    pub fn new(front: Front<S>, origins: Origins) -> Self {
        Self { web: GrpcWebLayer::new().layer(front.clone()), front, origins }
    }

    pub fn call(&self, req: Request<Body>) -> Reply {
        let kind = req.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let kind = kind.unwrap_or_default();
        let web = kind.starts_with(GRPC_WEB.as_bytes());
        if !web && req.version() == Version::HTTP_2 && is_grpc(kind) {
            if req.method() != Method::POST {
                return plain(StatusCode::METHOD_NOT_ALLOWED);
            }
            return self.front.begin(req);
        }
        if !self.origins.is_on() {
            return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        let Ok(origin) = self.origins.of(req.headers()) else {
            return plain(StatusCode::FORBIDDEN);
        };
        match origin {
            Some(origin) if req.method() == Method::OPTIONS => preflight(origin),
            _ if !web => plain(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            None => Box::pin(self.web.clone().call(req)),
            Some(origin) => {
                let reply = self.web.clone().call(req);
                Box::pin(async move {
                    let mut response = reply.await?;
                    allow(response.headers_mut(), origin);
                    Ok(response)
                })
            }
        }
    }
}

/// `application/grpc`, alone or with `+proto` or a parameter.
pub(crate) fn is_grpc(kind: &[u8]) -> bool {
    let rest = kind.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(header::VARY, HeaderValue::from_name(header::ORIGIN));
}

fn preflight(origin: HeaderValue) -> Reply {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let set: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
    ];
    headers.extend(set);
    allow(headers, origin);
    Box::pin(std::future::ready(Ok(response)))
}

fn plain(status: StatusCode) -> Reply {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    Box::pin(std::future::ready(Ok(response)))
}
