//! Consents given by who acts for the person.

use identity::DEV_ISSUER;
use kernel::{CodeSet, Sensitivity};
use permit::Appointment;
use policy::Relationship;
use tonic::Code;
use uuid::Uuid;
use wire::{
    consent::v1::{self as pb, RestrictionReason as Reason},
    convert::{agency_name, name_of, to_wire},
    directory::v1::CareTeamMembers,
};

use crate::world::{
    ANA, BEN, CLINIC, HOUSING, World, agencies, assert_same, code_of, fields, terms, terms_of,
    told, unknown,
};
use crate::{
    call,
    court_order::{recorded, recording},
    emergency::declared,
    restriction::asked,
};

const BY: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0a01);

pub fn guardian(person: Uuid) -> Appointment {
    Appointment {
        id: BY,
        person: person.into(),
        relationship: Relationship::Guardian,
        authority: true,
        from: None,
        until: None,
        excluded_sensitivities: CodeSet::EMPTY,
        confirmed_by: None,
    }
}

/// From whom whatever may be about SUD is withheld.
fn kept_from_sud(world: &World) -> String {
    let excluded_sensitivities = [Sensitivity::Sud].into();
    world.people.appoint("aunt", Appointment { excluded_sensitivities, ..guardian(ANA) });
    world.representative("aunt")
}

#[tokio::test]
async fn a_guardian_drafts_signs_and_revokes_and_the_consent_says_by_what_authority() {
    let world = World::new().await;
    world.people.appoint("aunt", guardian(ANA));
    let aunt = world.representative("aunt");
    let draft = world.draft(&aunt, ANA, terms()).await.unwrap();
    let signed = world.sign(&aunt, &draft).await.unwrap();
    let grantor = signed.grantor.clone().unwrap();
    assert_eq!(grantor.relationship, to_wire(Relationship::Guardian));
    assert_eq!(grantor.authority, name_of("representatives", BY));
    assert_eq!(world.list(&aunt, ANA).await, vec![signed.name.clone()]);
    assert_eq!(code_of(&world.revoke(&aunt, &signed.name).await.unwrap()), "REVOKED");
}

#[tokio::test]
async fn who_acts_for_the_person_signs_nothing_to_an_agency_in_whose_care_team_they_are() {
    let world = World::new().await;
    world.people.appoint("aunt", guardian(ANA));
    let aunt = world.representative("aunt");
    let draft = world.draft(&aunt, ANA, terms()).await.unwrap();
    let in_team = |agency: Uuid, member: &str, issuer: &str| {
        let mut step = agencies(2);
        for state in &mut step.agencies {
            state.bindings.iter_mut().for_each(|binding| binding.issuer = issuer.to_owned());
            if state.agency.as_ref().unwrap().name == agency_name(agency) {
                let (name, members) = (name_of("careTeams", BY), vec![member.to_owned()]);
                state.care_teams = vec![CareTeamMembers { name, members }];
            }
        }
        world.directory.apply(&step);
    };
    in_team(HOUSING, "aunt", DEV_ISSUER);
    let refused = world.sign(&aunt, &draft).await.unwrap_err();
    assert_eq!(told(&refused).1, "CONSENT_INCOMPLETE");
    assert_eq!(fields(&refused), ["grantor"]);
    let refused = world.draft(&aunt, ANA, terms()).await.unwrap_err();
    assert_eq!(fields(&refused), ["grantor"]);
    // To others they do, from their own agency, too; and where it is somebody else, by name or by who named them.
    for (agency, member, issuer) in [
        (CLINIC, "aunt", DEV_ISSUER),
        (HOUSING, "uncle", DEV_ISSUER),
        (HOUSING, "aunt", "https://id.example"),
    ] {
        in_team(agency, member, issuer);
        let draft = world.draft(&aunt, ANA, terms()).await.unwrap();
        world.sign(&aunt, &draft).await.unwrap();
    }
    // What the person opens to their own employer is theirs to open.
    in_team(HOUSING, "ana", DEV_ISSUER);
    world.signed("ana", terms()).await;
}

#[tokio::test]
async fn the_text_is_in_the_words_of_who_signs_and_is_signed_as_it_was_shown() {
    let world = World::new().await;
    world.people.appoint("aunt", guardian(ANA));
    let aunt = world.representative("aunt");
    let mut spanish = pb::DraftConsentRequest {
        request_id: crate::world::fresh(),
        person: name_of("people", ANA),
        terms: Some(terms()),
        language: "es".to_owned(),
    };
    let shown = crate::call!(world, draft_consent, aunt, spanish.clone()).unwrap().consent.unwrap();
    assert!(shown.text.starts_with("Mi consentimiento, por la persona a quien represento,"));
    assert!(shown.reading_level > 0.0);
    let draft = world.draft(&aunt, ANA, terms()).await.unwrap();
    let authority = name_of("representatives", BY);
    assert!(draft.text.contains("I sign this as the guardian of the person"), "{}", draft.text);
    assert!(draft.text.contains(&format!("My authority to sign: {authority}.")));
    assert!(!draft.text.contains("my records"));
    let other = pb::Consent { text_sha256: shown.text_sha256.clone(), ..draft.clone() };
    assert_eq!(told(&world.sign(&aunt, &other).await.unwrap_err()).1, "CONSENT_INCOMPLETE");
    let signed = world.sign(&aunt, &draft).await.unwrap();
    assert_eq!((signed.text, signed.text_sha256), (draft.text, draft.text_sha256));
    // What staff prepare is for the person to sign, in the person's words.
    (spanish.request_id, spanish.language) = (crate::world::fresh(), String::new());
    let of_ana = crate::call!(world, draft_consent, world.staff(CLINIC), spanish).unwrap();
    assert!(of_ana.consent.unwrap().text.starts_with("My consent to share my records\n"));
}

