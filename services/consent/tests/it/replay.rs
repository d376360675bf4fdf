use tonic::Code;
use uuid::Uuid;
use wire::{consent::v1 as pb, convert::name_of};

use crate::world::{ANA, CLINIC, World, assert_same, terms, told, unknown, with};

fn draft_request() -> pb::DraftConsentRequest {
    pb::DraftConsentRequest {
        request_id: Uuid::new_v4().to_string(),
        person: name_of("people", ANA),
        terms: Some(terms()),
        language: String::new(),
    }
}

#[tokio::test]
async fn a_repeated_request_answers_as_the_first_time() {
    let world = World::new().await;
    let (staff, ana) = (world.staff(CLINIC), world.person("ana"));
    let request = draft_request();
    let draft = async || {
        let reply = world.consents().draft_consent(with(&staff, request.clone())).await.unwrap();
        reply.into_inner().consent.unwrap()
    };
    let first = draft().await;
    assert_eq!(draft().await, first);

    let request = pb::SignConsentRequest {
        request_id: Uuid::new_v4().to_string(),
        name: first.name.clone(),
        text_sha256: first.text_sha256.clone(),
    };
    let sign = async || {
        let reply = world.consents().sign_consent(with(&ana, request.clone())).await.unwrap();
        reply.into_inner().consent.unwrap()
    };
    let signed = sign().await;
    assert_eq!(sign().await, signed);

    let request = pb::RevokeConsentRequest {
        request_id: Uuid::new_v4().to_string(),
        name: first.name.clone(),
        word: 0,
    };
    let revoke = async || {
        let reply = world.consents().revoke_consent(with(&ana, request.clone())).await.unwrap();
        reply.into_inner().consent.unwrap()
    };
    let revoked = revoke().await;
    // A repeat waits, too.
    assert_eq!(world.fenced(revoke()).await, revoked);
    // And the answers of the earlier ones stay what they were.
    assert_eq!(draft().await, first);
    assert_eq!(sign().await, signed);
    assert_eq!(world.facts_of(ANA).await.revision, 2);
    assert_eq!(world.list(&ana, ANA).await, [first.name]);
}

#[tokio::test]
async fn a_crowd_of_the_same_request_lands_once() {
    let world = World::new().await;
    let staff = world.staff(CLINIC);
    let request = draft_request();
    let drafts = (0..8).map(|_| {
        let (mut client, request) = (world.consents(), with(&staff, request.clone()));
        async move { client.draft_consent(request).await.unwrap().into_inner().consent.unwrap() }
    });
    let drafts = futures::future::join_all(drafts).await;
    assert!(drafts.iter().all(|d| *d == drafts[0]));
    let ana = world.person("ana");
    let request = pb::SignConsentRequest {
        request_id: Uuid::new_v4().to_string(),
        name: drafts[0].name.clone(),
        text_sha256: drafts[0].text_sha256.clone(),
    };
    let signed = (0..8).map(|_| {
        let (mut client, request) = (world.consents(), with(&ana, request.clone()));
        async move { client.sign_consent(request).await.unwrap().into_inner().consent.unwrap() }
    });
    let signed = futures::future::join_all(signed).await;
    assert!(signed.iter().all(|s| *s == signed[0]));
    assert_eq!(world.facts_of(ANA).await.revision, 1);
    assert_eq!(world.list(&ana, ANA).await.len(), 1);
}

#[tokio::test]
async fn a_request_id_is_for_one_payload_and_one_caller() {
    let world = World::new().await;
    let staff = world.staff(CLINIC);
    let mut request = draft_request();
    let first = world.consents().draft_consent(with(&staff, request.clone())).await.unwrap();
    let first = first.into_inner().consent.unwrap();
    // Another caller's use of the same id is another request.
    let own = world.consents().draft_consent(with(&world.person("ana"), request.clone())).await;
    assert_ne!(own.unwrap().into_inner().consent.unwrap().name, first.name);
    request.terms.as_mut().unwrap().description.push('!');
    let refused = world.consents().draft_consent(with(&staff, request)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "REQUEST_ID_REUSED".into()));
}

#[tokio::test]
async fn a_repeat_is_authorized_again() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let request = |name: &str| pb::RevokeConsentRequest {
        request_id: "018f0000-0000-7000-8000-000000000001".into(),
        name: name.to_owned(),
        word: 0,
    };
    let token = world.person("ana");
    world.consents().revoke_consent(with(&token, request(&signed.name))).await.unwrap();
    // The sign-in is bound to somebody else by now.
    world.people.bind("ana", crate::world::BEN, None);
    let again = with(&token, request(&signed.name));
    let refused = world.consents().revoke_consent(again).await.unwrap_err();
    let absent = with(&token, request(&unknown()));
    assert_same(&refused, &world.consents().revoke_consent(absent).await.unwrap_err());
    assert_eq!(refused.code(), Code::NotFound);
}
