//! Lists.

use std::collections::BTreeSet;

use kernel::{Action, CodeSet, Kind, Sensitivity};
use policy::{Effect, Rule};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use testkit::{
    fakes::{consent, permitting},
    waits,
};
use tonic::Code;
use uuid::Uuid;
use wire::{
    convert::{name_of, to_wire},
    referrals::v1::{self as pb, ListReferralsRequest, ReferralState as S},
};

use crate::world::{
    ANA, BEN, CLINIC, HOUSING, OTHER, PROGRAMME, PURPOSES, REFUGE, Verb, World, fields, fresh, new,
    reason, refused,
};

fn everybody() -> ListReferralsRequest {
    ListReferralsRequest::default()
}

fn of(person: Uuid) -> ListReferralsRequest {
    ListReferralsRequest { person: name_of("people", person), ..everybody() }
}

async fn names(world: &World, token: &str, request: ListReferralsRequest) -> Vec<String> {
    let list = world.list_as(token, request).await.unwrap();
    assert_eq!(list.next_page_token, "");
    list.referrals.into_iter().map(|r| r.name).collect()
}

/// Two sent about Ana and a draft, and one sent about Ben by another agency; newest first.
async fn county() -> (World, [String; 4]) {
    let world = World::agreed().await;
    world.agree(BEN, OTHER, HOUSING);
    let mut names = Vec::new();
    for step in 0..4 {
        world.clock.advance(time::Duration::MINUTE);
        let made = match step {
            0 | 2 => world.sent().await,
            1 => world.draft().await,
            _ => {
                let at_once = pb::CreateReferralRequest { send: true, ..new(BEN, HOUSING) };
                world.create(OTHER, at_once).await.unwrap()
            }
        };
        names.push(made.name);
    }
    names.reverse();
    (world, names.try_into().unwrap())
}

#[tokio::test]
async fn each_sees_their_own_newest_first() {
    let (world, [bens, second, draft, first]) = county().await;
    let (clinic, housing, other) = (world.staff(CLINIC), world.staff(HOUSING), world.staff(OTHER));
    assert_eq!(
        names(&world, &clinic, everybody()).await,
        [&second, &draft, &first].map(Clone::clone)
    );
    assert_eq!(
        names(&world, &housing, everybody()).await,
        [&bens, &second, &first].map(Clone::clone)
    );
    assert_eq!(names(&world, &other, everybody()).await, std::slice::from_ref(&bens));
    assert_eq!(names(&world, &housing, of(ANA)).await, [second.clone(), first.clone()]);
    assert_eq!(names(&world, &other, of(ANA)).await, [] as [String; 0]);
    assert_eq!(names(&world, &world.person("ana"), of(ANA)).await, [second, first]);
    assert_eq!(names(&world, &world.person("ben"), of(ANA)).await, [] as [String; 0]);
    assert_eq!(names(&world, &world.person("ben"), of(BEN)).await, [bens]);
}

#[tokio::test]
async fn a_list_is_what_get_permits() {
    let (world, all) = county().await;
    for revoked in [false, true] {
        if revoked {
            world.revoke(ANA);
        }
        for agency in [CLINIC, HOUSING, OTHER] {
            let listed = names(&world, &world.staff(agency), everybody()).await;
            for name in &all {
                let got = world.get(agency, name).await.is_ok();
                assert_eq!(listed.contains(name), got, "{agency} {name} {revoked}");
            }
        }
    }
}

const COUNTY: [Uuid; 5] = [CLINIC, HOUSING, OTHER, PROGRAMME, REFUGE];

/// Between whom referrals are written, and about whom.
const WRITTEN: [(Uuid, Uuid, Uuid); 6] = [
    (CLINIC, HOUSING, ANA),
    (CLINIC, OTHER, ANA),
    (PROGRAMME, HOUSING, ANA),
    (REFUGE, HOUSING, ANA),
    (CLINIC, HOUSING, BEN),
    (OTHER, HOUSING, BEN),
];

/// Referrals of every sort, some of them drafts, some answered or ended.
async fn written(world: &World, rng: &mut StdRng) -> Vec<String> {
    let mut names = Vec::new();
    for (from, to, person) in WRITTEN {
        world.agree(person, from, to);
        for sensitivity in [None, Some(Sensitivity::Hiv)] {
            world.clock.advance(time::Duration::MINUTE);
            let mut asked = new(person, to);
            let labels = asked.labels.as_mut().unwrap();
            labels.sensitivities = sensitivity.into_iter().map(to_wire).collect();
            asked.send = rng.random_bool(0.8);
            let made = match world.create(from, asked.clone()).await {
                Ok(made) => made,
                // No consent of this kind sends what a refuge writes.
                Err(_) => {
                    let draft = pb::CreateReferralRequest {
                        request_id: fresh().to_string(),
                        send: false,
                        ..asked
                    };
                    world.create(from, draft).await.unwrap()
                }
            };
            let verb = Verb::ALL[rng.random_range(0..Verb::ALL.len())];
            for agency in [from, to] {
                let _ = world.go(verb, agency, &made.name).await;
            }
            names.push(made.name);
        }
    }
    names
}

