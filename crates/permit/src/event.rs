//! The audit record of a decision: who, for whom, why, on what basis; never content.

use std::sync::Arc;

use identity::CallerKind;
use kernel::{Action, AgencyId, Clock, Code, CodeSet, Kind, PersonId, Role};
use ledger::{Caller, Event, Outcome, new_id};
use policy::{Reason, Record};
use uuid::Uuid;

use crate::{
    ByNetwork, Call, ContributorPermit, Located, Standing, StandingPermit, permit::Ground,
    release::Sum,
};

fn blank(ground: &Ground, person: &PersonId, clock: &Arc<dyn Clock>) -> Event {
    let caller = match (&ground.call, &ground.subscriber) {
        (Some(call), _) => caller(call),
        (None, Some(subscriber)) => Caller {
            subject: Arc::clone(&subscriber.name),
            agency: subscriber.agency.uuid(),
            ..network()
        },
        (None, None) => network(),
    };
    Event {
        event_id: new_id(clock),
        occurred_at: clock.now(),
        outcome: Outcome::Permit,
        rpc: Arc::from(ground.rpc),
        decision_id: ground.decision_id,
        // A decoy is nobody.
        person: person.uuid().filter(|id| !id.is_nil()),
        caller,
        purposes: ground.purposes(),
        action: ground.action,
        records: Vec::new(),
        record_kinds: CodeSet::EMPTY,
        custodians: Vec::new(),
        bases: Vec::new(),
        consents: Vec::new(),
        obligations: Vec::new(),
        redisclosure: None,
        reason: None,
        revision: 0,
        trace_id: ground.call.as_ref().and_then(Call::trace_id),
        recipient: ground.recipient.as_ref().and_then(AgencyId::uuid),
    }
}

fn caller(call: &Call) -> Caller {
    let caller = call.caller();
    let kind = match caller.kind() {
        CallerKind::Staff { .. } => "AGENCY_STAFF",
        CallerKind::Individual if caller.roles().contains(Role::Person) => "PERSON",
        CallerKind::Individual if caller.roles().contains(Role::Representative) => "REPRESENTATIVE",
        CallerKind::Individual => "SUPPORTER",
        CallerKind::Network => "NETWORK",
        CallerKind::Service { .. } => "SERVICE",
    };
    Caller {
        kind: Arc::from(kind),
        issuer: Arc::from(caller.issuer()),
        subject: Arc::from(caller.subject().as_str()),
        agency: caller.agency().and_then(AgencyId::uuid),
        roles: caller.roles(),
        on_behalf: None,
    }
}

fn network() -> Caller {
    Caller {
        kind: Arc::from("SERVICE"),
        issuer: Arc::from(identity::NETWORK_ISSUER),
        subject: Arc::from("network"),
        agency: None,
        roles: [Role::Service].into(),
        on_behalf: None,
    }
}

fn about(event: &mut Event, records: &[Record]) {
    for record in records {
        event.records.extend(record.id.uuid());
        event.record_kinds.insert(record.kind);
        if let Some(custodian) = record.custodian.as_ref().and_then(AgencyId::uuid)
            && !event.custodians.contains(&custodian)
        {
            event.custodians.push(custodian);
        }
    }
}

fn codes<C: Code>(set: CodeSet<C>) -> Vec<Arc<str>> {
    set.iter().map(|c| Arc::from(c.code())).collect()
}

pub(crate) fn permitted(
    ground: &Ground,
    person: &PersonId,
    records: &[Record],
    sum: &Sum,
    revision: i64,
    clock: &Arc<dyn Clock>,
) -> Event {
    let mut event = blank(ground, person, clock);
    about(&mut event, records);
    event.bases = codes(sum.bases);
    event.consents = sum.basis.iter().filter_map(|(_, id)| id.uuid()).map(|id| (id, 1)).collect();
    event.obligations = codes(sum.obligations);
    event.redisclosure = sum.redisclosure.map(|r| Arc::from(r.code()));
    event.revision = revision;
    event
}

/// A refusal is kept without telling the refused anything. For what is not there, the id asked for
/// and no person.
pub(crate) fn refused(
    ground: &Ground,
    located: &Located,
    reason: Option<Reason>,
    revision: i64,
    clock: &Arc<dyn Clock>,
) -> Event {
    let mut event = blank(ground, &located.record.person, clock);
    event.outcome = Outcome::Deny;
    event.revision = revision;
    if located.found {
        about(&mut event, &located.named(|_| true));
        event.reason = reason.map(|r| Arc::from(r.code()));
    } else {
        event.person = None;
        event.records.extend(located.record.id.uuid());
        event.record_kinds.insert(ground.kind);
        event.reason = Some(Arc::from("ABSENT"));
    }
    event
}

