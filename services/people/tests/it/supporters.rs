//! Supporters: invited for the recovery service, bound as their sign-in accepts, resolved for guards.

use identity::DEV_ISSUER;
use kernel::Role;
use pg::hold::{Hold, Mode};
use testkit::fakes::until;
use tonic::{Code, Request, Status};
use uuid::Uuid;
use wire::people::v1::{
    self as pb, people_facts_service_client::PeopleFactsServiceClient as Facts,
};

use crate::{
    stewards::{suspend, told},
    world::{CLINIC, World, whole},
};

const SUPPORTER: Uuid = Uuid::from_u128(0x5a);

fn from<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}");
    request.metadata_mut().insert("authorization", bearer.parse().unwrap());
    request
}

fn inviting(person: Uuid, supporter: Uuid, by: &str) -> pb::InviteSupporterRequest {
    pb::InviteSupporterRequest {
        supporter: format!("supporters/{supporter}"),
        person: format!("people/{person}"),
        inviter: Some(pb::SignIn { issuer: DEV_ISSUER.to_owned(), subject: by.to_owned() }),
    }
}

impl World {
    async fn invite_supporter(&self, of: pb::InviteSupporterRequest) -> Result<String, Status> {
        let request = from(&self.recovery_token(), of);
        let reply = Facts::new(self.channel.clone()).invite_supporter(request).await?;
        Ok(reply.into_inner().code)
    }

    async fn dismiss_supporter(&self, person: Uuid, supporter: Uuid) {
        let message = pb::DismissSupporterRequest {
            supporter: format!("supporters/{supporter}"),
            person: format!("people/{person}"),
        };
        let request = from(&self.recovery_token(), message);
        Facts::new(self.channel.clone()).dismiss_supporter(request).await.unwrap();
    }

    /// Whom a sign-in supports, and whose it is.
    async fn resolved(&self, sub: &str) -> (Vec<(String, String)>, String) {
        let sign_in = pb::SignIn { issuer: DEV_ISSUER.to_owned(), subject: sub.to_owned() };
        let message = pb::ResolveSignInsRequest { sign_ins: vec![sign_in] };
        let request = from(&self.service_token(), message);
        let reply = Facts::new(self.channel.clone()).resolve_sign_ins(request).await.unwrap();
        let found = reply.into_inner().resolved.remove(0);
        let supports = found.supports.into_iter().map(|s| (s.supporter, s.person)).collect();
        (supports, found.person)
    }

    /// Jane, who has a sign-in of her own.
    async fn jane_signed_in(&self) -> Uuid {
        let person = self.jane(CLINIC).await;
        let code = self.staff(CLINIC).invite(person).await.unwrap().code;
        self.person("jane").accept(&code).await.unwrap();
        person
    }
}

fn named(person: Uuid, supporter: Uuid) -> (String, String) {
    (format!("supporters/{supporter}"), format!("people/{person}"))
}

