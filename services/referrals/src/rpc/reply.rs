//! A referral as the contract shows it, and the way a repeated write takes.

mod parts;
mod whole;
mod words;

use kernel::AgencyId;
use permit::{Call, Disclosure, ReadReferrals};
use rpc::{Error, InTx, Replay};
use tonic::Response;
use wire::{
    common::v1::Labels,
    convert::{agency_name, name_of, practitioner_name, set_to_wire, timestamp, to_wire},
    referrals::v1 as pb,
};

use self::parts::{answer, attempt, one_move};
pub(super) use self::{
    whole::{followed_again, whole},
    words::{cut, cut_now},
};
use super::{contact, messages::Shows};
use crate::{App, domain::Referral};

/// As an agency, or the person, is shown it.
pub(super) fn referral(referral: &Referral, to: Option<&AgencyId>) -> pb::Referral {
    let record = &referral.record;
    // That others were asked is its source's to know; one of them may be a draft.
    let group = referral.group.filter(|_| to.is_some() && to == record.custodian.as_ref());
    // What was said is for the two agencies and the person's own side, whoever else may read it.
    let sides = [record.custodian.as_ref(), Some(&referral.target)];
    let beside = to.is_some() && !sides.contains(&to);
    let (answers, contacts, feedback) = match beside {
        true => (&[][..], &[][..], &[][..]),
        false => (&*referral.answers, &*referral.contacts, &*referral.feedback),
    };
    let mut moves: Vec<_> = referral.moves.iter().map(one_move).collect();
    if beside {
        words::unsaid(&mut moves);
    }
    let ending = referral.ending;
    pb::Referral {
        name: name_of("referrals", &record.id),
        person: name_of("people", &record.person),
        source: record.custodian.as_ref().map(agency_name).unwrap_or_default(),
        target: agency_name(&referral.target),
        service: referral.service.map(|id| name_of("services", id)).unwrap_or_default(),
        need_category: referral.need_category.clone(),
        priority: i32::from(referral.priority),
        summary: referral.summary.clone(),
        labels: Some(Labels {
            confidentiality: record.confidentiality.map_or(0, to_wire),
            sensitivities: set_to_wire(record.sensitivities),
            part2: record.part2,
            victim_service: record.victim_service,
        }),
        author: record.author.as_ref().map(practitioner_name).unwrap_or_default(),
        state: i32::from(referral.state.number()),
        outcome: i32::from(ending.outcome),
        housing_result: i32::from(ending.housing_result),
        enrollment: i32::from(ending.enrollment),
        moves,
        create_time: record.authored_on.map(timestamp),
        update_time: Some(timestamp(referral.updated_at)),
        etag: referral.row_version.to_string(),
        answers: answers.iter().map(answer).collect(),
        contacts: contacts.iter().map(attempt).collect(),
        group: group.map(|id| name_of("referrals", id)).unwrap_or_default(),
        expected_release_date: referral.expected_release.map(|d| d.to_string()).unwrap_or_default(),
        warm_handoff: referral.warm_handoff,
        // Shown by what asks whether its reader sees it.
        parent: String::new(),
        respond_by: referral.respond_by.map(timestamp),
        feedback: feedback.iter().map(parts::feedback).collect(),
        // Asked for when it is answered: it may be another one by the time of a repeat.
        contact_rule: 0,
    }
}

/// In a list: what was said and who was reached is told one by one.
pub(super) fn listed(referral: &Referral, to: Option<&AgencyId>) -> pb::Referral {
    let shown = self::referral(referral, to);
    pb::Referral { answers: Vec::new(), contacts: Vec::new(), feedback: Vec::new(), ..shown }
}

/// What is answered, and why it may be.
pub(super) async fn response<R: Shows>(
    app: &App,
    call: &Call,
    (mut reply, disclosure): (R, Disclosure),
) -> Response<R> {
    // What is answered again was shown to whoever they were then.
    cut_now(app, call, reply.referral().as_mut_slice()).await;
    contact::ruled(app, call, reply.referral()).await;
    reply.disclose(rpc::disclosure(&disclosure));
    Response::new(reply)
}

/// Reads a referral as any reader of it does.
pub(super) async fn read(
    app: &App,
    call: &Call,
    id: uuid::Uuid,
) -> Result<(Referral, Disclosure), Error> {
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadReferrals>(call).await?;
    let sealed = app.store.read(&deferred, id, call.caller().agency()).await?;
    Ok(guard.release(sealed).await?)
}

/// A repeated write is authorized again: the referral must be one that the caller may read now.
pub(super) async fn again(app: &App, call: &Call, replay: Replay) -> Result<Disclosure, Error> {
    Ok(read(app, call, replay.record_id).await?.1)
}

/// What a refused move tells of a referral (that it is there, its state, that it has changed) is
/// told to those who may read it now, and is on record.
pub(super) async fn told(app: &App, call: &Call, id: uuid::Uuid, error: Error) -> InTx {
    match read(app, call, id).await {
        Ok(_) => error.into(),
        Err(refused) => refused.into(),
    }
}
