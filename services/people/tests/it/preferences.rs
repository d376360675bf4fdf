//! What a person prefers: stated by themself, heard by an agency, and honoured.

use kernel::Role;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::ContactRule as Rule,
    people::v1::{
        self as pb, people_facts_service_client::PeopleFactsServiceClient,
        people_service_client::PeopleServiceClient,
    },
};

use crate::{
    notices::bind,
    read::consent,
    update::changed,
    world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, papers, whole},
};

fn safe() -> pb::SafeContact {
    pb::SafeContact {
        way: pb::ContactWay::Phone.into(),
        address: "+1 650 555 0199".into(),
        days: vec![pb::Weekday::Monday.into(), pb::Weekday::Friday.into()],
        from: "09:00".into(),
        until: "11:30".into(),
        message: pb::MessageRule::CallBackOnly.into(),
        introduction: "Kim from the library".into(),
    }
}

fn all() -> pb::Preferences {
    pb::Preferences {
        language: "es".into(),
        interpreter: pb::InterpreterKind::InPerson.into(),
        pronouns: "she/her".into(),
        what_matters: "My daughter first.\nThen work.".into(),
        staff_gender: pb::StaffGender::Woman.into(),
        cultural_offering: "Latino".into(),
        faith_offering: "Catholic".into(),
        include_faith_based: true,
        contact_rule: Rule::SafeWaysOnly.into(),
        safe_contacts: vec![safe()],
        ..Default::default()
    }
}

fn ruled(rule: Rule) -> pb::Preferences {
    let safe_contacts = match rule {
        Rule::SafeWaysOnly => vec![safe()],
        _ => Vec::new(),
    };
    pb::Preferences { contact_rule: rule.into(), safe_contacts, ..Default::default() }
}

fn setting(person: Uuid, preferences: pb::Preferences) -> pb::SetPreferencesRequest {
    pb::SetPreferencesRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        preferences: Some(preferences),
        etag: String::new(),
    }
}

async fn send(
    world: &World,
    by: &Client,
    message: pb::SetPreferencesRequest,
) -> Result<pb::Preferences, Status> {
    let mut client = PeopleServiceClient::new(world.channel.clone());
    let reply = client.set_preferences(by.request(message)).await?.into_inner();
    Ok(reply.preferences.unwrap())
}

pub async fn set(world: &World, by: &Client, person: Uuid, preferences: pb::Preferences) {
    send(world, by, setting(person, preferences)).await.unwrap();
}

async fn profile_of(by: &Client, person: Uuid, custodian: Uuid) -> pb::Profile {
    let profiles = by.get(person).await.unwrap().person.unwrap().profiles;
    let name = format!("agencies/{custodian}");
    profiles.into_iter().find(|profile| profile.custodian == name).unwrap()
}

/// As stated: without what the server sets.
fn bare(stated: Option<pb::Preferences>) -> Option<pb::Preferences> {
    stated.map(|stated| pb::Preferences { etag: String::new(), set_time: None, ..stated })
}

