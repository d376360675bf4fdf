use identity::DEV_ISSUER;
use kernel::Role;
use time::macros::datetime;
use tonic::{Code, Request, transport::Channel};
use uuid::Uuid;
use wire::{
    convert::timestamp,
    people::v1::{
        AgeQuestion, CheckAgesRequest, CheckRegistrationsRequest, RegistrationQuestion,
        ResolveSignInsRequest, ResolvedSignIn, SignIn, StatedAge,
        people_facts_service_client::PeopleFactsServiceClient,
    },
};

use crate::world::{CLINIC, HOUSING, World, papers};

fn client(world: &World) -> PeopleFactsServiceClient<Channel> {
    PeopleFactsServiceClient::new(world.channel.clone())
}

fn from<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

fn sign_in(issuer: &str, subject: &str) -> SignIn {
    SignIn { issuer: issuer.into(), subject: subject.into() }
}

#[tokio::test]
async fn sign_ins_are_resolved_in_their_order() {
    let world = World::new().await;
    let john = world.somebody_else(CLINIC).await;
    let jane = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let clinic = world.staff(CLINIC);
    let code = clinic.invite(jane).await.unwrap().code;
    world.person("jane").accept(&code).await.unwrap();
    let code = world.person("jane").code(jane, "").await.unwrap();
    world.staff(HOUSING).confirm(jane, &code).await.unwrap();
    let code = clinic.invite(john).await.unwrap().code;
    world.proofed("john", Role::Person, &papers("Somebody", "Else")).accept(&code).await.unwrap();
    let asked = [
        sign_in(DEV_ISSUER, "john"),
        sign_in(DEV_ISSUER, "nobody"),
        sign_in(DEV_ISSUER, "jane"),
        sign_in(DEV_ISSUER, "Jane"),
        sign_in("https://another.example", "jane"),
        sign_in(DEV_ISSUER, "jane"),
    ];
    let message = ResolveSignInsRequest { sign_ins: asked.to_vec() };
    let reply = client(&world).resolve_sign_ins(from(&world.service_token(), message)).await;
    let bound = |person: Uuid, agencies: &[Uuid], proofed| ResolvedSignIn {
        person: format!("people/{person}"),
        confirmed_by: agencies.iter().map(|a| format!("agencies/{a}")).collect(),
        proofed,
        appointments: Vec::new(),
        supports: Vec::new(),
    };
    let of_jane = bound(jane, &[CLINIC, HOUSING], false);
    let none = ResolvedSignIn::default();
    assert_eq!(
        reply.unwrap().into_inner().resolved,
        [bound(john, &[CLINIC], true), none.clone(), of_jane.clone(), none.clone(), none, of_jane]
    );
}

#[tokio::test]
async fn registrations_are_checked_in_their_order() {
    let world = World::new().await;
    let john = world.somebody_else(HOUSING).await;
    let jane = world.jane(CLINIC).await;
    let question = |person: Uuid, agency: Uuid| RegistrationQuestion {
        person: format!("people/{person}"),
        agency: format!("agencies/{agency}"),
    };
    let questions = vec![
        question(jane, HOUSING),
        question(jane, CLINIC),
        question(john, CLINIC),
        question(john, HOUSING),
        question(Uuid::new_v4(), CLINIC),
        question(jane, CLINIC),
    ];
    let message = CheckRegistrationsRequest { questions };
    let reply = client(&world).check_registrations(from(&world.service_token(), message)).await;
    let registered = reply.unwrap().into_inner().registered;
    assert_eq!(registered, [false, true, false, true, false, true]);
}

fn age(person: Uuid, at: kernel::Instant) -> AgeQuestion {
    AgeQuestion { person: format!("people/{person}"), time: Some(timestamp(at)) }
}

