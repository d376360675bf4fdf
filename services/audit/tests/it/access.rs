//! What a privacy officer is told of access: all that their agency is to know, and nothing beyond.

use kernel::{Action, CodeSet, Kind, Purpose};
use ledger::{Caller, Event, Outcome};
use policy::BasisKind;
use prost::Message as _;
use uuid::Uuid;
use wire::{
    audit::v1::{AccessEvent, AccessScope, ListAccessEventsRequest},
    convert::{timestamp, to_wire},
};

use crate::world::*;

const NOTE: Uuid = Uuid::from_u128(0xb1);

pub fn by_staff() -> ListAccessEventsRequest {
    ListAccessEventsRequest { scope: AccessScope::ByOwnStaff.into(), ..Default::default() }
}

pub fn of_records() -> ListAccessEventsRequest {
    ListAccessEventsRequest { scope: AccessScope::OfOwnRecords.into(), ..Default::default() }
}

/// Following notes alone, so that looking adds nothing to what is looked at.
async fn notes_only(world: &World) -> Audit {
    world.audit_of(vec![("notes", world.peer("notes", world.upstream.addr()))], false).await
}

async fn record(world: &World, events: &[Event]) {
    let before = world.position("notes").await;
    for event in events {
        world.notes.record(event.clone()).await.unwrap();
    }
    world.reaches("notes", before + i64::try_from(events.len()).unwrap()).await;
}

pub async fn listed(client: &Client, request: ListAccessEventsRequest) -> Vec<AccessEvent> {
    client.access(request).await.unwrap().events
}

async fn decided(client: &Client, request: ListAccessEventsRequest) -> Vec<String> {
    listed(client, request).await.into_iter().map(|event| event.decision_id).collect()
}

fn id(event: &Event) -> String {
    event.decision_id.to_string()
}

/// Housing's staff were refused a note that these agencies hold.
fn refused(world: &World, custodians: &[Uuid]) -> Event {
    Event {
        outcome: Outcome::Deny,
        custodians: custodians.to_vec(),
        bases: vec![],
        consents: vec![],
        reason: Some("NO_ACTIVE_CONSENT".into()),
        ..world.next_read(JANE)
    }
}

/// Housing's staff asked for what there is not.
fn absent(world: &World) -> Event {
    Event { person: None, reason: Some("ABSENT".into()), revision: 0, ..refused(world, &[]) }
}

/// What is told of `read` with everything.
fn whole_event(event: &Event, sequence: i64) -> AccessEvent {
    AccessEvent {
        decision_id: id(event),
        time: Some(timestamp(event.occurred_at)),
        agency: format!("agencies/{HOUSING}"),
        practitioner: "kim".into(),
        rpc: "trellis.notes.v1.NotesService/GetNote".into(),
        action: to_wire(Action::Read),
        purposes: vec![to_wire(Purpose::CoordinationOfCare)],
        permitted: true,
        person: format!("people/{JANE}"),
        records: vec![format!("notes/{NOTE}")],
        bases: vec![to_wire(BasisKind::Consent)],
        reason: String::new(),
        service: "notes".into(),
        sequence,
    }
}

#[tokio::test]
async fn what_was_permitted_is_told_whole_to_the_readers_agency_and_the_holders_and_nobody_else() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let event = world.read(JANE);
    record(&world, std::slice::from_ref(&event)).await;
    let all = [whole_event(&event, 1)];
    let [housing, clinic, refuge] =
        [HOUSING, CLINIC, REFUGE].map(|agency| world.officer(&audit, agency));
    assert_eq!(listed(&housing, by_staff()).await, all);
    assert_eq!(listed(&clinic, of_records()).await, all);
    for (who, request) in [
        (&housing, of_records()),
        (&clinic, by_staff()),
        (&refuge, by_staff()),
        (&refuge, of_records()),
    ] {
        assert!(listed(who, request.clone()).await.is_empty(), "{request:?}");
    }
    let told = housing.access(by_staff()).await.unwrap();
    assert_eq!((told.positions.len(), told.positions[0].sequence), (1, 1));
}