async fn checked(world: &World, person: Uuid, agencies: &[Uuid]) -> pb::StatedPreferences {
    let question = pb::PreferenceQuestion {
        person: format!("people/{person}"),
        agencies: agencies.iter().map(|id| format!("agencies/{id}")).collect(),
    };
    let mut request = Request::new(pb::CheckPreferencesRequest { questions: vec![question] });
    let bearer = format!("Bearer {}", world.referrals_token());
    request.metadata_mut().insert("authorization", bearer.parse().unwrap());
    let mut client = PeopleFactsServiceClient::new(world.channel.clone());
    let mut reply = client.check_preferences(request).await.unwrap().into_inner();
    assert_eq!(reply.preferences.len(), 1);
    reply.preferences.remove(0)
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

#[tokio::test]
async fn what_an_agency_heard_is_its_own_and_what_the_person_states_goes_where_they_are_vouched_for()
 {
    let world = World::new().await;
    world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let clinic = world.staff(CLINIC);
    set(&world, &clinic, person, all()).await;
    let read = profile_of(&clinic, person, CLINIC).await;
    assert_eq!((bare(read.preferences), read.own_preferences), (Some(all()), None));
    assert_eq!(read.contact_rule, i32::from(Rule::SafeWaysOnly));
    let other = profile_of(&world.staff(HOUSING), person, HOUSING).await;
    assert_eq!((other.preferences, other.own_preferences), (None, None));
    assert_eq!(other.contact_rule, i32::from(Rule::Open));
    let told = checked(&world, person, &[CLINIC]).await;
    assert_eq!((&*told.faith_offering, told.include_faith_based), ("Catholic", true));
    // By a sign-in that the clinic vouches for: not for the housing agency, until it does, too.
    let jane = bind(&world, CLINIC, person, "jane").await;
    let own = pb::Preferences { language: "qu".into(), ..ruled(Rule::Prohibited) };
    set(&world, &jane, person, own.clone()).await;
    for by in [&clinic, &jane] {
        let read = profile_of(by, person, CLINIC).await;
        assert_eq!(bare(read.own_preferences), Some(own.clone()));
        assert_eq!(bare(read.preferences), Some(all()), "what was heard stays");
        assert_eq!(read.contact_rule, i32::from(Rule::Prohibited));
    }
    let other = profile_of(&world.staff(HOUSING), person, HOUSING).await;
    assert_eq!((other.own_preferences, other.contact_rule), (None, Rule::Open.into()));
    assert_eq!(checked(&world, person, &[HOUSING]).await.language, "");
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    let other = profile_of(&world.staff(HOUSING), person, HOUSING).await;
    assert_eq!(bare(other.own_preferences), Some(own));
    assert_eq!(other.contact_rule, i32::from(Rule::Prohibited));
    // Field by field their own word goes first; of contacting the stricter holds.
    let told = checked(&world, person, &[CLINIC]).await;
    assert_eq!((&*told.language, told.interpreting), ("qu", true));
    assert_eq!((&*told.cultural_offering, &*told.faith_offering), ("Latino", ""));
    assert!(!told.include_faith_based, "they do not ask for it themself");
    assert_eq!(told.contact_rule(), Rule::Prohibited);
}

#[tokio::test]
async fn a_prohibition_outlives_the_sign_in_and_is_lifted_by_the_next_that_is_vouched_for() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    set(&world, &jane, person, ruled(Rule::Prohibited)).await;
    world.clock.advance(time::Duration::MINUTE);
    let new = bind(&world, CLINIC, person, "new-phone").await;
    assert_eq!(checked(&world, person, &[CLINIC]).await.contact_rule(), Rule::Prohibited);
    let ended = send(&world, &jane, setting(person, ruled(Rule::Open))).await.unwrap_err();
    assert_eq!(ended.code(), Code::NotFound);
    // Staff write down what they hear, and lift nothing that the person said themself.
    set(&world, &world.staff(CLINIC), person, ruled(Rule::Open)).await;
    assert_eq!(checked(&world, person, &[CLINIC]).await.contact_rule(), Rule::Prohibited);
    set(&world, &new, person, ruled(Rule::Open)).await;
    assert_eq!(checked(&world, person, &[CLINIC]).await.contact_rule(), Rule::Open);
    // And the person lifts nothing that an agency keeps for their safety.
    set(&world, &world.staff(CLINIC), person, ruled(Rule::Prohibited)).await;
    set(&world, &new, person, ruled(Rule::Open)).await;
    assert_eq!(checked(&world, person, &[CLINIC]).await.contact_rule(), Rule::Prohibited);
}

#[tokio::test]
async fn one_agencys_surety_lifts_nothing_that_was_said_with_more() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let rule = async |agency| checked(&world, person, &[agency]).await.contact_rule();
    let jane = bind(&world, CLINIC, person, "jane").await;
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    set(&world, &jane, person, ruled(Rule::Prohibited)).await;
    // The clinic binds another one, which says that all is well: to it and to nobody.
    world.clock.advance(time::Duration::MINUTE);
    let mallory = bind(&world, CLINIC, person, "mallory").await;
    set(&world, &mallory, person, ruled(Rule::Open)).await;
    assert_eq!([rule(CLINIC).await, rule(HOUSING).await], [Rule::Prohibited; 2]);
    world.clock.advance(time::Duration::MINUTE);
    let proofed = world.proofed("proofed", Role::Person, &papers("Jane", "Roe"));
    proofed.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    set(&world, &proofed, person, ruled(Rule::SafeWaysOnly)).await;
    assert_eq!([rule(CLINIC).await, rule(HOUSING).await], [Rule::SafeWaysOnly; 2]);
    world.clock.advance(time::Duration::MINUTE);
    let again = bind(&world, CLINIC, person, "again").await;
    set(&world, &again, person, ruled(Rule::Open)).await;
    assert_eq!([rule(CLINIC).await, rule(HOUSING).await], [Rule::SafeWaysOnly; 2]);
}

