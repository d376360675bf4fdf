//! A gRPC service of one unary RPC, as the code generator would have written it.

use std::{
    convert::Infallible,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use prost::Message;
use tonic::{
    Status,
    body::Body,
    server::{Grpc, NamedService},
};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

/// What answers it.
pub trait Rpc: Send + Sync + 'static {
    const SERVICE: &'static str;
    const PATH: &'static str;
    type In: Message + Default + 'static;
    type Out: Message + Default + 'static;

    fn answer(&self, asked: Self::In) -> impl Future<Output = Result<Self::Out, Status>> + Send;
}

pub struct Unary<R>(Arc<R>, PhantomData<R>);

impl<R> Unary<R> {
    pub fn new(rpc: R) -> Self {
        Self(Arc::new(rpc), PhantomData)
    }
}

impl<R> Clone for Unary<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<R: Rpc> NamedService for Unary<R> {
    const NAME: &'static str = R::SERVICE;
}

impl<R: Rpc> Service<Request<Body>> for Unary<R> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let rpc = Arc::clone(&self.0);
        Box::pin(async move {
            if request.uri().path() != R::PATH {
                return Ok(Status::unimplemented("").into_http());
            }
            let mut grpc = Grpc::new(ProstCodec::<R::Out, R::In>::default())
                .max_decoding_message_size(serve::MAX_DECODE)
                .max_encoding_message_size(serve::MAX_ENCODE);
            let answer = service_fn(move |asked: tonic::Request<R::In>| {
                let rpc = Arc::clone(&rpc);
                async move { rpc.answer(asked.into_inner()).await.map(tonic::Response::new) }
            });
            Ok(grpc.unary(answer, request).await)
        })
    }
}