#[tokio::test]
async fn a_permitted_read_of_several_holders_records_is_told_whole_to_the_readers_agency_alone() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let event = Event { custodians: vec![CLINIC, REFUGE], ..world.read(JANE) };
    record(&world, std::slice::from_ref(&event)).await;
    let whole = whole_event(&event, 1);
    assert_eq!(
        listed(&world.officer(&audit, HOUSING), by_staff()).await,
        std::slice::from_ref(&whole)
    );
    let part = AccessEvent { records: vec![], bases: vec![], ..whole };
    for holder in [CLINIC, REFUGE] {
        assert_eq!(
            listed(&world.officer(&audit, holder), of_records()).await,
            std::slice::from_ref(&part)
        );
    }
}

#[tokio::test]
async fn a_refusal_tells_own_staffs_agency_nothing_but_of_its_own_records() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let own = refused(&world, &[HOUSING]);
    record(&world, std::slice::from_ref(&own)).await;
    let told = AccessEvent {
        permitted: false,
        bases: vec![],
        reason: "NO_ACTIVE_CONSENT".into(),
        ..whole_event(&own, 1)
    };
    let housing = world.officer(&audit, HOUSING);
    assert_eq!(listed(&housing, by_staff()).await, std::slice::from_ref(&told));
    assert_eq!(listed(&housing, of_records()).await, [told]);
    let holders: [&[Uuid]; 4] = [&[CLINIC], &[HOUSING, CLINIC], &[CLINIC, HOUSING], &[]];
    for (n, custodians) in (2..).zip(holders) {
        let event = refused(&world, custodians);
        record(&world, std::slice::from_ref(&event)).await;
        let nothing = AccessEvent {
            permitted: false,
            person: String::new(),
            records: vec![],
            bases: vec![],
            ..whole_event(&event, n)
        };
        assert_eq!(listed(&housing, by_staff()).await[0], nothing, "{custodians:?}");
    }
    assert!(listed(&world.officer(&audit, REFUGE), by_staff()).await.is_empty());
}

#[tokio::test]
async fn a_refusal_reads_the_same_whether_the_record_is_elsewhere_or_nowhere() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let elsewhere = [
        refused(&world, &[CLINIC]),
        refused(&world, &[REFUGE]),
        Event { person: Some(ELSE), ..refused(&world, &[CLINIC]) },
        // Of another kind, and for another reason, than was asked.
        Event {
            record_kinds: [Kind::Note, Kind::Referral].into(),
            reason: Some("RELEASE_BLOCKED".into()),
            obligations: vec!["PART2_NOTICE".into()],
            ..refused(&world, &[CLINIC, REFUGE])
        },
    ];
    record(&world, &elsewhere).await;
    record(&world, &[absent(&world)]).await;
    let told = listed(&world.officer(&audit, HOUSING), by_staff()).await;
    assert_eq!(told.len(), 5);
    let bytes = |event: &AccessEvent| {
        let mut event = event.clone();
        event.decision_id.clear();
        event.time = None;
        event.sequence = 0;
        event.encode_to_vec()
    };
    let nowhere = bytes(&told[0]);
    for event in &told[1..] {
        assert_eq!(bytes(event), nowhere, "{event:?}");
    }
    let said = String::from_utf8_lossy(&nowhere).into_owned();
    assert!(!said.contains("people/") && !said.contains(&NOTE.to_string()), "{said}");
}

#[tokio::test]
async fn of_its_own_records_an_agency_is_told_the_reason_unless_others_hold_some_of_them() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let (own, mixed) = (refused(&world, &[CLINIC]), refused(&world, &[CLINIC, REFUGE]));
    record(&world, &[own, refused(&world, &[REFUGE]), mixed]).await;
    let told = listed(&world.officer(&audit, CLINIC), of_records()).await;
    let told: Vec<_> =
        told.iter().map(|e| (&*e.reason, e.records.len(), &*e.person, e.sequence)).collect();
    let jane = format!("people/{JANE}");
    assert_eq!(told, [("", 0, &*jane, 3), ("NO_ACTIVE_CONSENT", 1, &*jane, 1)]);
}