#[tokio::test]
async fn what_says_nothing_of_contacting_lifts_nothing() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let clinic = world.staff(CLINIC);
    let silent = pb::Preferences { language: "es".into(), ..Default::default() };
    set(&world, &clinic, person, ruled(Rule::SafeWaysOnly)).await;
    let kept = send(&world, &clinic, setting(person, silent.clone())).await.unwrap();
    let both = pb::Preferences { language: "es".into(), ..ruled(Rule::SafeWaysOnly) };
    assert_eq!(bare(Some(kept)), Some(both.clone()), "with its ways");
    assert_eq!(bare(profile_of(&clinic, person, CLINIC).await.preferences), Some(both));
    set(&world, &clinic, person, ruled(Rule::Open)).await;
    assert_eq!(checked(&world, person, &[CLINIC]).await.contact_rule(), Rule::Open);
    // Another device of the person's, which never saw what the first one said.
    let jane = bind(&world, CLINIC, person, "jane").await;
    set(&world, &jane, person, ruled(Rule::Prohibited)).await;
    world.clock.advance(time::Duration::MINUTE);
    let new = bind(&world, CLINIC, person, "new-phone").await;
    set(&world, &new, person, silent).await;
    let told = checked(&world, person, &[CLINIC]).await;
    assert_eq!((told.contact_rule(), &*told.language), (Rule::Prohibited, "es"));
}

#[tokio::test]
async fn what_was_said_under_another_name_of_theirs_counts_and_is_not_shown() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let other = world.somebody_else(CLINIC).await;
    let clinic = world.staff(CLINIC);
    let stated = pb::Preferences { language: "vi".into(), ..ruled(Rule::Prohibited) };
    set(&world, &clinic, other, stated).await;
    assert_eq!(checked(&world, person, &[CLINIC]).await.contact_rule(), Rule::Open);
    world.steward().merge(person, other).await.unwrap();
    for one in [person, other] {
        assert_eq!(checked(&world, one, &[CLINIC]).await.contact_rule(), Rule::Prohibited);
    }
    let told = checked(&world, person, &[CLINIC]).await;
    assert_eq!(told.language, "");
    assert_eq!(checked(&world, person, &[HOUSING]).await.contact_rule(), Rule::Open);
    let read = profile_of(&clinic, person, CLINIC).await;
    assert_eq!((read.contact_rule(), read.preferences), (Rule::Prohibited, None));
}

#[tokio::test]
async fn a_sign_in_that_stands_everywhere_states_for_every_agency() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let jane = world.proofed("jane", Role::Person, &papers("Jane", "Roe"));
    jane.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    set(&world, &jane, person, ruled(Rule::SafeWaysOnly)).await;
    for agency in [CLINIC, HOUSING, PROBATION] {
        let told = checked(&world, person, &[agency]).await;
        assert_eq!(told.contact_rule(), Rule::SafeWaysOnly);
    }
}

