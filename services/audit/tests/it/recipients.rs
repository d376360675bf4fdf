//! To whom anything of a person went: an entry an agency, of three years, to the person alone.

use std::collections::BTreeMap;

use kernel::{Action, Clock as _, Kind, Purpose};
use ledger::{Event, Ledger, Outcome};
use time::{Duration, macros::datetime};
use tonic::Code;
use uuid::Uuid;
use wire::{
    audit::v1::{ListDisclosuresRequest, Recipient},
    convert::{timestamp, to_wire},
};

use crate::world::*;

async fn record(ledger: &Ledger, events: &[Event]) {
    for some in events.chunks(50) {
        let all = some.iter().map(|event| ledger.record(event.clone()));
        futures::future::try_join_all(all).await.unwrap();
    }
}

/// Each agency and how many disclosures it got.
async fn counts(client: &Client, person: Uuid) -> BTreeMap<String, i64> {
    let told = client.recipients(person).await.unwrap().recipients;
    told.into_iter().map(|r| (r.agency, r.disclosures)).collect()
}

#[tokio::test]
async fn each_agency_is_told_of_once_with_all_that_it_got_the_latest_first() {
    let world = World::new().await;
    let audit = world.audit().await;
    let first = world.read(JANE);
    let began = world.clock.now();
    let of_else = world.next_read(ELSE);
    let second = Event {
        purposes: [Purpose::HousingPlacement].into(),
        record_kinds: [Kind::Referral].into(),
        ..world.next_read(JANE)
    };
    let ended = world.clock.now();
    let read = world.next_read(JANE);
    let sent = Event {
        rpc: "trellis.referrals.v1.ReferralsService/SendReferral".into(),
        caller: ledger::Caller { agency: Some(CLINIC), ..read.caller.clone() },
        action: Action::Refer,
        record_kinds: [Kind::Referral].into(),
        recipient: Some(REFUGE),
        ..read
    };
    record(&world.notes, &[first, of_else, second, sent]).await;
    world.reaches("notes", 4).await;
    let told = world.jane(&audit).recipients(JANE).await.unwrap();
    let refuge = format!("agencies/{REFUGE}");
    assert_eq!(
        told.recipients,
        [
            Recipient {
                agency: refuge.clone(),
                display_name: refuge.clone(),
                disclosures: 1,
                first_time: Some(timestamp(world.clock.now())),
                last_time: Some(timestamp(world.clock.now())),
                purposes: vec![to_wire(Purpose::CoordinationOfCare)],
                kinds: vec![to_wire(Kind::Referral)],
                explanation: format!(
                    "{refuge} got something of yours once, on 3 March 2026, for coordination of \
                     care."
                ),
            },
            Recipient {
                agency: format!("agencies/{HOUSING}"),
                display_name: "Hearth Housing".into(),
                disclosures: 2,
                first_time: Some(timestamp(began)),
                last_time: Some(timestamp(ended)),
                purposes: vec![
                    to_wire(Purpose::CoordinationOfCare),
                    to_wire(Purpose::HousingPlacement),
                ],
                kinds: vec![to_wire(Kind::Note), to_wire(Kind::Referral)],
                explanation: "Hearth Housing got something of yours 2 times, the last time on 3 \
                    March 2026, for coordination of care and finding housing."
                    .into(),
            },
        ]
    );
    let notes = told.positions.iter().find(|p| p.service == "notes").unwrap();
    assert_eq!(notes.sequence, 4);
    let housing = BTreeMap::from([(format!("agencies/{HOUSING}"), 1)]);
    assert_eq!(counts(&world.somebody_else(&audit), ELSE).await, housing);
}

/// Events of every shape that decides whether the accounting shows them.
fn shapes(world: &World, person: Uuid) -> Vec<Event> {
    let all_bases: [&[&str]; 10] = [
        &[],
        &["CONSENT"],
        &["CUSTODIAN"],
        &["CUSTODIAN", "CONSENT"],
        &["SELF"],
        &["SELF", "INVITATION"],
        &["NAMED_IN_CONSENT"],
        &["NETWORK"],
        &["SHARE"],
        &["REPRESENTATIVE"],
    ];
    let all_custodians: [&[Uuid]; 4] = [&[], &[CLINIC], &[CLINIC, REFUGE], &[HOUSING]];
    let mut events = Vec::new();
    for bases in all_bases {
        for custodians in all_custodians {
            for agency in [None, Some(HOUSING), Some(CLINIC)] {
                for (recipient, records) in [(None, true), (None, false), (Some(REFUGE), true)] {
                    let read = world.read(person);
                    let kind = if agency.is_some() { "AGENCY_STAFF" } else { "PERSON" };
                    let kind = kind.into();
                    events.push(Event {
                        bases: bases.iter().map(|b| (*b).into()).collect(),
                        custodians: custodians.to_vec(),
                        caller: ledger::Caller { kind, agency, ..read.caller.clone() },
                        recipient,
                        records: if records { read.records.clone() } else { Vec::new() },
                        ..read
                    });
                }
            }
        }
    }
    events.push(Event { outcome: Outcome::Deny, ..world.read(person) });
    events
}

