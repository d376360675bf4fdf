use std::sync::Arc;

use tonic::Code;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, name_of, person_facts_consent, timestamp},
};

use kernel::{AgencyStatus, PersonId};
use permit::{Answer, ConsentSource as _, Question};
use policy::ConsentStatus;
use time::Duration;

use crate::world::{
    ANA, BEN, CLEO, CLINIC, HOUSING, NOW, OTHER, World, agencies, terms, terms_of, told, with,
};

#[tokio::test]
async fn consents_come_with_a_new_revision_and_are_left_out_with_a_known_one() {
    let world = World::new().await;
    let unknown = world.ask(&[(ANA, -1), (CLEO, -1), (CLEO, 0), (CLEO, 7)]).await;
    let nothing = |changed| pb::PersonFacts { changed, ..Default::default() };
    assert_eq!(unknown.facts, [nothing(true), nothing(true), nothing(false), nothing(true)]);

    let first = world.signed("ana", terms()).await;
    let facts = world.facts_of(ANA).await;
    assert_eq!((facts.revision, facts.changed), (1, true));
    let sent = pb::Consent { text: String::new(), rule_pack: String::new(), ..first.clone() };
    assert_eq!(facts.consents, [sent]);
    assert!(person_facts_consent(&facts.consents[0]).is_some());
    assert_eq!(facts.until, first.terms.unwrap().expires);

    let same = world.ask(&[(ANA, 1)]).await.facts.remove(0);
    assert_eq!(same, pb::PersonFacts { revision: 1, ..Default::default() });

    world.signed("ana", terms_of(pb::Effect::Deny, &[CLINIC], &[OTHER])).await;
    world.revoke(&world.person("ana"), &first.name).await.unwrap();
    let facts = world.ask(&[(ANA, 1)]).await.facts.remove(0);
    assert_eq!((facts.revision, facts.changed, facts.consents.len()), (3, true, 2));
}

#[tokio::test]
async fn nobody_gets_the_facts_of_a_second_person_whatever_the_order_of_the_questions() {
    let world = World::new().await;
    let (ana, ben) = (world.signed("ana", terms()).await, world.signed("ben", terms()).await);
    world.signed("ben", terms()).await;
    let reply = world.ask(&[(BEN, -1), (CLEO, -1), (ANA, -1), (BEN, 2), (ANA, -1)]).await;
    let names: Vec<Vec<&str>> = reply
        .facts
        .iter()
        .map(|f| f.consents.iter().map(|c| c.person.as_str()).collect())
        .collect();
    let (of_ana, of_ben) = (name_of("people", ANA), name_of("people", BEN));
    assert_eq!(
        names,
        [vec![of_ben.as_str(); 2], vec![], vec![of_ana.as_str()], vec![], vec![of_ana.as_str()]]
    );
    assert_eq!(reply.facts[2].consents[0].name, ana.name);
    assert!(reply.facts[0].consents.iter().any(|c| c.name == ben.name));
}

#[tokio::test]
async fn a_draft_is_no_fact() {
    let world = World::new().await;
    world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    let facts = world.facts_of(ANA).await;
    assert_eq!(facts, pb::PersonFacts { changed: true, ..Default::default() });
    world.signed("ana", terms()).await;
    world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    let facts = world.facts_of(ANA).await;
    assert_eq!((facts.revision, facts.consents.len()), (1, 1));
}

#[tokio::test]
async fn crowds_of_questions_each_get_their_own_answers() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    world.signed("ben", terms()).await;
    world.signed("ben", terms()).await;
    let asked = (0..200).map(|n| {
        let world = &world;
        async move {
            let people = match n % 3 {
                // The nil one among them: nobody's, and no harm to the others of its group.
                0 => vec![(ANA, -1), (Uuid::from_u128(n), -1)],
                1 => vec![(BEN, 2), (ANA, 1)],
                _ => vec![(CLEO, -1), (BEN, -1)],
            };
            let facts = world.ask(&people).await.facts;
            let got: Vec<_> = facts.iter().map(|f| (f.revision, f.consents.len())).collect();
            let want = match n % 3 {
                0 => [(1, 1), (0, 0)],
                1 => [(2, 0), (1, 0)],
                _ => [(0, 0), (2, 2)],
            };
            assert_eq!(got, want);
        }
    });
    futures::future::join_all(asked).await;
}

#[tokio::test]
async fn the_directorys_flags_come_where_the_asker_holds_another_revision() {
    let world = World::new().await;
    assert_eq!(world.ask(&[(ANA, -1)]).await.agencies, []);
    world.directory.apply(&agencies(2));
    let reply = world.ask(&[(ANA, -1)]).await;
    assert_eq!((reply.directory_revision, reply.agencies.len()), (2, 4));
    let clinic = reply.agencies.iter().find(|a| a.name == agency_name(CLINIC)).unwrap();
    assert!(clinic.active && clinic.part2_program && clinic.covered_entity);
    assert!(!clinic.victim_service_provider);
}