#[tokio::test]
async fn by_what_somebody_can_be_reached_is_for_nobody_else_where_they_are_not_freely_contacted() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let (clinic, housing) = (world.staff(CLINIC), world.staff(HOUSING));
    clinic.update(changed(person)).await.unwrap();
    let jane = bind(&world, CLINIC, person, "jane").await;
    world.consents.give(consent(&world, person, CLINIC, HOUSING));
    let seen = async |by: &Client| {
        let profile = profile_of(by, person, CLINIC).await;
        let details = profile.details.unwrap();
        let ways = details.phones.len() + details.emails.len() + details.addresses.len();
        assert_eq!(details.middle_name, "Lee", "all else is as it was");
        (ways, profile.contact_withheld)
    };
    assert_eq!(seen(&housing).await, (3, false));
    for rule in [Rule::SafeWaysOnly, Rule::Prohibited] {
        set(&world, &clinic, person, ruled(rule)).await;
        assert_eq!(seen(&housing).await, (0, true), "{rule:?}");
        assert_eq!(seen(&clinic).await, (3, false), "it would lose them with its next update");
        assert_eq!(seen(&jane).await, (3, false));
    }
    // A way that one statement calls safe is none where the other forbids all.
    set(&world, &clinic, person, ruled(Rule::Prohibited)).await;
    set(&world, &jane, person, ruled(Rule::SafeWaysOnly)).await;
    let ways = async |by: &Client| {
        let own = profile_of(by, person, CLINIC).await.own_preferences;
        own.unwrap().safe_contacts.len()
    };
    assert_eq!([ways(&housing).await, ways(&clinic).await, ways(&jane).await], [0, 1, 1]);
    set(&world, &clinic, person, ruled(Rule::Open)).await;
    assert_eq!([ways(&housing).await, seen(&housing).await.0], [1, 0]);
    set(&world, &jane, person, ruled(Rule::Open)).await;
    assert_eq!(seen(&housing).await, (3, false));
    // Who acts for them is shown the rule, and what nobody has labelled is not.
    let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    let aunt = world.individual("aunt", Role::Representative);
    aunt.accept(&added.code).await.unwrap();
    set(&world, &jane, person, ruled(Rule::SafeWaysOnly)).await;
    assert_eq!(seen(&aunt).await, (0, true));
    let read = profile_of(&aunt, person, CLINIC).await;
    assert_eq!((read.preferences, read.own_preferences), (None, None));
    assert_eq!(read.contact_rule, i32::from(Rule::SafeWaysOnly));
    let found = clinic.find("urn:own", &format!("J-{CLINIC}")).await.unwrap().person.unwrap();
    assert_eq!(found.profiles, [profile_of(&clinic, person, CLINIC).await], "found as read");
    set(&world, &jane, person, ruled(Rule::Open)).await;
    // What the reader's own agency heard counts for what it reads of others.
    set(&world, &housing, person, ruled(Rule::Prohibited)).await;
    assert_eq!(seen(&housing).await, (0, true));
    assert_eq!(profile_of(&clinic, person, CLINIC).await.contact_rule(), Rule::Open);
}

#[tokio::test]
async fn who_did_not_register_a_person_states_nothing_and_learns_nothing() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    bind(&world, CLINIC, person, "jane").await;
    let other = world.somebody_else(CLINIC).await;
    let john = bind(&world, CLINIC, other, "john").await;
    for by in [world.staff(HOUSING), john, world.person("nobody")] {
        let known = send(&world, &by, setting(person, all())).await.unwrap_err();
        let unknown = send(&world, &by, setting(Uuid::new_v4(), all())).await.unwrap_err();
        assert_eq!(known.code(), Code::NotFound);
        assert_eq!(whole(&known), whole(&unknown));
    }
    let guardian = world.individual("aunt", Role::Representative);
    let refused = send(&world, &guardian, setting(person, all())).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(world.count("preference").await, 0);
}

#[tokio::test]
async fn a_statement_is_made_once_replaces_what_was_seen_and_keeps_what_was_before() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let clinic = world.staff(CLINIC);
    let first = setting(person, all());
    let stated = send(&world, &clinic, first.clone()).await.unwrap();
    assert_eq!(send(&world, &clinic, first.clone()).await.unwrap(), stated, "a repeat");
    assert_eq!(world.count("preference").await, 1);
    let other = pb::SetPreferencesRequest { preferences: Some(ruled(Rule::Open)), ..first };
    let reused = send(&world, &clinic, other).await.unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
    let with = |etag: &str| pb::SetPreferencesRequest {
        etag: etag.into(),
        ..setting(person, ruled(Rule::Open))
    };
    let second = send(&world, &clinic, with(&stated.etag)).await.unwrap();
    assert_ne!(second.etag, stated.etag);
    for stale in [&*stated.etag, &Uuid::new_v4().to_string()] {
        let refused = send(&world, &clinic, with(stale)).await.unwrap_err();
        assert_eq!((refused.code(), &*reason(&refused)), (Code::Aborted, "ETAG_MISMATCH"));
    }
    let kept: Vec<String> =
        sqlx::query_scalar("SELECT content->>'language' FROM preference ORDER BY place")
            .fetch_all(&mut world.admin().await)
            .await
            .unwrap();
    assert_eq!(kept, ["es", ""]);
}

