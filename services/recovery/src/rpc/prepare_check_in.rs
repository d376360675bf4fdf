//! Tells what is asked, with the answers of last time: nothing is asked twice.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{PrepareCheckInRequest, PrepareCheckInResponse};

use super::{check_in, own::themself};
use crate::{
    App,
    domain::{Answer, OwnKind},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/PrepareCheckIn";
/// Check-ins in which last answers are looked for.
const LOOKED_AT: i32 = 200;

pub(super) async fn prepare_check_in(
    app: &App,
    request: Request<PrepareCheckInRequest>,
) -> Result<Response<PrepareCheckInResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let instrument = check_in::instrument(app, &request.instrument)?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = themself(app, &call, person).await?;
    let which = (OwnKind::CheckIn, Some(instrument.code.clone()));
    let newest = app.deps.pages.page(&call, &request.person, "", LOOKED_AT)?;
    let mut records = app.store.own_records(&permit, which, newest.after, newest.most()).await?;
    newest.cut(&mut records, |record| (record.created_at, record.id))?;
    let ids = records.iter().map(|record| record.id).collect();
    let records = app.deps.guard.release_standing(&permit, ids, records).await?;
    let mut answered: Vec<Answer> = Vec::new();
    for record in &records {
        let said = check_in::given(&check_in::check_in(record)?.answers);
        answered.extend(said.into_iter().filter(|(_, value)| value.is_some()));
    }
    // The newest first: of each item that one counts.
    let last = instrument.ordered(&answered).into_iter().filter(|(_, value)| value.is_some());
    Ok(Response::new(PrepareCheckInResponse {
        instrument: Some(check_in::shown(instrument, &request.language)),
        last_answers: check_in::answers(last.collect()),
    }))
}