#[tokio::test]
async fn an_age_is_every_age_that_anybody_states_wherever_it_is_that_day() {
    let world = World::new().await;
    // Born on 2 January 1980.
    let jane = world.jane(CLINIC).await;
    let stranger = Uuid::new_v4();
    let questions = vec![
        age(jane, datetime!(1998-01-01 09:59 UTC)),
        age(stranger, datetime!(1998-01-01 10:00 UTC)),
        age(jane, datetime!(1998-01-01 10:00 UTC)),
        age(jane, datetime!(1998-01-02 12:00 UTC)),
        age(jane, datetime!(1979-05-05 00:00 UTC)),
    ];
    let known = |youngest, oldest| StatedAge { known: true, youngest, oldest };
    let ask = async |questions: &[AgeQuestion]| {
        let message = CheckAgesRequest { questions: questions.to_vec() };
        let reply = client(&world).check_ages(from(&world.service_token(), message)).await;
        reply.unwrap().into_inner().ages
    };
    let none = StatedAge::default();
    // Until it is the day everywhere, it may be the day.
    let ages = [known(17, 17), none, known(17, 18), known(18, 18), known(0, 0)];
    assert_eq!(ask(&questions).await, ages);

    assert_eq!(world.jane(HOUSING).await, jane);
    let another = "UPDATE profile SET birth_date = '1984-02-29' WHERE custodian_id = $1";
    let another = sqlx::query(another).bind(HOUSING);
    another.execute(&mut world.admin().await).await.unwrap();
    let leap = [
        age(jane, datetime!(2001-02-27 12:00 UTC)),
        age(jane, datetime!(2001-02-28 12:00 UTC)),
        age(jane, datetime!(2001-03-01 12:00 UTC)),
        age(stranger, datetime!(2001-03-01 12:00 UTC)),
    ];
    let ages = [known(16, 21), known(16, 21), known(17, 21), none];
    assert_eq!(ask(&leap).await, ages);

    // Whoever is one with her is as old as she is.
    let other = world.somebody_else(CLINIC).await;
    let older = sqlx::query("UPDATE profile SET birth_date = '1970-01-01' WHERE person_id = $1");
    older.bind(other).execute(&mut world.admin().await).await.unwrap();
    world.steward().merge(jane, other).await.unwrap();
    assert_eq!(ask(&leap[..1]).await, [known(16, 31)]);
}

#[tokio::test]
async fn nobody_but_a_service_may_ask() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let message = CheckRegistrationsRequest {
        questions: vec![RegistrationQuestion {
            person: format!("people/{jane}"),
            agency: format!("agencies/{HOUSING}"),
        }],
    };
    for caller in [world.staff(CLINIC), world.person("jane")] {
        let asked = client(&world).check_registrations(caller.request(message.clone())).await;
        assert_eq!(asked.unwrap_err().code(), Code::PermissionDenied);
        let sign_ins = vec![sign_in(DEV_ISSUER, "jane")];
        let request = caller.request(ResolveSignInsRequest { sign_ins });
        let asked = client(&world).resolve_sign_ins(request).await;
        assert_eq!(asked.unwrap_err().code(), Code::PermissionDenied);
        let request = caller.request(CheckAgesRequest { questions: vec![age(jane, world.now())] });
        let asked = client(&world).check_ages(request).await;
        assert_eq!(asked.unwrap_err().code(), Code::PermissionDenied);
    }
    // A service asks nothing that is a user's.
    let message = wire::people::v1::GetPersonRequest { name: format!("people/{jane}") };
    let mut people =
        wire::people::v1::people_service_client::PeopleServiceClient::new(world.channel.clone());
    let asked = people.get_person(from(&world.service_token(), message)).await;
    assert_eq!(asked.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn bad_questions_are_refused() {
    let world = World::new().await;
    for sign_ins in [vec![], vec![sign_in("", "x")], vec![sign_in("x", &"s".repeat(256))]] {
        let request = from(&world.service_token(), ResolveSignInsRequest { sign_ins });
        let asked = client(&world).resolve_sign_ins(request).await;
        assert_eq!(asked.unwrap_err().code(), Code::InvalidArgument);
    }
    let too_many = vec![sign_in("i", "s"); 1001];
    let request = from(&world.service_token(), ResolveSignInsRequest { sign_ins: too_many });
    let asked = client(&world).resolve_sign_ins(request).await;
    assert_eq!(asked.unwrap_err().code(), Code::InvalidArgument);
    let odd = vec![RegistrationQuestion { person: "people/x".into(), agency: String::new() }];
    let request = from(&world.service_token(), CheckRegistrationsRequest { questions: odd });
    let asked = client(&world).check_registrations(request).await;
    assert_eq!(asked.unwrap_err().code(), Code::InvalidArgument);
    for odd in [vec![], vec![AgeQuestion::default()], vec![age(Uuid::nil(), world.now()); 1001]] {
        let request = from(&world.service_token(), CheckAgesRequest { questions: odd });
        let asked = client(&world).check_ages(request).await;
        assert_eq!(asked.unwrap_err().code(), Code::InvalidArgument);
    }
}
