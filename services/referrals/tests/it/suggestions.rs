//! Where a person could be referred to.

use kernel::{Action, Clock as _, Kind};
use ledger::Outcome;
use policy::{Consent, Effect};
use testkit::fakes::{bearer, consent, permitting};
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1 as common,
    convert::name_of,
    directory::v1::SearchServicesRequest,
    referrals::v1::{SuggestServicesRequest, SuggestServicesResponse, Suggestion},
};

use crate::world::{
    ANA, BEN, CLINIC, GONE, HOUSING, OTHER, PROGRAMME, PURPOSES, World, fields, fresh, new, refused,
};

pub fn search() -> SearchServicesRequest {
    SearchServicesRequest { need_category: "103-02".to_owned(), ..SearchServicesRequest::default() }
}

pub fn asked(person: Uuid) -> SuggestServicesRequest {
    SuggestServicesRequest {
        person: name_of("people", person),
        search: Some(search()),
        labels: new(person, HOUSING).labels,
    }
}

impl World {
    fn clock_now(&self) -> kernel::Instant {
        self.clock.now()
    }

    pub async fn suggest(
        &self,
        token: &str,
        request: SuggestServicesRequest,
    ) -> Result<SuggestServicesResponse, Status> {
        Ok(self.client.clone().suggest_services(bearer(token, request)).await?.into_inner())
    }

    pub async fn suggested(&self) -> Vec<Suggestion> {
        self.suggest(&self.staff(CLINIC), asked(ANA)).await.unwrap().suggestions
    }

    async fn suggested_names(&self) -> Vec<String> {
        names(self.suggested().await)
    }
}

pub fn names(suggestions: Vec<Suggestion>) -> Vec<String> {
    suggestions.into_iter().map(|s| s.service.unwrap().name).collect()
}

#[tokio::test]
async fn only_services_of_agencies_that_a_consent_covers_come_in_the_directorys_order() {
    let world = World::new().await;
    let first = world.offers.add(HOUSING);
    let others = world.offers.add(OTHER);
    let second = world.offers.add(HOUSING);
    world.offers.add(CLINIC);
    world.offers.add(GONE);
    world.offers.add(fresh());
    assert!(world.suggested().await.is_empty(), "no consent");
    let id = world.agree(ANA, CLINIC, HOUSING);
    world.agree(BEN, CLINIC, OTHER);
    for own in [CLINIC, GONE] {
        world.agree(ANA, CLINIC, own);
    }
    let suggested = world.suggested().await;
    assert_eq!(suggested[0].basis, [name_of("consents", id)]);
    assert_eq!(suggested[0].why, ["needs are met", "a consent covers this agency"]);
    assert_eq!(suggested[0].covered_until, None);
    assert_eq!(names(suggested), [first.clone(), second.clone()]);
    world.agree(ANA, CLINIC, OTHER);
    assert_eq!(world.suggested_names().await, [first, others.clone(), second]);
    // What is suggested could be sent, and what is not could not.
    world.revoke(ANA);
    assert!(world.suggested().await.is_empty(), "revoked");
    let at_once =
        |target| wire::referrals::v1::CreateReferralRequest { send: true, ..new(ANA, target) };
    let code = Code::FailedPrecondition;
    refused(world.create(CLINIC, at_once(OTHER)).await, code, "CONSENT_NEEDED");
    world.permit(ANA, CLINIC, OTHER, &[Action::Read, Action::Transition]);
    assert!(world.suggested().await.is_empty(), "reading there is not sending there");
    world.agree(ANA, CLINIC, OTHER);
    assert_eq!(world.suggested_names().await, [others]);
    world.create(CLINIC, at_once(OTHER)).await.unwrap();
}

#[tokio::test]
async fn a_denial_of_one_agency_takes_its_services_away_and_a_suspension_too() {
    let world = World::agreed().await;
    let housing = world.offers.add(HOUSING);
    let other = world.offers.add(OTHER);
    world.agree(ANA, CLINIC, OTHER);
    let both = [housing.clone(), other.clone()];
    assert_eq!(world.suggested_names().await, both);
    world.suspend(OTHER, true);
    assert_eq!(world.suggested_names().await, std::slice::from_ref(&housing));
    world.suspend(OTHER, false);
    assert_eq!(world.suggested_names().await, both);
    let mut rule = permitting(CLINIC, HOUSING, PURPOSES, [Action::Read, Action::Refer]);
    rule.effect = Effect::Deny;
    rule.kinds = Some([Kind::Referral].into());
    let now = world.clock_now();
    world.consents.give(Consent { effective: Some(now), ..consent(ANA, fresh(), rule) });
    assert_eq!(world.suggested_names().await, [other]);
}

#[tokio::test]
async fn a_consent_that_ends_is_said_to_end_and_its_end_takes_the_suggestion_away() {
    let world = World::new().await;
    world.offers.add(HOUSING);
    let until = world.clock_now() + time::Duration::days(30);
    let mut rule = permitting(CLINIC, HOUSING, PURPOSES, [Action::Read, Action::Refer]);
    rule.kinds = Some([Kind::Referral].into());
    let now = world.clock_now();
    let signed =
        Consent { effective: Some(now), expires: Some(until), ..consent(ANA, fresh(), rule) };
    world.consents.give(signed);
    let suggested = world.suggested().await;
    assert_eq!(suggested[0].covered_until, Some(wire::convert::timestamp(until)));
    assert_eq!(suggested[0].why[1], "a consent covers this agency until 2041-03-31");
    world.clock.advance(time::Duration::days(31));
    assert!(world.suggested().await.is_empty());
}

