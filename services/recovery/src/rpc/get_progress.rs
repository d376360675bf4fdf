//! Draws a measure over time.

use kernel::Instant;
use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::timestamp,
    recovery::v1::{CheckIn, GetProgressRequest, GetProgressResponse, ProgressPoint},
};

use super::{check_in, own::themself};
use crate::{
    App,
    domain::{Instrument, OwnKind},
    picture::{Picture, svg},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/GetProgress";
/// Check-ins that are drawn, the newest.
const DRAWN: i32 = 200;

pub(super) async fn get_progress(
    app: &App,
    request: Request<GetProgressRequest>,
) -> Result<Response<GetProgressResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let instrument = check_in::instrument(app, &request.instrument)?;
    let measure = Measure::of(instrument, &request.item)?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = themself(app, &call, person).await?;
    let which = (OwnKind::CheckIn, Some(instrument.code.clone()));
    let newest = app.deps.pages.page(&call, &request.person, "", DRAWN)?;
    let mut records = app.store.own_records(&permit, which, newest.after, newest.most()).await?;
    newest.cut(&mut records, |record| (record.created_at, record.id))?;
    let ids = records.iter().map(|record| record.id).collect();
    let records = app.deps.guard.release_standing(&permit, ids, records).await?;
    let mut points: Vec<(Instant, i32)> = Vec::new();
    for record in records.iter().rev() {
        let value = measure.value(&check_in::check_in(record)?);
        points.extend(value.map(|value| (record.created_at, value)));
    }
    let svg = svg(&measure.picture(&request.language), &points)
        .map_err(|_| Error::Internal("a picture of progress"))?;
    let point =
        |(at, value): &(Instant, i32)| ProgressPoint { time: Some(timestamp(*at)), value: *value };
    let points = points.iter().map(point).collect();
    Ok(Response::new(GetProgressResponse { svg, points }))
}

/// What is drawn: an instrument's total, or one item's answers.
struct Measure<'a> {
    instrument: &'a Instrument,
    item: Option<&'a crate::domain::Item>,
}

impl<'a> Measure<'a> {
    fn of(instrument: &'a Instrument, item: &str) -> Result<Self, Error> {
        if item.is_empty() {
            let why = "must be given: the instrument has no total";
            let totalled = instrument.totalled.then_some(Self { instrument, item: None });
            return totalled.ok_or_else(|| Error::field("item", why));
        }
        let item = instrument.items.iter().find(|one| one.code == item);
        let item = item.ok_or_else(|| Error::field("item", "must be an item of the instrument"))?;
        Ok(Self { instrument, item: Some(item) })
    }

    fn value(&self, said: &CheckIn) -> Option<i32> {
        match self.item {
            None => said.total,
            Some(item) => said.answers.iter().find(|one| one.item == item.code)?.value,
        }
    }

    fn picture(&self, language: &str) -> Picture {
        let language = self.instrument.language(language);
        let title = self.instrument.title.in_language(&language);
        match self.item {
            None => Picture {
                title,
                range: self.instrument.range(),
                mark: self.instrument.marks.first().map(|mark| mark.total),
                language,
            },
            Some(item) => Picture {
                title: format!("{title}: {}", item.text.in_language(&language)),
                range: (self.instrument.scale.min, self.instrument.scale.max),
                mark: None,
                language,
            },
        }
    }
}
