//! What is in doubt, decided; people merged, and unmerged.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use identity::{DEV_ISSUER, Named, Principal};
use kernel::Role;
use pb::MatchDecision::{Different, Same};
use pg::hold::{Hold, Mode};
use testkit::fakes::until;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    convert::name_of,
    directory::v1::{PrincipalState, WatchAgenciesResponse},
    people::v1::{self as pb},
};

use crate::{
    scored::{bare, doubts, named, reachable, registered},
    world::{CLINIC, HOUSING, MEDICAID, PROBATION, REFUGE, World, identifier, of_name, whole},
};

/// Two who may be one: whom the clinic registered, and whom the housing agency did.
async fn in_doubt(world: &World) -> (Uuid, Uuid) {
    let first = registered(world, CLINIC, bare(CLINIC)).await;
    (first, registered(world, HOUSING, bare(HOUSING)).await)
}

/// Who may be Jane Roe, and lives elsewhere with another telephone.
fn moved(agency: Uuid) -> pb::RegisterPersonRequest {
    let mut moved = reachable(agency);
    let details = moved.details.as_mut().unwrap();
    details.addresses[0].line = "99 Pine Street".into();
    details.addresses[0].postal_code = "94301".into();
    details.phones[0] = "+1 650 555 7777".into();
    moved
}

async fn listed(world: &World) -> Vec<pb::DoubtfulMatch> {
    world.steward().doubtful(0, "").await.unwrap().matches
}

/// The events of these RPCs: of whom, and on what basis.
async fn recorded(world: &World, rpc: &str) -> BTreeSet<Option<Uuid>> {
    let events = world.ledger.follow(0, 10_000).await.unwrap();
    let events = events.into_iter().filter_map(ledger::Followed::told).map(|(_, event)| event);
    let of_rpc = events.filter(|e| e.rpc.ends_with(rpc) && e.outcome == ledger::Outcome::Permit);
    let shown = of_rpc.inspect(|e| {
        assert_eq!(e.bases.iter().map(|b| &**b).collect::<Vec<_>>(), ["NETWORK"]);
        assert!(e.custodians.is_empty() && e.caller.agency.is_none());
    });
    shown.map(|event| event.person).collect()
}

/// Every row of whoever is registered, as the database keeps it.
async fn rows(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["person", "profile", "profile_identifier", "match_form", "match_block", "sign_in"]
    {
        let sql = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t ORDER BY 1"));
        let found: Vec<String> =
            sqlx::query_scalar(sql).fetch_all(&mut world.admin().await).await.unwrap();
        all.extend(found);
    }
    all
}

fn code<T: std::fmt::Debug>(of: Result<T, Status>) -> Code {
    of.unwrap_err().code()
}

#[tokio::test]
async fn what_was_compared_is_shown_and_neither_by_whom_nor_since_when() {
    let world = World::new().await;
    let mut one = reachable(CLINIC);
    one.identifiers.push(identifier(MEDICAID, "M-1"));
    let one = registered(&world, CLINIC, one).await;
    let mut other = moved(HOUSING);
    let former = pb::OtherName { family_name: "Featherstone".into(), ..Default::default() };
    let details = other.details.as_mut().unwrap();
    details.former_names.push(former);
    details.emails.push("canary@example.org".into());
    let own = other.identifiers[0].value.clone();
    let other = registered(&world, HOUSING, other).await;
    let found = listed(&world).await;
    let [doubt] = &found[..] else { panic!("{found:?}") };
    let (person, known) = (doubt.person.as_ref().unwrap(), doubt.other.as_ref().unwrap());
    assert_eq!(person.person, name_of("people", other));
    assert_eq!(known.person, name_of("people", one));
    let form = |family: &str| pb::ComparedForm {
        given_name: "jane".into(),
        family_name: family.into(),
        birth_date: "1980-01-02".into(),
        phone: "6505557777".into(),
        postal_code: "94301".into(),
        street: "99 pine st".into(),
        ..Default::default()
    };
    let former = pb::ComparedForm { former_name: true, ..form("featherstone") };
    assert_eq!(person.forms, [form("roe"), former]);
    let medicaid = pb::ComparedIdentifier { system: MEDICAID.into(), value: "m1".into() };
    let jane = pb::ComparedForm {
        phone: "6505552013".into(),
        postal_code: "94063".into(),
        street: "12 main st".into(),
        identifiers: vec![medicaid],
        ..form("roe")
    };
    assert_eq!(known.forms, [jane]);
    let fields: Vec<_> = doubt.findings.iter().map(pb::MatchFinding::field).collect();
    use pb::MatchField::*;
    assert_eq!(fields, [GivenName, FamilyName, BirthDate, Phone, PostalCode, Street, Identifier]);
    assert_eq!(doubt.findings[2].agreement, "the same");
    assert!(doubt.findings[2].weight > 0.0);
    let said = format!("{found:?}");
    for hidden in
        [&*CLINIC.to_string(), &*HOUSING.to_string(), &*own, "urn:own", "canary", "staff-"]
    {
        assert!(!said.contains(hidden), "{hidden}");
    }
    assert_eq!(recorded(&world, "/ListDoubtfulMatches").await, [Some(one), Some(other)].into());
}

