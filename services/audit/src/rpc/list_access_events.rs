//! Lists access for a privacy officer: by their agency's own staff, or of its own records.

use permit::Call;
use prost_types::Timestamp;
use rpc::{Error, PageKey, Violation};
use tonic::Request;
use wire::{
    audit::v1::{self as pb, AccessScope},
    convert::{agency_name, instant, name_of, set_to_wire, timestamp, to_wire},
};

use super::{anomalies::office, reply};
use crate::{App, domain::Access, store::Asked};

const RPC: &str = "trellis.audit.v1.AuditService/ListAccessEvents";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ListAccessEventsRequest>,
) -> Result<pb::ListAccessEventsResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).and(odd(&request)).done()?;
    let filter = filter(&request);
    let begin = app.deps.pages.begin(&call, filter.as_bytes(), &request.page_token)?;
    let (events, more, positions) = app.accounts.access(asked(&call, request, begin)?).await?;
    let next_page_token = match events.last() {
        Some(last) if more => {
            let last = PageKey::of(last.at, last.event_id);
            app.deps.pages.next(&call, filter.as_bytes(), last)?
        }
        _ => String::new(),
    };
    let reply = pb::ListAccessEventsResponse {
        events: events.into_iter().map(shown).collect(),
        next_page_token,
        positions: positions.into_iter().map(reply::position).collect(),
    };
    // What was looked at are audit records, which have no names.
    app.deps.release_office(&call, Vec::new(), reply).await
}

/// What the annotations can't say.
pub(super) fn odd(request: &pb::ListAccessEventsRequest) -> Vec<Violation> {
    let mut found = Vec::new();
    let practitioner = &request.practitioner;
    if !practitioner.is_empty() && request.scope() == AccessScope::OfOwnRecords {
        found.push(Violation::new("practitioner", "only with ACCESS_SCOPE_BY_OWN_STAFF"));
    } else {
        found.extend(rpc::plain("practitioner", practitioner, false));
    }
    let times = [("begin_time", &request.begin_time), ("end_time", &request.end_time)];
    for (field, time) in times {
        if time.as_ref().is_some_and(|time| instant(time).is_none()) {
            found.push(Violation::new(field, "must be an instant of the years 1 to 9999"));
        }
    }
    let [begin, end] = times.map(|(_, time)| time.as_ref().and_then(instant));
    if begin.zip(end).is_some_and(|(begin, end)| begin > end) {
        found.push(Violation::new("begin_time", "must not be after end_time"));
    }
    found
}

/// What a page token is bound to. The text comes last: nothing else can be spelled in it.
pub(super) fn filter(request: &pb::ListAccessEventsRequest) -> String {
    let at = |time: &Option<Timestamp>| {
        time.as_ref().map_or_else(|| "-".to_owned(), |t| format!("{}.{}", t.seconds, t.nanos))
    };
    format!(
        "{} {} {} {} {}",
        request.scope,
        at(&request.begin_time),
        at(&request.end_time),
        request.refused_only,
        request.practitioner
    )
}

/// For the caller's own agency. Who is of none has no own staff and no own records.
fn asked(
    call: &Call,
    request: pb::ListAccessEventsRequest,
    begin: PageKey,
) -> Result<Asked, Error> {
    Ok(Asked {
        office: office(call)?,
        by_staff: request.scope() == AccessScope::ByOwnStaff,
        begin: request.begin_time.as_ref().and_then(instant),
        end: request.end_time.as_ref().and_then(instant),
        refused_only: request.refused_only,
        before: (begin.instant(), begin.id),
        limit: rpc::page_size(request.page_size),
        practitioner: Some(request.practitioner).filter(|text| !text.is_empty()),
    })
}

fn shown(event: Access) -> pb::AccessEvent {
    let collection = event.collection();
    pb::AccessEvent {
        decision_id: event.decision_id.to_string(),
        time: Some(timestamp(event.at)),
        agency: event.agency.map(agency_name).unwrap_or_default(),
        practitioner: event.practitioner,
        rpc: event.rpc,
        action: to_wire(event.action),
        purposes: set_to_wire(event.purposes),
        permitted: event.permitted,
        person: event.person.map(|id| name_of("people", id)).unwrap_or_default(),
        records: event.records.iter().filter_map(|id| reply::name(collection, id)).collect(),
        bases: event.bases.iter().filter_map(|b| b.of_policy()).map(to_wire).collect(),
        reason: event.reason.unwrap_or_default(),
        service: event.service,
        sequence: event.sequence,
    }
}
