//! What others did about a person's consents and records: a notice each, once.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use futures::stream::BoxStream;
use testkit::fakes::Script;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;
use wire::{
    consent::v1::{
        self as pb, PersonEventKind, WatchPersonEventsRequest, WatchPersonEventsResponse,
        facts_service_server::FactsService,
    },
    convert::{agency_name, name_of, timestamp, to_wire},
    people::v1::{AddRepresentativeRequest, Notice, NoticeKind as Kind},
};

use crate::{
    notices::{bind, kinds, list},
    world::{CLINIC, HOUSING, PROBATION, World, guardian, papers},
};

/// The consent service, as a test scripts it.
#[derive(Debug, Clone, Default)]
pub struct Events(pub Script<WatchPersonEventsResponse>, pub Links);

/// Which links it was told of.
#[derive(Debug, Clone, Default)]
pub struct Links {
    pub told: Arc<Mutex<Vec<pb::LinkPeopleRequest>>>,
    pub away: Arc<AtomicBool>,
}

#[async_trait]
impl FactsService for Events {
    type WatchFactsStream = BoxStream<'static, Result<pb::WatchFactsResponse, Status>>;
    type WatchPersonEventsStream = BoxStream<'static, Result<WatchPersonEventsResponse, Status>>;

    async fn get_facts(
        &self,
        _: Request<pb::GetFactsRequest>,
    ) -> Result<Response<pb::GetFactsResponse>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn watch_facts(
        &self,
        _: Request<pb::WatchFactsRequest>,
    ) -> Result<Response<Self::WatchFactsStream>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn watch_person_events(
        &self,
        request: Request<WatchPersonEventsRequest>,
    ) -> Result<Response<Self::WatchPersonEventsStream>, Status> {
        Ok(Response::new(self.0.after(request.into_inner().after)))
    }

    async fn link_people(
        &self,
        request: Request<pb::LinkPeopleRequest>,
    ) -> Result<Response<pb::LinkPeopleResponse>, Status> {
        if self.1.away.load(Ordering::Relaxed) {
            return Err(Status::unavailable("away"));
        }
        self.1.told.lock().unwrap().push(request.into_inner());
        Ok(Response::new(pb::LinkPeopleResponse {}))
    }
}

pub fn tell(world: &World, sequence: i64, person: Uuid, kind: i32, agencies: &[Uuid]) {
    let message = WatchPersonEventsResponse {
        sequence,
        person: name_of("people", person),
        kind,
        time: Some(timestamp(world.now())),
        agencies: agencies.iter().map(agency_name).collect(),
    };
    world.events.0.push(sequence, message);
}

pub const EMERGENCY: i32 = PersonEventKind::Emergency as i32;
const CONSENT_ENDED: i32 = PersonEventKind::ConsentEnded as i32;
pub const COURT_ORDER: i32 = PersonEventKind::CourtOrder as i32;

pub async fn dealt_with(world: &World, sequence: i64) {
    for _ in 0..2_000 {
        let mut admin = world.admin().await;
        let reached: i64 = sqlx::query_scalar("SELECT sequence FROM person_event_cursor")
            .fetch_one(&mut admin)
            .await
            .unwrap();
        if reached == sequence {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("never dealt with: {sequence}");
}

#[tokio::test]
async fn the_person_is_told_through_a_sign_in_that_those_vouch_for_whom_it_concerns() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    world.jane(PROBATION).await;
    let other = world.somebody_else(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let john = bind(&world, CLINIC, other, "john").await;
    tell(&world, 1, person, EMERGENCY, &[CLINIC]);
    dealt_with(&world, 1).await;
    let told = list(&jane, person).await;
    let expected = Notice {
        name: told[0].name.clone(),
        person: name_of("people", person),
        kind: Kind::Emergency.into(),
        create_time: Some(timestamp(world.now())),
        acknowledge_time: None,
    };
    assert_eq!(told, [expected]);
    jane.acknowledge(Uuid::new_v4(), &told[0].name).await.unwrap();

    world.clock.advance(time::Duration::MINUTE);
    // Of an agency that does not vouch for this sign-in; of two of which one does; of everybody's.
    tell(&world, 2, person, COURT_ORDER, &[HOUSING]);
    tell(&world, 3, person, CONSENT_ENDED, &[CLINIC, HOUSING]);
    tell(&world, 4, person, CONSENT_ENDED, &[]);
    tell(&world, 5, other, EMERGENCY, &[CLINIC]);
    dealt_with(&world, 5).await;
    assert_eq!(kinds(&jane, person).await, [Kind::Emergency]);
    assert_eq!(kinds(&john, other).await, [Kind::Emergency]);
    let mallory = bind(&world, PROBATION, person, "mallory").await;
    assert_eq!(kinds(&mallory, person).await, []);
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    let mut now = kinds(&jane, person).await;
    now.retain(|kind| *kind != Kind::SignInAdded);
    now.sort();
    assert_eq!(now, [Kind::Emergency, Kind::ConsentEnded, Kind::CourtOrder]);
    // One that stands everywhere is told all of it.
    let new = world.proofed("new", kernel::Role::Person, &papers("Jane", "Roe"));
    new.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    let all = kinds(&new, person).await;
    assert_eq!(all.iter().filter(|kind| **kind == Kind::ConsentEnded).count(), 2);
}

#[tokio::test]
async fn s2_14_who_acts_for_the_person_is_told_nothing_where_anything_is_withheld_from_them() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let mut told = Vec::new();
    for (sub, excluded) in [("aunt", vec![]), ("uncle", vec![kernel::Sensitivity::Sud])] {
        let excluded_sensitivities = excluded.into_iter().map(to_wire).collect();
        let request = AddRepresentativeRequest { excluded_sensitivities, ..guardian(person) };
        let code = world.staff(CLINIC).add_representative(request).await.unwrap().code;
        let client = world.individual(sub, kernel::Role::Representative);
        client.accept(&code).await.unwrap();
        told.push(client);
    }
    tell(&world, 1, person, EMERGENCY, &[CLINIC]);
    dealt_with(&world, 1).await;
    let [aunt, uncle] = [kinds(&told[0], person).await, kinds(&told[1], person).await];
    assert!(aunt.contains(&Kind::Emergency), "{aunt:?}");
    assert_eq!(uncle, []);
}

#[tokio::test]
async fn what_is_not_known_here_is_passed_over_and_what_follows_is_told_once() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    // Two instances follow.
    world.follow_events_again();
    tell(&world, 1, person, 99, &[CLINIC]);
    tell(&world, 2, Uuid::new_v4(), EMERGENCY, &[CLINIC]);
    tell(&world, 3, person, EMERGENCY, &[CLINIC]);
    dealt_with(&world, 3).await;
    assert_eq!(kinds(&jane, person).await, [Kind::Emergency]);
    // One that starts later begins where the others have got.
    world.follow_events_again();
    tell(&world, 4, person, COURT_ORDER, &[CLINIC]);
    dealt_with(&world, 4).await;
    let mut told = kinds(&jane, person).await;
    told.sort();
    assert_eq!(told, [Kind::Emergency, Kind::CourtOrder]);
    let events = world.ledger.follow(0, 1_000).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let notified = events.iter().filter(|(_, e)| &*e.rpc == "trellis.people/Notify");
    assert_eq!(notified.count(), 2, "each with its audit record");
}