#[tokio::test]
async fn doubts_are_paged_newest_first_and_a_page_is_nobody_elses() {
    let world = World::new().await;
    registered(&world, CLINIC, bare(CLINIC)).await;
    for agency in [HOUSING, PROBATION] {
        world.clock.advance(time::Duration::SECOND);
        registered(&world, agency, bare(agency)).await;
    }
    let steward = world.steward();
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = steward.doubtful(1, &token).await.unwrap();
        names.extend(page.matches.iter().map(|m| (m.found_time.unwrap().seconds, m.name.clone())));
        assert_eq!(page.matches.len(), 1);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        let other = world.network("another", Role::DataSteward);
        assert_eq!(code(other.doubtful(1, &token).await), Code::InvalidArgument);
    }
    assert_eq!(names.len(), 3, "each with each");
    assert!(names.is_sorted_by(|a, b| a > b), "{names:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test]
async fn nobody_but_a_data_steward_of_the_network_decides() {
    let world = World::new().await;
    let (one, other) = in_doubt(&world).await;
    let name = listed(&world).await[0].name.clone();
    let others = [
        world.staff(CLINIC),
        world.person("jane"),
        world.individual("somebody", Role::Representative),
        world.network("admin", Role::NetworkAdmin),
    ];
    for caller in others {
        assert_eq!(code(caller.doubtful(0, "").await), Code::PermissionDenied);
        let decided = caller.decide(Uuid::new_v4(), &name, Same).await;
        assert_eq!(code(decided), Code::PermissionDenied);
        assert_eq!(code(caller.merge(one, other).await), Code::PermissionDenied);
        assert_eq!(code(caller.unmerge(one, other).await), Code::PermissionDenied);
    }
    assert_eq!(world.count("person_link").await, 0);
}

#[tokio::test]
async fn whoever_is_found_to_be_two_is_two_for_good() {
    let world = World::new().await;
    let (one, other) = in_doubt(&world).await;
    let steward = world.steward();
    let name = listed(&world).await[0].name.clone();
    let request_id = Uuid::new_v4();
    let decided = steward.decide(request_id, &name, Different).await.unwrap();
    assert_eq!((decided.decision(), &decided.link), (Different, &None));
    assert!(listed(&world).await.is_empty());
    assert_eq!(steward.decide(request_id, &name, Different).await.unwrap(), decided, "a replay");
    for again in [Same, Different] {
        let refused = steward.decide(Uuid::new_v4(), &name, again).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(format!("{refused:?}").contains("DIFFERENT"), "{refused:?}");
    }
    // Nothing that comes later brings it back: the other is stated again, as before.
    let mut moved = crate::update::changed(other);
    let stated = bare(HOUSING);
    (moved.given_name, moved.family_name) = (stated.given_name, stated.family_name);
    (moved.birth_date, moved.details) = (stated.birth_date, stated.details);
    world.staff(HOUSING).update(moved).await.unwrap();
    assert_eq!(doubts(&world).await.len(), 1);
    assert!(listed(&world).await.is_empty());
    assert!(world.events.1.told.lock().unwrap().is_empty());
    assert_eq!(recorded(&world, "/DecideMatch").await, [Some(one), Some(other)].into());
}

#[tokio::test]
async fn whoever_is_found_to_be_the_same_is_one_and_known_by_the_name_of_who_was_first() {
    let world = World::new().await;
    let (one, other) = in_doubt(&world).await;
    let before = rows(&world).await;
    let steward = world.steward();
    let name = listed(&world).await[0].name.clone();
    // Writes under way begin their COMMIT before.
    let deciding = steward.decide(Uuid::new_v4(), &name, Same);
    let decided = world.fenced(deciding).await.unwrap();
    let link = decided.link.unwrap();
    assert_eq!((of_name(&link.person), of_name(&link.other)), (one, other));
    assert!(listed(&world).await.is_empty());
    assert_eq!(rows(&world).await, before, "a link rewrites nothing");
    let told = world.events.1.told.lock().unwrap().clone();
    assert_eq!((told.len(), &told[0].person, &told[0].end_time), (1, &link.person, &None));
    let again = steward.decide(Uuid::new_v4(), &name, Different).await;
    assert_eq!(code(again), Code::FailedPrecondition);
    for rpc in ["/DecideMatch", "/ListDoubtfulMatches"] {
        assert_eq!(recorded(&world, rpc).await, [Some(one), Some(other)].into());
    }
}

#[tokio::test]
async fn people_who_are_one_are_recognised_as_one_and_as_two_again_afterwards() {
    let world = World::new().await;
    // Each with another telephone and street, so that each is linked by its own.
    let moved = moved(HOUSING);
    let one = registered(&world, CLINIC, reachable(CLINIC)).await;
    let other = registered(&world, HOUSING, moved.clone()).await;
    assert_ne!(one, other);
    let (before, steward) = (rows(&world).await, world.steward());
    steward.merge(one, other).await.unwrap();
    assert!(listed(&world).await.is_empty(), "what was in doubt is closed");

    // The clinic, which holds the one, registers the other's: it knows both, and says who is who.
    let mut own = moved.clone();
    own.identifiers = vec![identifier("urn:own", "new")];
    own.request_id = Uuid::new_v4().to_string();
    let held = registered(&world, CLINIC, own).await;
    assert!(held != one && held != other, "an agency that holds either knows both");
    steward.unmerge(one, other).await.unwrap();
    let kept = rows(&world).await;
    assert!(before.iter().all(|row| kept.contains(row)), "an unmerging loses nothing");
    let count =
        |rows: &[String], id: Uuid| rows.iter().filter(|row| row.contains(&id.to_string())).count();
    assert_eq!(
        (count(&kept, one), count(&kept, other)),
        (count(&before, one), count(&before, other))
    );
}

#[tokio::test]
async fn whoever_is_registered_while_two_are_one_is_under_the_name_of_whom_they_agree_with() {
    for merged in [false, true] {
        let world = World::new().await;
        let one = registered(&world, CLINIC, bare(CLINIC)).await;
        let with_number = |agency| {
            let mut stated = bare(agency);
            stated.identifiers.push(identifier(MEDICAID, "M-9"));
            stated
        };
        let other = registered(&world, HOUSING, with_number(HOUSING)).await;
        assert_ne!(one, other);
        if merged {
            world.steward().merge(one, other).await.unwrap();
        }
        let third = registered(&world, PROBATION, with_number(PROBATION)).await;
        assert_eq!(third, other);
        if merged {
            // No doubt is found between those who are one.
            let pairs = doubts(&world).await;
            assert_eq!(pairs.len(), 1, "{pairs:?}");
            assert!(listed(&world).await.is_empty());
            // Once they are two again, nothing of the one is the other's.
            world.steward().unmerge(other, one).await.unwrap();
            world.flagged(&[], &[]);
            assert_eq!(registered(&world, REFUGE, with_number(REFUGE)).await, other);
            let read = world.staff(PROBATION).get(other).await.unwrap().person.unwrap();
            assert_eq!(read.profiles.len(), 1);
            assert!(world.staff(PROBATION).get(one).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_profile_of_either_that_contradicts_stands_against_both() {
    for merged in [false, true] {
        let world = World::new().await;
        let one = registered(&world, CLINIC, reachable(CLINIC)).await;
        // Who lives there too and has another number.
        let mut other = named("Kate", reachable(HOUSING));
        other.birth_date = "1990-07-08".into();
        let other = registered(&world, HOUSING, other).await;
        assert_ne!(one, other);
        if merged {
            world.steward().merge(one, other).await.unwrap();
        }
        let third = registered(&world, PROBATION, reachable(PROBATION)).await;
        assert_eq!(third == one, !merged, "Kate's is another's");
    }
}

#[tokio::test]
async fn whoever_is_apart_is_never_listed_decided_or_merged_and_a_link_of_theirs_counts_no_more() {
    let world = World::new().await;
    let (one, other) = in_doubt(&world).await;
    let steward = world.steward();
    let name = listed(&world).await[0].name.clone();
    // The housing agency becomes a victim-service provider.
    world.flagged(&[], &[REFUGE, HOUSING]);
    assert!(listed(&world).await.is_empty());
    let unknown = name_of("doubtfulMatches", Uuid::from_u128(7));
    let absent = steward.decide(Uuid::new_v4(), &unknown, Same).await.unwrap_err();
    for decision in [Same, Different] {
        let hidden = steward.decide(Uuid::new_v4(), &name, decision).await.unwrap_err();
        assert_eq!(whole(&hidden), whole(&absent));
    }
    let absent = steward.merge(one, Uuid::from_u128(9)).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    assert_eq!(whole(&steward.merge(one, other).await.unwrap_err()), whole(&absent));
    world.flagged(&[], &[REFUGE]);
    steward.merge(other, one).await.unwrap();
    let third = |n: &str| {
        let mut third = reachable(PROBATION);
        third.identifiers = vec![identifier("urn:own", n)];
        third
    };
    // By a label of the housing agency's own.
    let mut labelled = bare(HOUSING);
    labelled.identifiers = vec![identifier("urn:own", "labelled")];
    labelled.labels = Some(Labels { victim_service: true, ..Labels::default() });
    registered(&world, HOUSING, labelled).await;
    world.flagged(&[], &[REFUGE, HOUSING]);
    let found = registered(&world, PROBATION, third("t")).await;
    assert_ne!(found, other, "whoever is apart is found by nobody");
}

#[tokio::test]
async fn at_most_ten_are_one_and_nobody_is_linked_with_whom_they_are_one_already() {
    let world = World::new().await;
    let mut people = Vec::new();
    for n in 0..11 {
        let mut request = bare(CLINIC);
        request.given_name = format!("Given{n}");
        request.identifiers = vec![identifier("urn:own", &format!("n{n}"))];
        people.push(registered(&world, CLINIC, request).await);
    }
    let steward = world.steward();
    for two in people[..10].windows(2) {
        steward.merge(two[0], two[1]).await.unwrap();
    }
    assert_eq!(code(steward.merge(people[0], people[9]).await), Code::FailedPrecondition);
    assert_eq!(code(steward.merge(people[9], people[10]).await), Code::ResourceExhausted);
    assert_eq!(code(steward.merge(people[10], people[0]).await), Code::ResourceExhausted);
    assert_eq!(
        code(steward.unmerge(people[0], people[9]).await),
        Code::NotFound,
        "no link of theirs"
    );
    steward.unmerge(people[5], people[4]).await.unwrap();
    steward.merge(people[9], people[10]).await.unwrap();
    steward.merge(people[0], people[9]).await.map(drop).unwrap_err();
    assert_eq!(world.count("person_link").await, 10);
    assert_eq!(world.count("person_unlink").await, 1);
}

#[tokio::test]
async fn a_merging_is_answered_once_the_consent_service_knows_and_a_repeat_tells_it_again() {
    let world = World::new().await;
    let (one, other) = in_doubt(&world).await;
    let (steward, links) = (world.steward(), world.events.1.clone());
    links.away.store(true, Ordering::Relaxed);
    let request_id = Uuid::new_v4();
    let away = steward.merge_as(request_id, one, other).await;
    assert_eq!(code(away), Code::Unavailable);
    assert!(links.told.lock().unwrap().is_empty());
    links.away.store(false, Ordering::Relaxed);
    let link = steward.merge_as(request_id, one, other).await.unwrap();
    assert_eq!(world.count("person_link").await, 1);
    let told = links.told.lock().unwrap().clone();
    assert!(told.iter().all(|t| t.person == link.person && t.end_time.is_none()));
    assert!(!told.is_empty());

    // The end is told by itself where it could not be told at once.
    links.away.store(true, Ordering::Relaxed);
    assert_eq!(code(steward.unmerge(one, other).await), Code::Unavailable);
    links.away.store(false, Ordering::Relaxed);
    for _ in 0..1_000 {
        if links.told.lock().unwrap().iter().any(|t| t.end_time.is_some()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("never told");
}

#[tokio::test]
async fn what_is_decided_is_added_and_never_changed_or_taken_away() {
    let world = World::new().await;
    let (one, other) = in_doubt(&world).await;
    let steward = world.steward();
    let request_id = Uuid::new_v4();
    let link = steward.merge_as(request_id, one, other).await.unwrap();
    let ended = steward.unmerge(other, one).await.unwrap();
    assert_eq!((&ended.person, &ended.begin_time), (&link.person, &link.begin_time));
    assert!(ended.end_time.is_some());
    for table in ["match_decision", "person_link", "person_unlink", "person_link_told"] {
        for what in ["UPDATE {} SET person_id = person_id", "DELETE FROM {}"] {
            let sql = sqlx::AssertSqlSafe(what.replace("{}", table));
            let done = world
                .db
                .run_tx("test", pg::Scope::people([one, other]), move |tx| {
                    let sql = sql.0.clone();
                    Box::pin(async move {
                        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(tx).await?;
                        Ok(())
                    })
                })
                .await;
            assert!(done.is_err(), "{table}");
        }
    }
    for rpc in ["/MergePeople", "/UnmergePeople"] {
        assert_eq!(recorded(&world, rpc).await, [Some(one), Some(other)].into());
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_with_its_field() {
    let world = World::new().await;
    let (one, _) = in_doubt(&world).await;
    let steward = world.steward();
    assert_eq!(code(steward.merge(one, one).await), Code::InvalidArgument);
    assert_eq!(code(steward.decide(Uuid::new_v4(), "people/1", Same).await), Code::InvalidArgument);
    assert_eq!(code(steward.doubtful(201, "").await), Code::InvalidArgument);
}

/// Says of a sign-in whether it is suspended.
pub fn suspend(world: &World, sub: &str, suspended: bool) {
    let principal = Principal::of(DEV_ISSUER, Named::Subject(sub));
    let state = PrincipalState {
        name: name_of("suspendedPrincipals", Uuid::from_u128(1)),
        principal: principal.as_bytes().to_vec(),
        suspended,
        ..PrincipalState::default()
    };
    let principals = vec![state];
    let step = WatchAgenciesResponse { revision: 2, principals, ..Default::default() };
    world.directory.apply(&step);
}

#[tokio::test]
async fn what_a_steward_asked_for_before_they_were_suspended_is_neither_decided_nor_shown() {
    let world = World::new().await;
    let (first, second) = in_doubt(&world).await;
    let doubt = listed(&world).await.remove(0).name;
    let steward = world.steward();
    // Both wait for whoever decides about others.
    let key = "(hashtext(current_schema() || '.person_link'))";
    let mut holder = world.admin().await;
    let sql = sqlx::AssertSqlSafe(format!("SELECT pg_advisory_lock{key}"));
    sqlx::raw_sql(sql).execute(&mut holder).await.unwrap();
    let mut looking = world.admin().await;
    let mut waiting = async || -> i64 {
        let sql = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()";
        sqlx::query_scalar(sql).fetch_one(&mut looking).await.unwrap()
    };
    let deciding = async {
        let merged = steward.merge(first, second);
        tokio::join!(merged, steward.decide(Uuid::new_v4(), &doubt, Same))
    };
    let meanwhile = async {
        until("both wait", async || waiting().await == 2).await;
        suspend(&world, "steward", true);
        let sql = sqlx::AssertSqlSafe(format!("SELECT pg_advisory_unlock{key}"));
        sqlx::raw_sql(sql).execute(&mut holder).await.unwrap();
    };
    let ((merged, decided), ()) = tokio::join!(deciding, meanwhile);
    let refused = (Code::PermissionDenied, "PRINCIPAL_SUSPENDED".to_owned());
    assert_eq!((told(merged), told(decided)), (refused.clone(), refused.clone()));

    suspend(&world, "steward", false);
    let url = world.admin_url();
    let hold = Hold::table(&url, "people", "match_doubt", Mode::Everything).await;
    let mut hold = hold.unwrap();
    let meanwhile = async {
        until("it is under way", async || hold.waiting().await.unwrap() > 0).await;
        suspend(&world, "steward", true);
        hold.let_go().await.unwrap();
    };
    let (shown, ()) = tokio::join!(steward.doubtful(0, ""), meanwhile);
    assert_eq!(told(shown), refused);

    suspend(&world, "steward", false);
    assert_eq!(listed(&world).await[0].name, doubt, "it is in doubt still");
    for rpc in ["/MergePeople", "/DecideMatch"] {
        assert!(recorded(&world, rpc).await.is_empty(), "{rpc}");
    }
}

/// Code and reason of a refusal.
pub fn told<T: std::fmt::Debug>(of: Result<T, Status>) -> (Code, String) {
    let refused = of.unwrap_err();
    let reason = refused.get_error_details().error_info().unwrap().reason.clone();
    (refused.code(), reason)
}