#[tokio::test]
async fn it_is_asked_with_the_labels_that_the_referral_would_have() {
    let world = World::new().await;
    let service = world.offers.add(HOUSING);
    let mut rule = permitting(CLINIC, HOUSING, PURPOSES, [Action::Read, Action::Refer]);
    rule.kinds = Some([Kind::Referral].into());
    let signed = Consent { effective: Some(world.clock_now()), ..consent(ANA, fresh(), rule) };
    world.consents.give(signed);
    assert_eq!(world.suggested_names().await, [service]);
    let mut hiv = asked(ANA);
    hiv.labels = Some(common::Labels {
        confidentiality: common::Confidentiality::R.into(),
        sensitivities: vec![common::Sensitivity::Hiv.into()],
        ..common::Labels::default()
    });
    let labelled = world.suggest(&world.staff(CLINIC), hiv).await.unwrap().suggestions;
    let at_once = wire::referrals::v1::CreateReferralRequest {
        send: true,
        labels: Some(common::Labels {
            confidentiality: common::Confidentiality::R.into(),
            sensitivities: vec![common::Sensitivity::Hiv.into()],
            ..common::Labels::default()
        }),
        ..new(ANA, HOUSING)
    };
    let sent = world.create(CLINIC, at_once).await.is_ok();
    assert_eq!(!labelled.is_empty(), sent, "the same decision as of sending it");
}

#[tokio::test]
async fn only_what_the_request_says_is_looked_for() {
    let world = World::agreed().await;
    world.offers.add(HOUSING);
    world.suggested().await;
    let plain = SearchServicesRequest { page_size: 200, ..search() };
    assert_eq!(world.offers.asked(), [plain], "no faith, no language, no age");
    let wanted = SearchServicesRequest {
        include_faith_based: true,
        language: "es".to_owned(),
        interpreting: true,
        with_capacity: true,
        open_at: "2041-03-02T09:00".to_owned(),
        accessibility: "wheelchair".to_owned(),
        age: 30,
        ..search()
    };
    let request = SuggestServicesRequest { search: Some(wanted.clone()), ..asked(ANA) };
    world.suggest(&world.staff(CLINIC), request).await.unwrap();
    assert_eq!(world.offers.asked(), [SearchServicesRequest { page_size: 200, ..wanted }]);
}

#[tokio::test]
async fn what_is_covered_is_found_behind_much_that_is_not_and_nobody_is_told_of_how_much() {
    let world = World::agreed().await;
    for _ in 0..900 {
        world.offers.add(OTHER);
    }
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.push(world.offers.add(HOUSING));
    }
    let reply = world.suggest(&world.staff(CLINIC), asked(ANA)).await.unwrap();
    assert_eq!(names(reply.suggestions), expected);
    assert_eq!(world.offers.asked().len(), 1, "of the agencies that a consent covers alone");
    let mut two = asked(ANA);
    two.search = Some(SearchServicesRequest { page_size: 2, ..search() });
    let reply = world.suggest(&world.staff(CLINIC), two).await.unwrap();
    assert_eq!(names(reply.suggestions), expected[..2]);
}

#[tokio::test]
async fn it_is_for_staff_who_could_write_the_referral_and_is_on_record() {
    let world = World::agreed().await;
    world.offers.add(HOUSING);
    let before = world.stage.events().await.len();
    let reply = world.suggest(&world.staff(CLINIC), asked(ANA)).await.unwrap();
    assert!(!reply.disclosure.unwrap().decision_id.is_empty());
    let events = world.stage.events().await;
    let [event] = &events[before..] else { panic!("{events:?}") };
    assert_eq!(&*event.rpc, "trellis.referrals.v1.ReferralsService/SuggestServices");
    assert_eq!((event.outcome, event.action), (Outcome::Permit, Action::Read));
    assert_eq!((event.person, event.caller.agency), (Some(ANA), Some(CLINIC)));
    assert!(event.records.is_empty() && event.recipient.is_none());
    // One who has not registered the person, and a person whom nobody knows: the same.
    for (agency, person) in [(HOUSING, ANA), (CLINIC, fresh()), (PROGRAMME, BEN)] {
        let answer = world.suggest(&world.staff(agency), asked(person)).await;
        refused(answer, Code::NotFound, "NOT_FOUND");
    }
    let events = world.stage.events().await;
    assert!(events[before + 1..].iter().all(|event| event.outcome == Outcome::Deny));
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 0);
    for token in [world.person("ana"), world.admin_of(CLINIC)] {
        let answer = world.suggest(&token, asked(ANA)).await;
        refused(answer, Code::PermissionDenied, "ROLE_NOT_ADMITTED");
    }
}

#[tokio::test]
async fn a_search_that_is_wrong_is_told_and_a_directory_that_is_away_is_away() {
    let world = World::agreed().await;
    let token = world.staff(CLINIC);
    let with = |search| SuggestServicesRequest { search, ..asked(ANA) };
    let none = world.suggest(&token, with(None)).await.unwrap_err();
    assert_eq!(fields(&none), ["search"]);
    let odd = SearchServicesRequest {
        need_category: String::new(),
        page_token: "x".to_owned(),
        page_size: 201,
        ..SearchServicesRequest::default()
    };
    let mut named = fields(&world.suggest(&token, with(Some(odd))).await.unwrap_err());
    named.sort();
    assert_eq!(named, ["search.need_category", "search.page_size", "search.page_token"]);
    let old = SearchServicesRequest { age: 121, ..search() };
    let status = world.suggest(&token, with(Some(old))).await.unwrap_err();
    assert_eq!(fields(&status), ["search.age"]);
    world.offers.away(true);
    let answer = world.suggest(&token, asked(ANA)).await;
    refused(answer, Code::Unavailable, "DIRECTORY_STALE");
}
