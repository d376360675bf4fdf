//! One service as another sees it: a channel, and a token for each call.

use std::sync::Arc;

use identity::{Bearer, ServiceTokens};
use tonic::{
    Request, Status,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// A service to call.
#[derive(Debug, Clone)]
pub struct Peer {
    channel: Channel,
    followed: Channel,
    authorized: Authorized,
}

/// Adds the service token, the trace and what is left of the deadline.
#[derive(Debug, Clone)]
pub struct Authorized {
    tokens: Arc<ServiceTokens>,
    callee: &'static str,
}

impl Interceptor for Authorized {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let mut request = serve::Outgoing.call(request)?;
        let authorization = self
            .tokens
            .authorization(self.callee)
            .map_err(|_| Status::unavailable("no service token"))?;
        let headers: &mut http::HeaderMap = request.metadata_mut().as_mut();
        headers.insert(http::header::AUTHORIZATION, authorization);
        Ok(request)
    }
}

/// Adds the caller's own token, the trace and what is left of the deadline. No service token is made for it:
/// to the peer it is the caller who asks.
#[derive(Debug, Clone)]
pub struct OnBehalf(Bearer);

impl Interceptor for OnBehalf {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let mut request = serve::Outgoing.call(request)?;
        self.0.put(request.metadata_mut().as_mut());
        Ok(request)
    }
}

impl Peer {
    pub fn new(channel: Channel, tokens: Arc<ServiceTokens>, callee: &'static str) -> Self {
        let followed = channel.clone();
        Self { channel, followed, authorized: Authorized { tokens, callee } }
    }

    /// Streams have a channel of their own: a connection over which something comes is not asked whether the other
    /// end hears us still, and questions that it hears no more would wait for the other end to notice.
    #[must_use]
    pub fn followed_over(self, followed: Channel) -> Self {
        Self { followed, ..self }
    }

    pub fn service(&self) -> InterceptedService<Channel, Authorized> {
        InterceptedService::new(self.channel.clone(), self.authorized.clone())
    }

    /// What it tells without being asked again.
    pub fn followed(&self) -> InterceptedService<Channel, Authorized> {
        InterceptedService::new(self.followed.clone(), self.authorized.clone())
    }

    /// The peer as whoever holds this token sees it.
    pub fn on_behalf(&self, of: &Bearer) -> InterceptedService<Channel, OnBehalf> {
        InterceptedService::new(self.channel.clone(), OnBehalf(of.clone()))
    }
}