#[tokio::test]
async fn nobody_signs_what_another_was_to_sign() {
    let world = World::new().await;
    world.people.appoint("aunt", guardian(ANA));
    let aunt = world.representative("aunt");
    let of_ana = world.draft(&world.person("ana"), ANA, terms()).await.unwrap();
    let of_aunt = world.draft(&aunt, ANA, terms()).await.unwrap();
    for (token, draft) in [(&aunt, &of_ana), (&world.person("ana"), &of_aunt)] {
        let refused = world.sign(token, draft).await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".into()));
    }
}

#[tokio::test]
async fn without_authority_and_as_a_relative_nobody_signs() {
    let world = World::new().await;
    for (authority, relationship) in
        [(false, Relationship::Guardian), (true, Relationship::Relative)]
    {
        world.people.appoint("aunt", Appointment { authority, relationship, ..guardian(ANA) });
        let refused = world.draft(&world.representative("aunt"), ANA, terms()).await.unwrap_err();
        assert_eq!(crate::world::fields(&refused), ["grantor"]);
    }
}

#[tokio::test]
async fn s2_14_nobody_opens_for_others_what_is_withheld_from_themself() {
    let world = World::new().await;
    let aunt = kept_from_sud(&world);
    for (listed, signs) in [
        (vec![], false),
        (vec![Sensitivity::EthUd], false),
        (vec![Sensitivity::Bh], false),
        (vec![Sensitivity::Hiv], false),
    ] {
        let mut terms = terms();
        terms.rule.as_mut().unwrap().sensitivities = listed.into_iter().map(to_wire).collect();
        let draft = world.draft(&aunt, ANA, terms).await.unwrap();
        assert_eq!(world.sign(&aunt, &draft).await.is_ok(), signs);
    }
    let refusal = terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING]);
    let draft = world.draft(&aunt, ANA, refusal).await.unwrap();
    world.sign(&aunt, &draft).await.unwrap();
}

#[tokio::test]
async fn s2_14_from_whom_sud_is_withheld_opens_no_part_2_record_under_another_label() {
    let world = World::new().await;
    let aunt = kept_from_sud(&world);
    let mut labelled = terms();
    labelled.rule.as_mut().unwrap().sensitivities = vec![to_wire(Sensitivity::Mh)];
    let draft = world.draft(&aunt, ANA, labelled.clone()).await.unwrap();
    assert_eq!(told(&world.sign(&aunt, &draft).await.unwrap_err()).1, "ACTION_NOT_PERMITTED");
    labelled.exceptions = vec![pb::Rule {
        effect: pb::Effect::Deny.into(),
        sensitivities: vec![to_wire(Sensitivity::Sud)],
        ..pb::Rule::default()
    }];
    let draft = world.draft(&aunt, ANA, labelled).await.unwrap();
    world.sign(&aunt, &draft).await.unwrap();
}

#[tokio::test]
async fn s2_14_what_may_be_about_what_is_withheld_from_them_they_do_not_find() {
    let world = World::new().await;
    let vouched = || Some(vec![CLINIC.into()]);
    let aunt = world.representative("aunt");
    let broad = world.signed("ana", terms()).await.name;
    let refusal = terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING]);
    let refusal = world.signed("ana", refusal).await.name;
    let mut narrow = terms();
    let rule = narrow.rule.as_mut().unwrap();
    rule.confidentialities = vec![to_wire(kernel::Confidentiality::Normal)];
    let narrow = world.signed("ana", narrow).await.name;
    declared(&world, ANA).await;
    recorded(&world, recording(ANA)).await;
    asked(&world, "ana", ANA, Reason::Preference).await;
    for (excluded, sees) in [(&[][..], true), (&[Sensitivity::Sud], false)] {
        let excluded_sensitivities = excluded.iter().copied().collect();
        let acts = Appointment { excluded_sensitivities, confirmed_by: vouched(), ..guardian(ANA) };
        world.people.appoint("aunt", acts);
        let mut listed = world.list(&aunt, ANA).await;
        listed.sort_unstable();
        let mut expected = if sees { vec![&*broad, &refusal, &narrow] } else { vec![&*narrow] };
        expected.sort_unstable();
        assert_eq!(listed, expected);
        for (name, found) in [(&broad, sees), (&refusal, sees), (&narrow, true)] {
            let receipt = async |name: String| {
                let request = pb::GetConsentReceiptRequest { name, format: 0 };
                call!(world, get_consent_receipt, &aunt, request)
            };
            match (world.get(&aunt, name).await, receipt(name.clone()).await) {
                (Err(got), Err(receipted)) if !found => {
                    assert_same(&got, &world.get(&aunt, &unknown()).await.unwrap_err());
                    assert_same(&receipted, &receipt(unknown()).await.unwrap_err());
                }
                (got, receipted) => assert!(found && got.is_ok() && receipted.is_ok(), "{name}"),
            }
        }
        let person = name_of("people", ANA);
        let request = pb::ListEmergenciesRequest { person: person.clone(), ..Default::default() };
        let found = call!(world, list_emergencies, &aunt, request).unwrap();
        assert_eq!(!found.emergencies.is_empty(), sees, "emergencies");
        let request = pb::ListCourtOrdersRequest { person: person.clone(), ..Default::default() };
        let found = call!(world, list_court_orders, &aunt, request).unwrap();
        assert_eq!(!found.court_orders.is_empty(), sees, "court orders");
        let request = pb::ListRestrictionsRequest { person, ..Default::default() };
        let found = call!(world, list_restrictions, &aunt, request).unwrap();
        assert_eq!(!found.restrictions.is_empty(), sees, "restrictions");
    }
}