/// What the person has signed from now on: some of it opens something to somebody, some of it closes it.
fn signed(world: &World, rng: &mut StdRng, person: Uuid) {
    world.consents.facts_of(person, |facts| facts.consents.clear());
    for _ in 0..rng.random_range(0..6) {
        // Mostly of what there is, and to who is there to read it.
        let mut one_of = |often: Uuid| match rng.random_bool(0.5) {
            true => often,
            false => COUNTY[rng.random_range(0..COUNTY.len())],
        };
        let (from, to) = (one_of(CLINIC), one_of(HOUSING));
        let mut rule = permitting(from, to, PURPOSES, [Action::Read, Action::Transition]);
        match rng.random_range(0..6) {
            0 => rule = Rule { effect: Effect::Deny, actions: None, purposes: None, ..rule },
            1 => rule.kinds = Some([Kind::Note].into()),
            2 => rule.sensitivities = Some([Sensitivity::Hiv].into()),
            3 => rule.actions = Some(CodeSet::from([Action::Transition])),
            _ => {}
        }
        if rng.random_bool(0.3) {
            rule.disclosers = None;
        }
        world.consents.give(consent(person, fresh(), rule));
    }
}

/// All pages of what is listed of both people, of two each.
async fn listed(world: &World, token: &str) -> BTreeSet<String> {
    let mut found = Vec::new();
    for person in [ANA, BEN] {
        let mut page_token = String::new();
        loop {
            let asked = ListReferralsRequest { page_size: 2, page_token, ..of(person) };
            let list = world.list_as(token, asked).await.unwrap();
            found.extend(list.referrals.into_iter().map(|one| one.name));
            page_token = list.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
    }
    let count = found.len();
    let found: BTreeSet<_> = found.into_iter().collect();
    assert_eq!(found.len(), count, "each once");
    found
}

/// What `GetReferral` shows of these.
async fn got(world: &World, token: &str, all: &[String]) -> BTreeSet<String> {
    let asked = all.iter().map(|name| async move {
        match world.get_as(token, name).await {
            Ok(_) => Some(name.clone()),
            Err(status) => {
                assert_eq!(status.code(), Code::NotFound, "{status:?}");
                None
            }
        }
    });
    futures::future::join_all(asked).await.into_iter().flatten().collect()
}

#[tokio::test]
async fn whatever_is_signed_a_list_is_what_get_permits_to_everybody() {
    let world = World::new().await;
    world.people.bind("ana-of-the-clinic", ANA, Some(&[CLINIC]));
    let mut rng = StdRng::seed_from_u64(0x1157);
    let all = written(&world, &mut rng).await;
    let (mut shown, mut hidden) = (0, 0);
    for round in 0..6 {
        signed(&world, &mut rng, ANA);
        signed(&world, &mut rng, BEN);
        let mut callers = COUNTY.map(|agency| world.staff(agency)).to_vec();
        callers.extend(["ana", "ben", "ana-of-the-clinic", "nobody"].map(|sub| world.person(sub)));
        for (caller, token) in callers.iter().enumerate() {
            let got = got(&world, token, &all).await;
            assert_eq!(listed(&world, token).await, got, "caller {caller} in round {round}");
            // It holds nothing itself: all that it sees a consent shows.
            if COUNTY.get(caller) == Some(&HOUSING) {
                shown += got.len();
                hidden += all.len() - got.len();
            }
        }
    }
    // Chance makes both, so that the test is one.
    assert!(shown > 0 && hidden > 0, "{shown} shown, {hidden} hidden");
}

#[tokio::test]
async fn a_list_of_everybody_leaves_on_the_beat_whatever_it_holds() {
    let (world, [bens, second, _, first]) = county().await;
    let housing = world.staff(HOUSING);
    // Not while the clock stands.
    let other = async || drop(world.admin().await);
    let asking = names(&world, &housing, everybody());
    let listed = waits(std::time::Duration::ZERO, asking, other).await;
    assert_eq!(listed, [bens, second, first]);
}

#[tokio::test]
async fn a_list_may_be_of_one_state() {
    let (world, [bens, second, draft, first]) = county().await;
    world.go(Verb::Accept, HOUSING, &first).await.unwrap();
    let in_state = |state: S| ListReferralsRequest { state: state.into(), ..everybody() };
    let (clinic, housing) = (world.staff(CLINIC), world.staff(HOUSING));
    assert_eq!(names(&world, &housing, in_state(S::Accepted)).await, [first]);
    assert_eq!(names(&world, &housing, in_state(S::Requested)).await, [bens, second]);
    assert_eq!(names(&world, &clinic, in_state(S::Draft)).await, [draft]);
    assert_eq!(names(&world, &housing, in_state(S::Draft)).await, [] as [String; 0]);
}

#[tokio::test]
async fn pages_join_without_a_gap_and_belong_to_their_caller() {
    let (world, [bens, second, _, first]) = county().await;
    let housing = world.staff(HOUSING);
    let mut found = Vec::new();
    let mut token = String::new();
    for page in 0..3 {
        let request = ListReferralsRequest { page_size: 1, page_token: token, ..everybody() };
        let list = world.list_as(&housing, request).await.unwrap();
        assert_eq!(list.referrals.len(), 1);
        assert_eq!(list.next_page_token.is_empty(), page == 2);
        found.push(list.referrals[0].name.clone());
        token = list.next_page_token;
        if page == 0 {
            let theirs = ListReferralsRequest { page_token: token.clone(), ..everybody() };
            let status = world.list_as(&world.staff(CLINIC), theirs.clone()).await;
            refused(status, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
            let other_filter = ListReferralsRequest { state: 2, ..theirs };
            let status = world.list_as(&housing, other_filter).await;
            refused(status, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        }
    }
    assert_eq!(found, [bens, second, first]);
}

#[tokio::test]
async fn a_person_names_themself() {
    let world = World::new().await;
    let status = world.list_as(&world.person("ana"), everybody()).await.unwrap_err();
    assert_eq!(fields(&status), ["person"]);
}

/// As many copies of Ana's referral, each about somebody else.
async fn copies(world: &World, from: i32, to: i32) {
    let mut admin = world.admin().await;
    sqlx::query(
        "INSERT INTO referral SELECT c.* FROM referral t, generate_series($2, $3) g,
            LATERAL jsonb_populate_record(t, jsonb_build_object('id', md5('r' || g)::uuid,
                'person_id', md5('p' || g)::uuid, 'authored_at', '2000-01-01')) c
         WHERE t.person_id = $1",
    )
    .bind(ANA)
    .bind(from)
    .bind(to)
    .execute(&mut admin)
    .await
    .unwrap();
    let moves = "INSERT INTO referral_move (referral_id, n, person_id, state, at)
        SELECT id, 1, person_id, state, authored_at FROM referral ON CONFLICT DO NOTHING";
    sqlx::raw_sql(moves).execute(&mut admin).await.unwrap();
}

#[tokio::test]
async fn a_list_of_too_many_people_says_how_many_are_the_most() {
    let world = World::new().await;
    let draft = world.draft().await;
    let clinic = world.staff(CLINIC);
    copies(&world, 1, 4_999).await;
    let before = world.stage.events().await.len();
    let first = ListReferralsRequest { page_size: 1, ..everybody() };
    let list = world.list_as(&clinic, first).await.unwrap();
    assert_eq!(list.referrals[0].name, draft.name);
    let events = world.stage.events().await;
    assert_eq!(events.len(), before + 1, "on record is whom something was read of");
    copies(&world, 5_000, 5_000).await;
    let status = world.list_as(&clinic, everybody()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let (why, metadata) = reason(&status);
    let expected = [("limit", "5000"), ("what", "people")];
    let expected = expected.map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!((&*why, &metadata[..]), ("LIMIT_EXCEEDED", &expected[..]));
}

/// The database's own limit on a statement is five seconds.
#[tokio::test]
async fn the_consents_of_thousands_are_looked_at_in_time() {
    let world = World::agreed().await;
    world.sent().await;
    copies(&world, 1, 4_999).await;
    let mut admin = world.admin().await;
    let people = sqlx::query_scalar("SELECT person_id FROM referral").fetch_all(&mut admin).await;
    let housing = world.staff(HOUSING);
    let seen = async || {
        let request = ListReferralsRequest { page_size: 200, ..everybody() };
        world.list_as(&housing, request).await.unwrap().referrals.len()
    };
    assert_eq!(seen().await, 1, "of everybody but Ana nothing is visible");
    for person in people.unwrap() {
        world.agree(person, CLINIC, HOUSING);
    }
    assert_eq!(seen().await, 200);
}
