//! CheckAges.

use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::{id_of, instant},
    people::v1::{CheckAgesRequest, CheckAgesResponse, StatedAge},
};

use crate::{App, domain::days_at, store::facts};

/// How old each person may be. For the consent service alone.
pub async fn handle(
    app: &App,
    request: Request<CheckAgesRequest>,
) -> Result<Response<CheckAgesResponse>, Error> {
    // Whoever may ask at any instant learns the day: nobody but who captures consents needs it.
    rpc::only_for(&*identity::Caller::of(&request)?, "consent")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let asked = req.questions.iter().map(|question| {
        let at = question.time.as_ref().and_then(instant);
        let at = at.ok_or_else(|| Error::field("questions", "has a time without a meaning"))?;
        // The contract's pattern has been checked; what still is no id is nil, which nobody has.
        Ok((id_of("people", &question.person).unwrap_or_default(), days_at(at)))
    });
    let asked = asked.collect::<Result<_, Error>>()?;
    let found = facts::ages(&app.deps.db, asked).await?;
    let ages = found.into_iter().map(|stated| match stated {
        Some((youngest, oldest)) => StatedAge { known: true, youngest, oldest },
        None => StatedAge::default(),
    });
    Ok(Response::new(CheckAgesResponse { ages: ages.collect() }))
}