#[tokio::test]
async fn no_page_tells_that_something_is_withheld() {
    let world = World::new().await;
    let mut narrow = terms();
    let rule = narrow.rule.as_mut().unwrap();
    rule.confidentialities = vec![to_wire(kernel::Confidentiality::Normal)];
    let mut shown = Vec::new();
    for terms in [&narrow, &terms(), &terms(), &terms(), &narrow, &terms(), &terms()] {
        world.clock.advance(time::Duration::MINUTE);
        let name = world.signed("ana", terms.clone()).await.name;
        if terms == &narrow {
            shown.insert(0, name);
        }
    }
    let aunt = kept_from_sud(&world);
    let mut request = pb::ListConsentsRequest {
        person: name_of("people", ANA),
        page_size: 1,
        ..Default::default()
    };
    for (place, expected) in shown.iter().enumerate() {
        let page = call!(world, list_consents, &aunt, request.clone()).unwrap();
        let names: Vec<_> = page.consents.iter().map(|consent| &consent.name).collect();
        assert_eq!(names, [expected]);
        assert_eq!(page.next_page_token.is_empty(), place + 1 == shown.len(), "no page is empty");
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn whoever_acts_for_one_person_finds_nothing_of_another() {
    let world = World::new().await;
    world.people.appoint("aunt", guardian(BEN));
    let signed = world.signed("ana", terms()).await;
    let aunt = world.representative("aunt");
    let refused = world.get(&aunt, &signed.name).await.unwrap_err();
    assert_same(&refused, &world.get(&aunt, &unknown()).await.unwrap_err());
    assert_eq!(world.list(&aunt, ANA).await, [""; 0]);
    let refused = world.draft(&aunt, ANA, terms()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn whoever_could_not_sign_ends_no_refusal_and_no_restriction() {
    let world = World::new().await;
    let refusal = terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING]);
    let refusal = world.signed("ana", refusal).await;
    let permit = world.signed("ana", terms()).await;
    let aunt = world.representative("aunt");
    let relative = Appointment { relationship: Relationship::Relative, ..guardian(ANA) };
    let excluded_sensitivities = [Sensitivity::Sud].into();
    let excluded = Appointment { excluded_sensitivities, ..guardian(ANA) };
    let without = Appointment { authority: false, ..guardian(ANA) };
    for acts in [relative, excluded, without] {
        world.people.appoint("aunt", acts);
        let refused = world.revoke(&aunt, &refusal.name).await.unwrap_err();
        assert_eq!(told(&refused).1, "ACTION_NOT_PERMITTED");
    }
    // Taking back what was allowed protects, and is anybody's who acts for the person.
    world.revoke(&aunt, &permit.name).await.unwrap();
    world.people.appoint("aunt", guardian(ANA));
    world.revoke(&aunt, &refusal.name).await.unwrap();
}

#[tokio::test]
async fn s2_14_nobody_replaces_a_refusal_that_may_keep_what_is_withheld_from_themself() {
    let world = World::new().await;
    let refusal = world.signed("ana", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    let mut over = terms();
    over.rule.as_mut().unwrap().confidentialities = vec![to_wire(kernel::Confidentiality::Normal)];
    over.supersedes = vec![refusal.name];
    world.people.appoint("aunt", guardian(ANA));
    let draft = world.draft(&world.representative("aunt"), ANA, over.clone()).await.unwrap();
    // What she drafted before anything was withheld from her she knows, and signs no more.
    let aunt = kept_from_sud(&world);
    let refused = world.draft(&aunt, ANA, over).await.unwrap_err();
    assert_eq!(crate::world::fields(&refused), ["terms.supersedes"]);
    assert_eq!(world.get(&aunt, &draft.name).await.unwrap().text, draft.text);
    assert_eq!(told(&world.sign(&aunt, &draft).await.unwrap_err()).1, "ACTION_NOT_PERMITTED");
}