/// Counted from the accounting itself.
async fn shown(client: &Client, person: Uuid) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    let mut token = String::new();
    loop {
        let request =
            ListDisclosuresRequest { page_size: 200, page_token: token, ..asking(person) };
        let page = client.list(request).await.unwrap();
        for disclosure in page.disclosures.iter().filter(|d| !d.agency.is_empty()) {
            *all.entry(disclosure.agency.clone()).or_insert(0) += 1;
        }
        token = page.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

#[tokio::test]
async fn what_is_counted_is_what_the_accounting_shows() {
    let world = World::new().await;
    let audit = world.audit().await;
    for ledger in [&world.notes, &world.consent] {
        let mut events = shapes(&world, JANE);
        events.push(world.read(ELSE));
        record(ledger, &events).await;
    }
    let each = i64::try_from(shapes(&world, JANE).len()).unwrap() + 1;
    world.reaches("notes", each).await;
    world.reaches("consent", each).await;
    let every: [Option<&[Uuid]>; 5] =
        [None, Some(&[CLINIC, REFUGE]), Some(&[CLINIC]), Some(&[HOUSING]), Some(&[])];
    for confirmed_by in every {
        world.bind("jane", JANE, confirmed_by);
        let jane = world.person(&audit, "jane");
        let counted = counts(&jane, JANE).await;
        assert_eq!(counted, shown(&jane, JANE).await, "{confirmed_by:?}");
        assert!(!counted.is_empty(), "{confirmed_by:?}");
    }
}

#[tokio::test]
async fn what_is_three_years_old_to_the_instant_is_told_and_what_is_older_is_not() {
    let world = World::new().await;
    let audit = world.audit().await;
    let edge = datetime!(2023-03-03 09:00 UTC);
    let at = |occurred_at, person| Event { occurred_at, ..world.read(person) };
    let older = edge - Duration::MICROSECOND;
    let mut of_clinic = at(older, JANE);
    of_clinic.caller.agency = Some(CLINIC);
    let events = [of_clinic, at(older, JANE), at(edge, JANE), world.read(JANE), at(edge, ELSE)];
    record(&world.notes, &events).await;
    world.reaches("notes", 5).await;
    let jane = world.jane(&audit);
    let told = jane.recipients(JANE).await.unwrap().recipients;
    assert_eq!(told.len(), 1, "an agency of older things alone is left out");
    assert_eq!((told[0].disclosures, told[0].first_time), (2, Some(timestamp(edge))));
    // A moment later it is older, too.
    world.clock.advance(Duration::MICROSECOND);
    let told = jane.recipients(JANE).await.unwrap().recipients;
    assert_eq!((told[0].disclosures, told[0].first_time), (1, told[0].last_time));
}

#[tokio::test]
async fn at_most_a_thousand_agencies_are_told_of_the_latest() {
    let world = World::new().await;
    let audit = world.audit().await;
    let read = |n: u32| {
        let read = world.read(JANE);
        let caller = ledger::Caller {
            agency: Some(Uuid::from_u128(0x1000 + u128::from(n))),
            ..read.caller.clone()
        };
        let occurred_at = world.clock.now() - Duration::SECOND * n;
        Event { occurred_at, caller, ..read }
    };
    let events: Vec<Event> = (0..1_001).map(read).collect();
    record(&world.notes, &events).await;
    world.reaches("notes", 1_001).await;
    let told = world.jane(&audit).recipients(JANE).await.unwrap().recipients;
    let agencies: Vec<String> = told.into_iter().map(|r| r.agency).collect();
    let name = |n: u128| format!("agencies/{}", Uuid::from_u128(0x1000 + n));
    assert_eq!(agencies, (0..1_000).map(name).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_but_the_person_is_told_and_every_look_is_on_record() {
    let world = World::new().await;
    let audit = world.audit().await;
    record(&world.notes, &[world.read(JANE), world.next_read(ELSE)]).await;
    world.reaches("notes", 2).await;
    let jane = world.jane(&audit);
    let unknown = Uuid::from_u128(0x999);
    jane.recipients(JANE).await.unwrap();
    let refused = jane.recipients(ELSE).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(whole(&refused), whole(&jane.recipients(unknown).await.unwrap_err()));
    for staff in [world.staff(&audit), world.officer(&audit, HOUSING)] {
        let refused = staff.recipients(JANE).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let recorded = audit.ledger.follow(0, 10).await.unwrap();
    let recorded: Vec<_> = recorded.into_iter().filter_map(ledger::Followed::told).collect();
    let ours = recorded.iter().filter(|(_, event)| event.rpc.ends_with("/ListRecipients"));
    let ours: Vec<_> = ours.map(|(_, event)| (event.person, event.outcome)).collect();
    assert_eq!(
        ours,
        [
            (Some(JANE), Outcome::Permit),
            (Some(ELSE), Outcome::Deny),
            (Some(unknown), Outcome::Deny),
        ]
    );
}