#[tokio::test]
async fn a_supporter_is_bound_once_and_is_nobody_else_by_it() {
    let world = World::new().await;
    let person = world.jane_signed_in().await;
    let void = world.invite_supporter(inviting(person, SUPPORTER, "jane")).await.unwrap();
    let code = world.invite_supporter(inviting(person, SUPPORTER, "jane")).await.unwrap();
    let kim = world.individual("kim", Role::Supporter);
    let absent = kim.accept(&void).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    // Neither who invites, nor a token of another kind.
    let refused = [
        world.individual("jane", Role::Supporter).accept(&code).await.unwrap_err(),
        world.person("kim").accept(&code).await.unwrap_err(),
        world.individual("kim", Role::Representative).accept(&code).await.unwrap_err(),
    ];
    assert!(refused.iter().all(|refused| whole(refused) == whole(&absent)));
    let request_id = Uuid::new_v4();
    let accepted = kim.accepted(request_id, &code).await.unwrap();
    assert_eq!(accepted.supporter, format!("supporters/{SUPPORTER}"));
    assert_eq!(accepted.person, format!("people/{person}"));
    assert!(accepted.confirmation_code.is_empty() && accepted.representative.is_empty());
    assert!(kim.accepted(request_id, &code).await.unwrap() == accepted);
    assert_eq!(world.resolved("kim").await, (vec![named(person, SUPPORTER)], String::new()));
    assert_eq!(world.resolved("jane").await, (vec![], format!("people/{person}")));
    // It is used up; and who has joined is invited no more.
    let max = world.individual("max", Role::Supporter);
    assert_eq!(whole(&max.accept(&code).await.unwrap_err()), whole(&absent));
    let joined = world.invite_supporter(inviting(person, SUPPORTER, "jane")).await.unwrap_err();
    assert_eq!(joined.code(), Code::FailedPrecondition);
    // Nobody speaks for two of one person's circle.
    let second = inviting(person, Uuid::from_u128(0x5b), "jane");
    let code = world.invite_supporter(second).await.unwrap();
    assert_eq!(whole(&kim.accept(&code).await.unwrap_err()), whole(&absent));
    max.accept(&code).await.unwrap();
    // They see nothing of the person here.
    for refused in [kim.get(person).await.unwrap_err(), kim.code(person, "").await.unwrap_err()] {
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}

#[tokio::test]
async fn a_dismissal_ends_the_binding_and_what_could_make_one() {
    let world = World::new().await;
    let person = world.jane_signed_in().await;
    let other = world.somebody_else(CLINIC).await;
    let kim = world.individual("kim", Role::Supporter);
    let code = world.invite_supporter(inviting(person, SUPPORTER, "jane")).await.unwrap();
    let request_id = Uuid::new_v4();
    kim.accepted(request_id, &code).await.unwrap();
    // Another person's of the same name is not touched by it.
    world.dismiss_supporter(other, SUPPORTER).await;
    assert_eq!(world.resolved("kim").await.0, [named(person, SUPPORTER)]);
    world.dismiss_supporter(person, SUPPORTER).await;
    world.dismiss_supporter(person, SUPPORTER).await;
    assert!(world.resolved("kim").await.0.is_empty());
    assert_eq!(kim.accepted(request_id, &code).await.err().unwrap().code(), Code::NotFound);
    let code = world.invite_supporter(inviting(person, SUPPORTER, "jane")).await.unwrap();
    world.dismiss_supporter(person, SUPPORTER).await;
    assert_eq!(kim.accept(&code).await.unwrap_err().code(), Code::NotFound);
    // Asked anew they may be bound anew.
    let code = world.invite_supporter(inviting(person, Uuid::from_u128(0x5b), "jane")).await;
    kim.accept(&code.unwrap()).await.unwrap();
    assert_eq!(world.resolved("kim").await.0, [named(person, Uuid::from_u128(0x5b))]);
}

#[tokio::test]
async fn an_invitation_is_good_as_long_as_the_sign_in_that_invites_is_the_persons_and_seven_days() {
    let world = World::new().await;
    let person = world.jane_signed_in().await;
    let kim = world.individual("kim", Role::Supporter);
    let by_nobody = world.invite_supporter(inviting(person, SUPPORTER, "stranger")).await.unwrap();
    assert_eq!(kim.accept(&by_nobody).await.unwrap_err().code(), Code::NotFound);
    let code = world.invite_supporter(inviting(person, SUPPORTER, "jane")).await.unwrap();
    // The clinic vouches for another sign-in now, and jane's has ended.
    let taken = world.staff(CLINIC).invite(person).await.unwrap().code;
    world.person("jane-2").accept(&taken).await.unwrap();
    assert_eq!(kim.accept(&code).await.unwrap_err().code(), Code::NotFound);
    let code = world.invite_supporter(inviting(person, SUPPORTER, "jane-2")).await.unwrap();
    world.clock.advance(time::Duration::days(7));
    let kim = world.individual("kim", Role::Supporter);
    assert_eq!(kim.accept(&code).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn only_the_recovery_service_invites_and_dismisses() {
    let world = World::new().await;
    let person = world.jane_signed_in().await;
    let message = inviting(person, SUPPORTER, "jane");
    for token in [world.service_token(), world.referrals_token()] {
        let mut client = Facts::new(world.channel.clone());
        let refused = client.invite_supporter(from(&token, message.clone())).await.err().unwrap();
        assert_eq!(refused.code(), Code::NotFound);
        let dismissing = pb::DismissSupporterRequest {
            supporter: message.supporter.clone(),
            person: message.person.clone(),
        };
        let refused = client.dismiss_supporter(from(&token, dismissing)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
    for bad in [
        pb::InviteSupporterRequest::default(),
        pb::InviteSupporterRequest { inviter: None, ..message.clone() },
        pb::InviteSupporterRequest { supporter: "supporters/1".into(), ..message.clone() },
        inviting(person, Uuid::nil(), "jane"),
        inviting(Uuid::nil(), SUPPORTER, "jane"),
    ] {
        let refused = world.invite_supporter(bad).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn who_is_suspended_before_their_sign_in_is_bound_or_their_code_renewed_has_neither() {
    let world = World::new().await;
    let (person, other) = (world.jane_signed_in().await, world.somebody_else(CLINIC).await);
    let own = world.staff(CLINIC).invite(other).await.unwrap().code;
    let support = world.invite_supporter(inviting(person, SUPPORTER, "jane")).await.unwrap();
    let act = async |sub: &str| match sub {
        "jane" => world.person(sub).code(person, "").await.map(drop),
        "john" => world.person(sub).accept(&own).await.map(drop),
        _ => {
            let kim = world.individual(sub, Role::Supporter);
            kim.accepted(Uuid::new_v4(), &support).await.map(drop)
        }
    };
    let url = world.admin_url();
    for (sub, table) in [("jane", "sign_in"), ("john", "invitation"), ("kim", "invitation")] {
        // It has been let in, and stops in the middle of its transaction.
        let mut hold = Hold::table(&url, "people", table, Mode::Changes).await.unwrap();
        let meanwhile = async {
            until("it waits", async || hold.waiting().await.unwrap() > 0).await;
            suspend(&world, sub, true);
            hold.let_go().await.unwrap();
        };
        let (done, ()) = tokio::join!(act(sub), meanwhile);
        let refused = (Code::PermissionDenied, "PRINCIPAL_SUSPENDED".to_owned());
        assert_eq!(told(done), refused, "{sub}");
        suspend(&world, sub, false);
        act(sub).await.unwrap();
    }
}