#[tokio::test]
async fn of_own_records_no_sign_in_but_staffs_is_told() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let of = |kind: &str, basis: &str| {
        let read = world.next_read(JANE);
        Event {
            caller: Caller { kind: kind.into(), agency: None, ..read.caller.clone() },
            bases: vec![basis.into()],
            consents: vec![],
            ..read
        }
    };
    let events = [
        of("PERSON", "SELF"),
        of("REPRESENTATIVE", "REPRESENTATIVE"),
        of("SUPPORTER", "SHARE"),
        of("SERVICE", "NETWORK"),
        of("NETWORK", "CUSTODIAN"),
    ];
    let elses = Event { custodians: vec![REFUGE], ..of("PERSON", "SELF") };
    record(&world, &events).await;
    record(&world, &[elses, world.next_read(JANE)]).await;
    let told = listed(&world.officer(&audit, CLINIC), of_records()).await;
    assert_eq!(told.len(), events.len() + 1);
    assert_eq!(told[0].practitioner, "kim");
    for event in &told[1..] {
        assert_eq!((&*event.agency, &*event.practitioner), ("", ""), "{event:?}");
        assert_eq!((&event.person, event.records.len()), (&format!("people/{JANE}"), 1));
    }
    // None of them is anybody's staff.
    let by_housing = listed(&world.officer(&audit, HOUSING), by_staff()).await;
    assert_eq!(by_housing.len(), 1, "{by_housing:?}");
}

#[tokio::test]
async fn what_concerns_nobody_names_nobody() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let empty = Event {
        person: None,
        records: vec![],
        record_kinds: CodeSet::EMPTY,
        custodians: vec![],
        bases: vec![],
        ..world.read(JANE)
    };
    record(&world, &[empty]).await;
    let told = listed(&world.officer(&audit, HOUSING), by_staff()).await;
    assert_eq!((told.len(), &*told[0].person, told[0].records.len()), (1, "", 0));
    assert!(listed(&world.officer(&audit, CLINIC), by_staff()).await.is_empty());
}

#[tokio::test]
async fn filters_are_by_practitioner_time_and_refusal() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let by = |subject: &str, agency| {
        let read = world.next_read(JANE);
        let caller =
            Caller { subject: subject.into(), agency: Some(agency), ..read.caller.clone() };
        Event { caller, ..read }
    };
    let (kim, lee) = (by("kim", HOUSING), by("lee", HOUSING));
    let (denied, other) = (refused(&world, &[CLINIC]), by("kim", CLINIC));
    record(&world, &[kim.clone(), lee.clone(), denied.clone(), other.clone()]).await;
    let housing = world.officer(&audit, HOUSING);
    let at = |event: &Event| Some(timestamp(event.occurred_at));
    let just_after = Some(timestamp(lee.occurred_at + time::Duration::MICROSECOND));
    let all = [id(&denied), id(&lee), id(&kim)];
    assert_eq!(decided(&housing, by_staff()).await, all);
    for (request, wanted) in [
        (ListAccessEventsRequest { practitioner: "kim".into(), ..by_staff() }, vec![&denied, &kim]),
        (ListAccessEventsRequest { practitioner: "KIM".into(), ..by_staff() }, vec![]),
        (ListAccessEventsRequest { refused_only: true, ..by_staff() }, vec![&denied]),
        (ListAccessEventsRequest { begin_time: at(&lee), ..by_staff() }, vec![&denied, &lee]),
        (ListAccessEventsRequest { begin_time: just_after, ..by_staff() }, vec![&denied]),
        (ListAccessEventsRequest { end_time: at(&lee), ..by_staff() }, vec![&kim]),
        (ListAccessEventsRequest { end_time: just_after, ..by_staff() }, vec![&lee, &kim]),
        (
            ListAccessEventsRequest { begin_time: at(&lee), end_time: at(&lee), ..by_staff() },
            vec![],
        ),
    ] {
        let wanted: Vec<String> = wanted.into_iter().map(id).collect();
        assert_eq!(decided(&housing, request.clone()).await, wanted, "{request:?}");
    }
    let clinic = world.officer(&audit, CLINIC);
    let refusals = ListAccessEventsRequest { refused_only: true, ..of_records() };
    assert_eq!(decided(&clinic, refusals).await, [id(&denied)]);
    assert_eq!(decided(&clinic, by_staff()).await, [id(&other)]);
}

#[tokio::test]
async fn the_holder_is_not_told_who_was_refused_since_that_may_tell_what_the_person_is_to_them() {
    let world = World::new().await;
    let audit = notes_only(&world).await;
    let event = refused(&world, &[CLINIC]);
    record(&world, std::slice::from_ref(&event)).await;
    let told = AccessEvent {
        agency: String::new(),
        practitioner: String::new(),
        purposes: vec![],
        permitted: false,
        bases: vec![],
        reason: "NO_ACTIVE_CONSENT".into(),
        ..whole_event(&event, 1)
    };
    assert_eq!(listed(&world.officer(&audit, CLINIC), of_records()).await, [told]);
}
