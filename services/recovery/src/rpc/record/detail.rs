//! What a part has besides its list.

use rpc::Error;
use tonic::{Code, Status};
use wire::{
    audit::v1::ListRecipientsRequest,
    convert::name_of,
    notes::v1::{Attachment, ListAttachmentsRequest, Note},
    people::v1::ListNoticeDeliveriesRequest,
    recovery::v1::{
        GetEmploymentPlanRequest, GetMyRecordResponse as Message, GetProgressRequest,
        ListEmploymentStepsRequest, RecordProgress,
    },
    referrals::v1::{GetReferralRequest, Referral},
};

use super::{
    Asked,
    parts::{Page, page},
};
use crate::rpc::{
    get_employment_plan::get_employment_plan, get_progress::get_progress,
    list_employment_steps::list_employment_steps, own::themself,
};

/// Lists leave out what was said to a referral.
pub(super) async fn whole(asked: &Asked, listed: Vec<Referral>) -> Result<Vec<Referral>, Status> {
    let mut whole = Vec::with_capacity(listed.len());
    for listed in listed {
        let asks = GetReferralRequest { name: listed.name.clone() };
        match asked.referrals().get_referral(asks).await {
            Ok(reply) => whole.extend(reply.into_inner().referral),
            // What the list has shown stays, as far as that says it.
            Err(status) if status.code() == Code::NotFound => whole.push(listed),
            Err(status) => return Err(status),
        }
    }
    Ok(whole)
}

/// The files of notes. A note that the caller may not read whole shows none.
pub(super) async fn files(
    asked: &Asked,
    notes: impl Iterator<Item = &Note>,
) -> Result<Vec<Attachment>, Status> {
    let mut files = Vec::new();
    for note in notes {
        let asks = ListAttachmentsRequest { note: note.name.clone() };
        match asked.notes().list_attachments(asks).await {
            Ok(reply) => files.extend(reply.into_inner().attachments),
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => return Err(status),
        }
    }
    Ok(files)
}

/// One measure after the other: an instrument's totals, or where it has none its items.
pub(super) async fn measure(asked: &Asked, empty: Message, token: &str) -> Result<Page, Status> {
    let at = token.parse::<usize>().unwrap_or_default();
    let measures = asked.app.instruments.all().flat_map(|instrument| {
        let items = instrument.items.iter().map(Some);
        let of: Vec<_> = if instrument.totalled { vec![None] } else { items.collect() };
        of.into_iter().map(move |item| (instrument, item))
    });
    let measures: Vec<_> = measures.skip(at).take(2).collect();
    let Some((instrument, item)) = measures.first() else {
        return Ok(page(empty, 0, String::new()));
    };
    let next = measures.get(1).map(|_| (at + 1).to_string()).unwrap_or_default();
    let title = instrument.title.in_language("en");
    let (item, title) = match item {
        None => (String::new(), title),
        Some(item) => (item.code.clone(), format!("{title}: {}", item.text.in_language("en"))),
    };
    let instrument = instrument.code.clone();
    let asks = GetProgressRequest {
        person: asked.person.clone(),
        instrument: instrument.clone(),
        item: item.clone(),
        language: String::new(),
    };
    let reply = get_progress(&asked.app, asked.own(asks)).await?.into_inner();
    let records = usize::from(!reply.points.is_empty());
    let progress = RecordProgress { instrument, item, progress: Some(reply), title };
    Ok(page(Message { progress: Some(progress), ..empty }, records, next))
}

/// The name of the person's plan for work; none: there is none.
async fn plan_of(asked: &Asked) -> Result<Option<String>, Status> {
    let person = rpc::id("person", "people", &asked.person)?;
    let permit = themself(&asked.app, &asked.call, person).await?;
    let plan = asked.app.store.plan_for_work(&permit).await.map_err(Error::from)?;
    Ok(plan.map(|plan| name_of("employmentPlans", plan)))
}

pub(super) async fn planned(asked: &Asked, empty: Message) -> Result<Page, Status> {
    if plan_of(asked).await?.is_none() {
        return Ok(page(empty, 0, String::new()));
    }
    let asks = asked.own(GetEmploymentPlanRequest { person: asked.person.clone() });
    let reply = get_employment_plan(&asked.app, asks).await?.into_inner();
    Ok(page(Message { employment_plan: Some(reply), ..empty }, 1, String::new()))
}

pub(super) async fn stepped(
    asked: &Asked,
    empty: Message,
    (page_token, page_size): (String, i32),
) -> Result<Page, Status> {
    let Some(plan) = plan_of(asked).await? else { return Ok(page(empty, 0, String::new())) };
    let asks = asked.own(ListEmploymentStepsRequest { plan, page_size, page_token });
    let mut reply = list_employment_steps(&asked.app, asks).await?.into_inner();
    let (next, records) = (std::mem::take(&mut reply.next_page_token), reply.steps.len());
    Ok(page(Message { employment_steps: Some(reply), ..empty }, records, next))
}

pub(super) async fn told_at(asked: &Asked, empty: Message) -> Result<Page, Status> {
    let asks = ListNoticeDeliveriesRequest { person: asked.person.clone() };
    let reply = asked.people().list_notice_deliveries(asks).await?.into_inner();
    let records = reply.deliveries.len();
    Ok(page(Message { notice_deliveries: Some(reply), ..empty }, records, String::new()))
}

pub(super) async fn recipients(asked: &Asked, empty: Message) -> Result<Page, Status> {
    let asks = ListRecipientsRequest { person: asked.person.clone() };
    let reply = asked.audit().list_recipients(asks).await?.into_inner();
    let records = reply.recipients.len();
    Ok(page(Message { recipients: Some(reply), ..empty }, records, String::new()))
}
