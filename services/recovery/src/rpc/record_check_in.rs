//! Records what somebody says of themself: a person in recovery, or somebody who cares for one.

use std::sync::Arc;

use permit::Call;
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    Violation,
    recovery::v1::{
        CheckIn, CheckInAnswer, PlanItem, RecordCaregiverCheckInRequest,
        RecordCaregiverCheckInResponse, RecordCheckInRequest, RecordCheckInResponse,
    },
};

use super::{
    check_in,
    own::{Own, themself},
    own_record::add,
};
use crate::{
    App,
    domain::{Instrument, MOST_CHECK_INS, NewRecord, OwnKind, Subject},
};

const PERSON: &str = "trellis.recovery.v1.RecoveryService/RecordCheckIn";
const CAREGIVER: &str = "trellis.recovery.v1.RecoveryService/RecordCaregiverCheckIn";

pub(super) async fn record_check_in(
    app: &App,
    request: Request<RecordCheckInRequest>,
) -> Result<Response<RecordCheckInResponse>, Error> {
    let call = rpc::call(&request, PERSON)?;
    let request = request.into_inner();
    let said = Said::of(app, &request.instrument, Subject::Person, &request.answers);
    let (said, wrong) = said.parted();
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let shown = |check_in| RecordCheckInResponse { check_in: Some(check_in) };
    let recorded = said.recorded(app, (call, once, person), request.words.as_ref(), shown);
    Ok(Response::new(recorded.await?))
}

pub(super) async fn record_caregiver_check_in(
    app: &App,
    request: Request<RecordCaregiverCheckInRequest>,
) -> Result<Response<RecordCaregiverCheckInResponse>, Error> {
    let call = rpc::call(&request, CAREGIVER)?;
    let request = request.into_inner();
    let said = Said::of(app, &request.instrument, Subject::Caregiver, &request.answers);
    let (said, wrong) = said.parted();
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let instrument = said.instrument()?.clone();
    let shown = move |check_in: CheckIn| {
        let mut searches = instrument.searches(check_in.total, "en");
        searches.extend(instrument.searches(check_in.total, "es"));
        RecordCaregiverCheckInResponse { check_in: Some(check_in), searches }
    };
    let recorded = said.recorded(app, (call, once, person), request.words.as_ref(), shown);
    Ok(Response::new(recorded.await?))
}

/// Answers to an instrument that there may not be.
struct Said<'a> {
    instrument: Option<&'a Instrument>,
    answers: &'a [CheckInAnswer],
}

impl<'a> Said<'a> {
    fn of(app: &'a App, code: &str, about: Subject, answers: &'a [CheckInAnswer]) -> Self {
        let instrument = app.instruments.get(code).filter(|one| one.subject == about);
        Self { instrument, answers }
    }

    fn parted(self) -> (Self, Vec<Violation>) {
        let wrong = match self.instrument {
            Some(instrument) => instrument.violations(&check_in::given(self.answers)),
            None => {
                let why = "must be one that ListInstruments has, about who answers it";
                vec![Violation::new("instrument", why)]
            }
        };
        (self, wrong)
    }

    fn instrument(&self) -> Result<&'a Instrument, Error> {
        self.instrument.ok_or_else(|| Error::field("instrument", "must be known"))
    }

    /// Keeps it once, as the caller's own.
    async fn recorded<M>(
        self,
        app: &App,
        (call, once, person): (Call, rpc::Request, Uuid),
        words: Option<&PlanItem>,
        shown: impl Fn(CheckIn) -> M + Send + Sync + 'static,
    ) -> Result<M, Error>
    where
        M: prost::Message + Default + 'static,
    {
        let instrument = self.instrument()?;
        let permit = themself(app, &call, person).await?;
        let (id, at) = (Uuid::new_v4(), app.deps.clock.now());
        let new = NewRecord {
            id,
            kind: OwnKind::CheckIn,
            instrument: Some(instrument.code.clone()),
            content: check_in::content(instrument, &check_in::given(self.answers), words),
            at,
        };
        let shared = Arc::new((new, shown));
        let own = Own { call, once, permit, id, records: vec![id], tx: "checkin.record" };
        let recorded = own.made(app, move |tx, permit, by| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (new, shown) = &*shared;
                let record = add(tx, &permit, &by, new, ("check-ins", MOST_CHECK_INS)).await?;
                Ok(shown(check_in::check_in(&record)?))
            })
        });
        recorded.await
    }
}
