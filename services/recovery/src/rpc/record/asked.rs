//! Whose record is asked for, by whom, and where each part is kept.

use std::sync::Arc;

use facts::{Bearer, OnBehalf, Peer};
use permit::Call;
use rpc::Error;
use tonic::{Extensions, Request, service::interceptor::InterceptedService, transport::Channel};
use wire::{
    audit::v1::audit_service_client::AuditServiceClient,
    consent::v1::consent_service_client::ConsentServiceClient,
    notes::v1::notes_service_client::NotesServiceClient,
    people::v1::people_service_client::PeopleServiceClient,
    referrals::v1::referrals_service_client::ReferralsServiceClient,
};

use crate::App;

/// The largest page that is taken from another service.
const LARGEST: usize = 4 * 1024 * 1024;

type OfCaller = InterceptedService<Channel, OnBehalf>;

/// A call for all that there is of a person.
pub(in crate::rpc) struct Asked {
    pub(in crate::rpc) app: Arc<App>,
    pub(in crate::rpc) call: Call,
    /// people/{uuid}.
    pub(in crate::rpc) person: String,
    bearer: Bearer,
    /// The verified caller, for what is asked in this very process.
    caller: Extensions,
}

macro_rules! clients {
    ($($name:ident, $client:ident, $peer:ident;)+) => {$(
        pub(super) fn $name(&self) -> $client<OfCaller> {
            $client::new(self.of_caller(&self.app.peers.$peer)).max_decoding_message_size(LARGEST)
        }
    )+};
}

impl Asked {
    /// The request's caller, and what it says of whom.
    pub(in crate::rpc) fn of<M>(
        app: &Arc<App>,
        request: &Request<M>,
        rpc: &'static str,
        person: &str,
    ) -> Result<Self, Error> {
        Ok(Self {
            app: Arc::clone(app),
            call: rpc::call(request, rpc)?,
            person: person.to_owned(),
            bearer: rpc::bearer(request)?,
            caller: request.extensions().clone(),
        })
    }

    /// A request of the same caller's to an RPC of this service.
    pub(super) fn own<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        *request.extensions_mut() = self.caller.clone();
        request
    }

    fn of_caller(&self, peer: &Peer) -> OfCaller {
        peer.on_behalf(&self.bearer)
    }

    clients! {
        people, PeopleServiceClient, people;
        consents, ConsentServiceClient, consent;
        referrals, ReferralsServiceClient, referrals;
        notes, NotesServiceClient, notes;
        audit, AuditServiceClient, audit;
    }
}
