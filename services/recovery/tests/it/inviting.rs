//! A people service that invites whom it is told to, and keeps whom.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use tonic::{Request, Response, Status, async_trait};
use wire::people::v1::{self as pb, people_facts_service_server::PeopleFactsService};

#[derive(Debug, Default)]
pub struct State {
    pub away: bool,
    /// Supporters whose sign-in is bound.
    pub joined: Vec<String>,
    pub invited: Vec<pb::InviteSupporterRequest>,
    pub dismissed: Vec<String>,
    /// Whoever is to be invited waits.
    pub gate: Option<Gate>,
}

/// Who comes to it tells so, and waits to be let through.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    pub reached: Arc<Notify>,
    pub open: Arc<Notify>,
}

#[derive(Debug, Clone, Default)]
pub struct Inviting(Arc<Mutex<State>>);

impl Inviting {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl PeopleFactsService for Inviting {
    async fn invite_supporter(
        &self,
        request: Request<pb::InviteSupporterRequest>,
    ) -> Result<Response<pb::InviteSupporterResponse>, Status> {
        let request = request.into_inner();
        let gate = self.state().gate.take();
        if let Some(gate) = gate {
            gate.reached.notify_one();
            gate.open.notified().await;
        }
        let mut state = self.state();
        if state.away {
            return Err(Status::unavailable("away"));
        }
        if state.joined.contains(&request.supporter) {
            return Err(Status::failed_precondition("joined"));
        }
        state.invited.push(request);
        let code = format!("code-{}", state.invited.len());
        let expires = Some(prost_types::Timestamp { seconds: 2_214_993_600, nanos: 0 });
        Ok(Response::new(pb::InviteSupporterResponse { code, expires }))
    }

    async fn dismiss_supporter(
        &self,
        request: Request<pb::DismissSupporterRequest>,
    ) -> Result<Response<pb::DismissSupporterResponse>, Status> {
        let mut state = self.state();
        if state.away {
            return Err(Status::unavailable("away"));
        }
        state.dismissed.push(request.into_inner().supporter);
        Ok(Response::new(pb::DismissSupporterResponse {}))
    }

    async fn resolve_sign_ins(
        &self,
        _: Request<pb::ResolveSignInsRequest>,
    ) -> Result<Response<pb::ResolveSignInsResponse>, Status> {
        Err(Status::unimplemented("the guard asks the fake source"))
    }

    async fn check_registrations(
        &self,
        _: Request<pb::CheckRegistrationsRequest>,
    ) -> Result<Response<pb::CheckRegistrationsResponse>, Status> {
        Err(Status::unimplemented("the guard asks the fake source"))
    }

    async fn check_ages(
        &self,
        _: Request<pb::CheckAgesRequest>,
    ) -> Result<Response<pb::CheckAgesResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn check_preferences(
        &self,
        _: Request<pb::CheckPreferencesRequest>,
    ) -> Result<Response<pb::CheckPreferencesResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }
}