#[tokio::test]
async fn a_person_replaces_what_another_device_of_theirs_said_as_they_read_it() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let old = bind(&world, CLINIC, person, "old-phone").await;
    set(&world, &old, person, ruled(Rule::Open)).await;
    let new = bind(&world, CLINIC, person, "new-phone").await;
    let read = profile_of(&new, person, CLINIC).await.own_preferences.unwrap();
    let with = |etag: &str| pb::SetPreferencesRequest {
        etag: etag.to_owned(),
        ..setting(person, ruled(Rule::Prohibited))
    };
    let stated = send(&world, &new, with(&read.etag)).await.unwrap();
    let stale = send(&world, &new, with(&read.etag)).await.unwrap_err();
    assert_eq!(reason(&stale), "ETAG_MISMATCH");
    send(&world, &new, with(&stated.etag)).await.unwrap();
    // The last one counts, though all of them were stated at one instant of the clock.
    let last = send(&world, &new, setting(person, ruled(Rule::Open))).await.unwrap();
    let read = profile_of(&new, person, CLINIC).await;
    assert_eq!((read.own_preferences, read.contact_rule), (Some(last), Rule::Open.into()));
}

#[tokio::test]
async fn each_wrong_field_is_named_and_nothing_is_kept() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let clinic = world.staff(CLINIC);
    let way = |change: fn(&mut pb::SafeContact)| {
        let mut way = safe();
        change(&mut way);
        pb::Preferences { safe_contacts: vec![safe(), way], ..ruled(Rule::SafeWaysOnly) }
    };
    let with = |change: fn(&mut pb::Preferences)| {
        let mut all = all();
        change(&mut all);
        all
    };
    for (preferences, field) in [
        (with(|p| p.language = "Spanish!".into()), "preferences.language"),
        (with(|p| p.interpreter = 99), "preferences.interpreter"),
        (with(|p| p.pronouns = "x".repeat(51)), "preferences.pronouns"),
        (with(|p| p.what_matters = "x".repeat(2001)), "preferences.what_matters"),
        (with(|p| p.staff_gender = -1), "preferences.staff_gender"),
        (with(|p| p.safe_contacts.clear()), "preferences.safe_contacts"),
        (with(|p| p.contact_rule = 0), "preferences.contact_rule"),
        (with(|p| p.safe_contacts = vec![safe(); 6]), "preferences.safe_contacts"),
        (with(|p| p.contact_rule = Rule::Prohibited.into()), "preferences.safe_contacts"),
        (way(|w| w.way = 0), "preferences.safe_contacts[1].way"),
        (way(|w| w.address = " ".into()), "preferences.safe_contacts[1].address"),
        (way(|w| w.days = vec![8]), "preferences.safe_contacts[1].days[0]"),
        (way(|w| w.from = "0a:00".into()), "preferences.safe_contacts[1].from"),
        (way(|w| w.until = String::new()), "preferences.safe_contacts[1].until"),
        (way(|w| w.until = "09:00".into()), "preferences.safe_contacts[1].until"),
    ] {
        let refused = send(&world, &clinic, setting(person, preferences)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        let named = refused.get_error_details();
        let named = named.bad_request().unwrap().field_violations.clone();
        let named: Vec<_> = named.iter().map(|one| one.field.clone()).collect();
        assert_eq!(named, [field]);
    }
    let none = pb::SetPreferencesRequest { preferences: None, ..setting(person, all()) };
    assert_eq!(send(&world, &clinic, none).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(world.count("preference").await, 0);
}

#[tokio::test]
async fn only_the_referrals_service_asks_for_many_at_once() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    set(&world, &world.staff(CLINIC), person, ruled(Rule::Prohibited)).await;
    set(&world, &world.staff(CLINIC), person, ruled(Rule::SafeWaysOnly)).await;
    world.jane(HOUSING).await;
    let of_two = checked(&world, person, &[HOUSING, CLINIC]).await;
    assert_eq!(
        of_two.contact_rule(),
        Rule::SafeWaysOnly,
        "the strictest of both, the last of each"
    );
    assert_eq!(checked(&world, Uuid::new_v4(), &[CLINIC]).await.contact_rule(), Rule::Open);
    let mut client = PeopleFactsServiceClient::new(world.channel.clone());
    let question = pb::PreferenceQuestion {
        person: format!("people/{person}"),
        agencies: vec![format!("agencies/{CLINIC}")],
    };
    let message = pb::CheckPreferencesRequest { questions: vec![question] };
    for token in [world.service_token(), String::new()] {
        let mut request = Request::new(message.clone());
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        assert!(client.check_preferences(request).await.is_err());
    }
    let staff = world.staff(CLINIC).request(message);
    assert!(client.check_preferences(staff).await.is_err());
}