#[tokio::test]
async fn what_another_service_keeps_stands_for_one_person_and_one_revision_alone() {
    let world = World::new().await;
    let source = facts::GrpcConsents::new(world.asked_by("notes"));
    let ask = async |person: Uuid| {
        let question = Question { person: person.into(), on_behalf_of: Some(HOUSING.into()) };
        source.facts(vec![question]).await.unwrap().remove(0)
    };
    assert!(ask(ANA).await.facts.consents.is_empty());
    let signed = world.signed("ana", terms()).await;
    let (first, again) = (ask(ANA).await, ask(ANA).await);
    assert_eq!((first.revision, first.facts.consents[0].status), (1, ConsentStatus::Active));
    assert!(Arc::ptr_eq(&first.facts, &again.facts), "kept, and asked about all the same");
    // Somebody else's of the same revision are their own, and nothing is nothing.
    world.signed("ben", terms()).await;
    let ben = ask(BEN).await;
    assert_eq!((ben.revision, &ben.facts.person), (1, &PersonId::from(BEN)));
    assert_eq!(ben.facts.consents[0].person, PersonId::from(BEN));
    assert!(ask(CLEO).await.facts.consents.is_empty());
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    let revoked = ask(ANA).await;
    assert_eq!((revoked.revision, revoked.facts.consents[0].status), (2, ConsentStatus::Revoked));
    assert!(Arc::ptr_eq(&ask(BEN).await.facts, &ben.facts), "of them nothing has changed");
    // The agencies go by the directory's revision, whatever is kept of the person.
    let mut later = agencies(2);
    let housing = later.agencies.iter_mut().find_map(|state| {
        state.agency.as_mut().filter(|agency| agency.name == agency_name(HOUSING))
    });
    housing.unwrap().status = 2;
    world.directory.apply(&later);
    let status = |answer: &Answer| answer.agencies.get(&HOUSING.into()).unwrap().status;
    assert_eq!(status(&revoked), AgencyStatus::Active);
    let now = ask(ANA).await;
    assert_eq!(status(&now), AgencyStatus::Suspended);
    assert!(Arc::ptr_eq(&now.facts, &revoked.facts));
}

#[tokio::test]
async fn facts_are_for_services_and_consents_are_not() {
    let world = World::new().await;
    let ask = || pb::GetFactsRequest {
        questions: vec![pb::FactsQuestion {
            person: name_of("people", ANA),
            known_revision: -1,
            on_behalf_of: String::new(),
        }],
        directory_revision: 0,
    };
    for token in [world.staff(CLINIC), world.person("ana")] {
        let refused = world.facts().get_facts(with(&token, ask())).await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()));
        let watch = pb::WatchFactsRequest { after: 0 };
        let refused = world.facts().watch_facts(with(&token, watch)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let refused = world.get(&world.service(), "consents/x").await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()));
    let mut odd = ask();
    odd.questions[0].person = "people/ANA".into();
    odd.questions[0].known_revision = -2;
    let refused = world.facts().get_facts(with(&world.service(), odd)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_silent_directory_leaves_nothing_to_decide_on() {
    let world = World::new().await;
    let silent = facts::Directory::new();
    let own = consent::LocalConsents::new(world.db.clone(), silent, Arc::new(world.clock.clone()));
    let question = Question { person: PersonId::from(ANA), on_behalf_of: None };
    assert_eq!(own.facts(vec![question]).await.unwrap_err(), permit::SourceError::Unavailable);
}

#[tokio::test]
async fn the_services_own_guard_is_told_the_same() {
    let world = World::new().await;
    let mut later = terms();
    later.effective = Some(timestamp(NOW + Duration::days(2)));
    let signed = world.signed("ana", later).await;
    world.signed("ben", terms()).await;
    let clock = Arc::new(world.clock.clone());
    let own = consent::LocalConsents::new(world.db.clone(), world.directory.clone(), clock);
    let about =
        |person| Question { person: PersonId::from(person), on_behalf_of: Some(HOUSING.into()) };
    let answers = own.facts(vec![about(ANA), about(CLEO)]).await.unwrap();
    assert_eq!((answers[0].revision, answers[1].revision), (1, 0));
    assert_eq!(answers[0].facts.consents, [person_facts_consent(&signed).unwrap()]);
    assert_eq!(answers[1].facts.consents, []);
    assert!(answers[0].agencies.knows(&HOUSING.into()));
    assert_eq!(world.facts_of(ANA).await.until, Some(timestamp(NOW + Duration::days(2))));
}
