//! Requests as their handlers read them before they ask the database, for the fuzz targets alone: nothing that
//! ships has this.

use std::any::Any;

use kernel::Instant;
use rpc::Error;
use wire::{
    convert::{instant, timestamp},
    recovery::v1 as pb,
};

use super::{check_in, contribute, employment, set_crisis_rules, task, update_section};
use crate::domain::{Instruments, next_due};

pub fn parse(request: &dyn Any, now: Instant, instruments: &Instruments) -> Result<(), Error> {
    if let Some(request) = request.downcast_ref::<pb::SetCrisisRulesRequest>() {
        let odd = request.rules.as_ref().map(set_crisis_rules::odd).unwrap_or_default();
        rpc::check(request).and(odd).done()?;
    } else if let Some(request) = request.downcast_ref::<pb::UpdateSectionRequest>() {
        update_section::content(request)?;
    } else if let Some(request) = request.downcast_ref::<pb::ContributeRequest>() {
        contribute::content(request)?;
    } else if let Some(request) = request.downcast_ref::<pb::UpdateEmploymentPlanRequest>() {
        let (_, odd) = employment::content(request.content.as_ref(), now);
        rpc::check(request).and(odd).done()?;
    } else if let Some(request) = request.downcast_ref::<pb::CreateTaskRequest>() {
        let until = request.until_time.as_ref();
        let given = (until.is_some(), until.and_then(instant));
        let (_, odd) = task::asked(request.content.as_ref(), &request.supporter, given, now);
        rpc::check(request).and(odd).done()?;
        let content = request.content.clone().unwrap_or_default();
        for done in [now, Instant::UNIX_EPOCH] {
            let due = content.due_time.as_ref().and_then(instant);
            let next = due.and_then(|due| next_due(due, content.repeat_days, Some(done)));
            next.map(timestamp);
        }
    } else if let Some(request) = request.downcast_ref::<pb::RecordCheckInRequest>() {
        let instrument = instruments.get(&request.instrument);
        let given = check_in::given(&request.answers);
        let odd = instrument.map(|asked| asked.violations(&given)).unwrap_or_default();
        rpc::check(request).and(odd).done()?;
        if let Some(asked) = instrument {
            check_in::content(asked, &given, request.words.as_ref());
        }
    }
    Ok(())
}
