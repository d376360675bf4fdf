//! The tower layer: a request goes on with its caller, or is answered here with its body unread.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::{BoxFuture, Either, FutureExt};
use http::{Request, Response, header::AUTHORIZATION};
use kernel::Connection;
use tonic::Status;
use tower::{Layer, Service};

use crate::{
    admission::{Admit, Row, row},
    authenticator::{Authenticator, Pending},
    bearer::Bearer,
    caller::Caller,
    error::AuthError,
};

/// Puts [`Auth`] before a service.
#[derive(Clone)]
pub struct AuthLayer {
    authenticator: Arc<Authenticator>,
}

impl AuthLayer {
    pub fn new(authenticator: Arc<Authenticator>) -> Self {
        Self { authenticator }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner, authenticator: Arc::clone(&self.authenticator) }
    }
}

/// A service that only authenticated requests reach.
#[derive(Clone)]
pub struct Auth<S> {
    inner: S,
    authenticator: Arc<Authenticator>,
}

type Answer<B, E> = Result<Response<B>, E>;

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Auth<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    ReqBody: Send + 'static,
    ResBody: Default + Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Either<
        S::Future,
        Either<Ready<Answer<ResBody, S::Error>>, BoxFuture<'static, Answer<ResBody, S::Error>>>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        request.extensions_mut().remove::<Arc<Caller>>();
        request.extensions_mut().remove::<Bearer>();
        let row = match of_request(&request) {
            None => return refuse(AuthError::UnknownMethod),
            Some(Row { admit: Admit::Public, .. }) => {
                request.headers_mut().remove(AUTHORIZATION);
                return Either::Left(self.inner.call(request));
            }
            Some(row) => row,
        };
        let connection = request.extensions().get::<Connection>();
        let connection = connection.unwrap_or(&Connection::UNKNOWN);
        match self.authenticator.check_now(row, request.headers(), connection) {
            Ok(caller) => {
                admit(&mut request, row, caller);
                Either::Left(self.inner.call(request))
            }
            Err(Pending::Refused(error)) => refuse(error),
            Err(Pending::Keys(_)) => {
                let authenticator = Arc::clone(&self.authenticator);
                // The one that was polled ready goes into the future; its clone stays.
                let fresh = self.inner.clone();
                let mut inner = std::mem::replace(&mut self.inner, fresh);
                let (headers, connection) = (request.headers().clone(), connection.clone());
                let waiting = async move {
                    match authenticator.check(row, &headers, &connection).await {
                        Ok(caller) => {
                            admit(&mut request, row, caller);
                            inner.call(request).await
                        }
                        Err(error) => Ok(Status::from(error).into_http()),
                    }
                };
                Either::Right(Either::Right(waiting.boxed()))
            }
        }
    }
}

/// The path exactly as the table spells it, and no query: the router would drop one.
fn of_request<B>(request: &Request<B>) -> Option<&'static Row> {
    let uri = request.uri();
    if uri.query().is_some() { None } else { row(uri.path()) }
}

/// The token goes no further: nothing behind this can log it, and only where the table says so pass it on.
fn admit<B>(request: &mut Request<B>, row: &Row, caller: Arc<Caller>) {
    let token = request.headers_mut().remove(AUTHORIZATION);
    if let Some(token) = token.filter(|_| row.passes_on()) {
        let bearer = Bearer::new(token, request.headers());
        request.extensions_mut().insert(bearer);
    }
    request.extensions_mut().insert(caller);
}

fn refuse<A, B: Default, E, C>(error: AuthError) -> Either<A, Either<Ready<Answer<B, E>>, C>> {
    Either::Right(Either::Left(ready(Ok(Status::from(error).into_http()))))
}