/// What is the person's own, read or written.
pub(crate) fn standing(
    permit: &StandingPermit,
    records: Vec<Uuid>,
    write: bool,
    clock: &Arc<dyn Clock>,
) -> Event {
    let mut event = blank(&permit.ground, &permit.person, clock);
    event.records = records;
    if write {
        event.action = Action::Write;
    }
    event.bases = match &permit.standing {
        Standing::Person { .. } => vec![Arc::from("SELF")],
        Standing::Agency(_) => vec![Arc::from("NAMED_IN_CONSENT")],
        Standing::Representative(_) => vec![Arc::from("REPRESENTATIVE")],
    };
    event
}

/// What a contributor wrote, or was told of what they wrote.
pub(crate) fn contributed(
    permit: &ContributorPermit,
    records: Vec<Uuid>,
    action: Action,
    clock: &Arc<dyn Clock>,
) -> Event {
    let mut event = blank(&permit.ground, &permit.person, clock);
    event.records = records;
    event.action = action;
    event.bases = vec![Arc::from("SUPPORT")];
    event
}

/// The standing ended between the permit and now.
pub(crate) fn stands_no_more(
    ground: &Ground,
    person: &PersonId,
    records: Vec<Uuid>,
    clock: &Arc<dyn Clock>,
) -> Event {
    let mut event = blank(ground, person, clock);
    event.outcome = Outcome::Deny;
    event.records = records;
    event.reason = Some(Arc::from("NO_STANDING"));
    event
}

/// A refusal of what is the person's own, kept without telling the refused anything. `person` is
/// none for what is not there.
pub(crate) fn refused_standing(
    call: &Call,
    person: Option<&PersonId>,
    records: Vec<Uuid>,
    clock: &Arc<dyn Clock>,
) -> Event {
    let nobody = PersonId::new("");
    let ground = Ground {
        call: Some(call.clone()),
        subscriber: None,
        rpc: call.rpc(),
        who: None,
        action: Action::Read,
        kind: Kind::Support,
        recipient: None,
        decision_id: Uuid::new_v4(),
    };
    let mut event = blank(&ground, person.unwrap_or(&nobody), clock);
    event.outcome = Outcome::Deny;
    event.records = records;
    event.reason = Some(Arc::from(if person.is_some() { "NO_STANDING" } else { "ABSENT" }));
    event
}

/// What the network does in consequence of the person's own act.
pub(crate) fn by_network(act: &ByNetwork, records: Vec<Uuid>, clock: &Arc<dyn Clock>) -> Event {
    let mut event = blank(&act.ground, &act.person, clock);
    event.records = records;
    event.record_kinds.insert(act.ground.kind);
    event.bases = vec![Arc::from("NETWORK")];
    event
}

/// A write that concerns no person: an agency registered, a capacity stated.
pub fn network_event(call: &Call, records: Vec<Uuid>, clock: &Arc<dyn Clock>) -> Event {
    office_event(call, None, Action::Write, records, clock)
}

/// What an officer reads or writes by their role alone: no record of anybody's care.
pub fn office_event(
    call: &Call,
    person: Option<&PersonId>,
    action: Action,
    records: Vec<Uuid>,
    clock: &Arc<dyn Clock>,
) -> Event {
    let nobody = PersonId::new("");
    let ground = Ground {
        call: Some(call.clone()),
        subscriber: None,
        rpc: call.rpc(),
        who: None,
        action,
        kind: Kind::Profile,
        recipient: None,
        decision_id: Uuid::new_v4(),
    };
    let mut event = blank(&ground, person.unwrap_or(&nobody), clock);
    event.records = records;
    event
}

/// What a data steward reads or writes about who somebody is: the person sees it in their accounting. No
/// custodian is named, so that no agency's officer does.
pub fn steward_event(
    call: &Call,
    person: &PersonId,
    action: Action,
    records: Vec<Uuid>,
    clock: &Arc<dyn Clock>,
) -> Event {
    let mut event = office_event(call, Some(person), action, records, clock);
    event.bases = vec![Arc::from("NETWORK")];
    event
}
