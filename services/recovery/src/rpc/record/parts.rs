//! How each part is read: one entry a part. Besides it has a value of `RecordPart`, a field of
//! `GetMyRecordResponse`, and its words in `record::words`.

use tonic::Status;
use wire::{
    audit::v1::ListDisclosuresRequest,
    consent::v1::{
        ListConsentsRequest, ListCourtOrdersRequest, ListEmergenciesRequest,
        ListRestrictionsRequest,
    },
    notes::v1::{ListAmendmentRequestsRequest, ListNotesRequest},
    people::v1::{GetPersonRequest, ListNoticesRequest, ListRepresentativesRequest},
    recovery::v1::{
        GetCrisisRequest, GetMyRecordResponse as Message, GetPlanRequest, ListCheckInsRequest,
        ListContributionsRequest, ListDecisionsRequest, ListGoalsRequest, ListSharesRequest,
        ListSupportersRequest, ListTasksRequest, RecordPart as Part,
    },
    referrals::v1::ListReferralsRequest,
};

use super::{
    Asked,
    detail::{files, measure, planned, recipients, stepped, told_at, whole},
};
use crate::rpc as own;

/// What was read at a time.
pub(super) struct Page {
    pub(super) message: Message,
    /// How many records are in it.
    pub(super) records: usize,
    /// Where the next page begins; empty: there is none.
    pub(super) next: String,
}

pub(super) fn page(message: Message, records: usize, next: String) -> Page {
    Page { message, records, next }
}

/// A page of a part from here on.
#[allow(clippy::needless_update)] // Of lists alike, some say more.
pub(super) async fn read(
    asked: &Asked,
    part: Part,
    token: &str,
    page_size: i32,
) -> Result<Page, Status> {
    let (app, person, page_token) = (&asked.app, asked.person.clone(), token.to_owned());
    let empty = Message { part: part.into(), ..Message::default() };
    macro_rules! list {
        ($reply:expr => $field:ident . $records:ident) => {{
            let mut reply = $reply.into_inner();
            let (next, records) =
                (std::mem::take(&mut reply.next_page_token), reply.$records.len());
            page(Message { $field: Some(reply), ..empty }, records, next)
        }};
    }
    macro_rules! theirs {
        ($service:ident . $rpc:ident ( $request:ident ) => $field:ident . $records:ident) => {{
            let asks = $request { person, page_token, page_size, ..$request::default() };
            list!(asked.$service().$rpc(asks).await? => $field.$records)
        }};
    }
    macro_rules! own {
        ($rpc:ident ( $request:ident ) => $field:ident . $records:ident) => {{
            let asks = $request { person, page_token, page_size, ..$request::default() };
            list!(own::$rpc::$rpc(app, asked.own(asks)).await? => $field.$records)
        }};
    }
    Ok(match part {
        Part::Unspecified => page(empty, 0, String::new()),
        Part::Profile => {
            let reply = asked.people().get_person(GetPersonRequest { name: person }).await?;
            let reply = reply.into_inner();
            let records = reply.person.as_ref().map_or(0, |person| person.profiles.len());
            page(Message { profile: Some(reply), ..empty }, records, String::new())
        }
        Part::Representatives => {
            theirs!(people.list_representatives(ListRepresentativesRequest) => representatives.representatives)
        }
        Part::Notices => theirs!(people.list_notices(ListNoticesRequest) => notices.notices),
        Part::Consents => theirs!(consents.list_consents(ListConsentsRequest) => consents.consents),
        Part::Restrictions => {
            theirs!(consents.list_restrictions(ListRestrictionsRequest) => restrictions.restrictions)
        }
        Part::Emergencies => {
            theirs!(consents.list_emergencies(ListEmergenciesRequest) => emergencies.emergencies)
        }
        Part::CourtOrders => {
            theirs!(consents.list_court_orders(ListCourtOrdersRequest) => court_orders.court_orders)
        }
        Part::Referrals => {
            let mut read =
                theirs!(referrals.list_referrals(ListReferralsRequest) => referrals.referrals);
            if let Some(list) = &mut read.message.referrals {
                list.referrals = whole(asked, std::mem::take(&mut list.referrals)).await?;
                read.records = list.referrals.len();
            }
            read
        }
        Part::Notes => {
            let mut read = theirs!(notes.list_notes(ListNotesRequest) => notes.notes);
            let notes = read.message.notes.iter().flat_map(|list| &list.notes);
            read.message.attachments = files(asked, notes).await?;
            read
        }
        Part::Amendments => {
            theirs!(notes.list_amendment_requests(ListAmendmentRequestsRequest) => amendments.amendments)
        }
        Part::Recipients => recipients(asked, empty).await?,
        Part::Disclosures => {
            let asks = ListDisclosuresRequest {
                person,
                page_token,
                page_size,
                include_custodian_access: true,
                include_audit_events: false,
            };
            list!(asked.audit().list_disclosures(asks).await? => disclosures.disclosures)
        }
        Part::Plan => {
            let asks = asked.own(GetPlanRequest { person });
            let reply = own::get_plan::get_plan(app, asks).await?.into_inner();
            let records = reply.sections.len();
            page(Message { plan: Some(reply), ..empty }, records, String::new())
        }
        Part::Shares => own!(list_shares(ListSharesRequest) => shares.shares),
        Part::Circle => own!(list_supporters(ListSupportersRequest) => circle.supporters),
        Part::Suggestions => {
            own!(list_contributions(ListContributionsRequest) => suggestions.contributions)
        }
        Part::Crisis => {
            let asks = asked.own(GetCrisisRequest { person });
            let reply = own::get_crisis::get_crisis(app, asks).await?.into_inner();
            let records = reply.rules.iter().len();
            page(Message { crisis: Some(reply), ..empty }, records, String::new())
        }
        Part::Goals => own!(list_goals(ListGoalsRequest) => goals.goals),
        Part::CheckIns => own!(list_check_ins(ListCheckInsRequest) => check_ins.check_ins),
        Part::Progress => measure(asked, empty, token).await?,
        Part::Tasks => own!(list_tasks(ListTasksRequest) => tasks.tasks),
        Part::Decisions => own!(list_decisions(ListDecisionsRequest) => decisions.decisions),
        Part::EmploymentPlan => planned(asked, empty).await?,
        Part::EmploymentSteps => stepped(asked, empty, (page_token, page_size)).await?,
        Part::NoticeDeliveries => told_at(asked, empty).await?,
    })
}
