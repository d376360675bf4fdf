use kernel::Sensitivity;
use permit::Appointment;
use policy::ConsentStatus;
use tonic::Code;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, name_of, timestamp, to_wire},
};

use crate::{
    represented::guardian,
    superseded::replacing,
    world::{
        ANA, BEN, CLEO, CLINIC, HOUSING, NOW, OTHER, World, agencies, assert_same, audited, fields,
        terms, terms_of, told, unknown, with,
    },
};

#[tokio::test]
async fn staff_and_the_person_draft_and_get_the_text_to_show() {
    let world = World::new().await;
    for token in [world.staff(CLINIC), world.person("ana")] {
        let draft = world.draft(&token, ANA, terms()).await.unwrap();
        assert_eq!(draft.status, to_wire(ConsentStatus::Draft));
        assert_eq!(draft.person, name_of("people", ANA));
        assert_eq!(draft.terms, Some(terms()));
        assert_eq!(draft.create_time, Some(timestamp(NOW)));
        assert_eq!((draft.signed_time, draft.revoked_time), (None, None));
        for said in [
            "Who may share: Riverside Clinic\n",
            "Who may receive: Harbor Housing\n",
            "What for: coordination of care and finding housing\n",
            "It ends on March 3, 2032 at 05:06 UTC.",
            "I may revoke this at any time",
        ] {
            assert!(draft.text.contains(said), "{said}\n{}", draft.text);
        }
        use sha2::Digest as _;
        assert_eq!(draft.text_sha256, hex::encode(sha2::Sha256::digest(&draft.text)));
    }
    let recorded = audited(&world, "/DraftConsent").await;
    assert_eq!(recorded, vec![(true, Some(ANA), 1, None); 2]);
}

#[tokio::test]
async fn to_everybody_else_and_of_the_unknown_there_is_no_such_person() {
    let world = World::new().await;
    let unknown = world.draft(&world.staff(CLINIC), CLEO, terms()).await.unwrap_err();
    assert_eq!(told(&unknown), (Code::NotFound, "NOT_FOUND".into()));
    for (token, person) in [
        (world.staff(HOUSING), ANA),
        (world.staff(OTHER), CLEO),
        (world.person("ben"), ANA),
        (world.person("ana"), CLEO),
        (world.person("nobody's"), ANA),
        // The person that a sign-in without a binding is bound to, as it were.
        (world.person("nobody's"), Uuid::from_u128(0x6e6f_626f_6479_4000_8000_0000_0000_0000)),
    ] {
        let refused = world.draft(&token, person, terms()).await.unwrap_err();
        assert_same(&refused, &unknown);
    }
    let recorded = audited(&world, "/DraftConsent").await;
    assert_eq!(recorded.len(), 7);
    assert!(recorded.iter().all(|(permitted, ..)| !permitted));
}

#[tokio::test]
async fn everything_that_a_consent_lacks_is_told_at_once() {
    let world = World::new().await;
    let mut bad = terms();
    bad.description = "  ".into();
    bad.statements = None;
    bad.expires = Some(timestamp(NOW));
    bad.supersedes = vec![name_of("consents", Uuid::from_u128(5))];
    let rule = bad.rule.as_mut().unwrap();
    rule.recipients.as_mut().unwrap().agencies.push(agency_name(Uuid::from_u128(77)));
    bad.exceptions = vec![pb::Rule { effect: pb::Effect::Permit.into(), ..pb::Rule::default() }];
    let refused = world.draft(&world.staff(CLINIC), ANA, bad).await.unwrap_err();
    assert_eq!(told(&refused), (Code::InvalidArgument, "INVALID_ARGUMENT".into()));
    assert_eq!(
        fields(&refused),
        [
            "terms.description",
            "terms.exceptions[0].effect",
            "terms.expires",
            "terms.rule.recipients",
            "terms.statements.right_to_revoke",
            "terms.supersedes",
        ]
    );
    assert_eq!(world.list(&world.person("ana"), ANA).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_annotations_forbid_is_told_at_once_and_before_anything_is_read() {
    let world = World::new().await;
    let mut bad = terms();
    bad.r#type = 99;
    bad.description = "a\u{0}b".into();
    let request = pb::DraftConsentRequest {
        request_id: "1".into(),
        person: "people/x".into(),
        terms: Some(bad),
        language: String::new(),
    };
    let token = world.staff(CLINIC);
    let refused = world.consents().draft_consent(with(&token, request)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let named = fields(&refused);
    for field in ["request_id", "person", "terms.type", "terms.description"] {
        assert!(named.contains(&field.to_owned()), "{field}: {named:?}");
    }
}

#[tokio::test]
async fn a_draft_supersedes_only_what_its_drafter_may_see() {
    let world = World::new().await;
    let hidden = world.signed("ana", terms_of(pb::Effect::Deny, &[OTHER], &[HOUSING])).await;
    let foreign = world.signed("ben", terms()).await;
    let mut over = terms();
    over.supersedes = vec![hidden.name.clone()];
    let refused = world.draft(&world.staff(CLINIC), ANA, over.clone()).await.unwrap_err();
    assert_eq!(fields(&refused), ["terms.supersedes"]);
    let drafted = world.draft(&world.person("ana"), ANA, over.clone()).await.unwrap();
    assert!(drafted.text.contains("It replaces the refusal that I signed on March 4, 2031"));
    assert!(drafted.text.contains("what it kept closed may be shared again"));
    over.supersedes = vec![foreign.name];
    let refused = world.draft(&world.person("ana"), ANA, over).await.unwrap_err();
    assert_eq!(fields(&refused), ["terms.supersedes"]);
    assert_eq!(world.list(&world.person("ben"), BEN).await.len(), 1);
}

#[tokio::test]
async fn s2_14_of_what_is_hidden_from_its_drafter_a_draft_tells_as_of_what_never_was() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let excluded_sensitivities = [Sensitivity::Sud].into();
    world.people.appoint("aunt", Appointment { excluded_sensitivities, ..guardian(ANA) });
    let confirmed_by = Some(vec![CLINIC.into()]);
    world.people.appoint("uncle", Appointment { confirmed_by, ..guardian(ANA) });
    let refusal =
        async |of| world.signed("ana", terms_of(pb::Effect::Deny, &[of], &[HOUSING])).await;
    let (others, clinics) = (refusal(OTHER).await, refusal(CLINIC).await);
    let never = pb::Consent { name: unknown(), ..others.clone() };
    let vouched = world.person("vouched");
    let (aunt, uncle) = (world.representative("aunt"), world.representative("uncle"));
    let mut narrow = terms();
    narrow.rule.as_mut().unwrap().sensitivities = vec![to_wire(Sensitivity::Hiv)];
    let over = |old: &pb::Consent| replacing(old, narrow.clone());
    for (token, hidden) in
        [(&vouched, &others), (&uncle, &others), (&aunt, &others), (&aunt, &clinics)]
    {
        let unseen = world.get(token, &hidden.name).await.unwrap_err();
        assert_eq!(unseen.code(), Code::NotFound);
        let refused = world.draft(token, ANA, over(hidden)).await.unwrap_err();
        assert_eq!(fields(&refused), ["terms.supersedes"]);
        assert_same(&refused, &world.draft(token, ANA, over(&never)).await.unwrap_err());
    }
    for token in [&vouched, &uncle] {
        let drafted = world.draft(token, ANA, over(&clinics)).await.unwrap();
        assert!(drafted.text.contains("It replaces the refusal"), "{}", drafted.text);
    }
}

#[tokio::test]
async fn an_agency_that_the_directory_no_longer_knows_is_named_in_no_draft() {
    let world = World::new().await;
    let mut fewer = agencies(2);
    fewer.agencies.retain(|s| s.agency.as_ref().unwrap().name != agency_name(HOUSING));
    world.directory.apply(&fewer);
    let refused = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap_err();
    assert_eq!(fields(&refused), ["terms.rule.recipients"]);
}

#[tokio::test]
async fn nothing_is_drafted_or_decided_on_a_directory_that_has_gone_silent() {
    let world = World::on(facts::Directory::new()).await;
    let refused = world.draft(&world.person("ana"), ANA, terms()).await.unwrap_err();
    assert_eq!(told(&refused), (Code::Unavailable, "DIRECTORY_STALE".into()));
    let question = pb::FactsQuestion { person: name_of("people", ANA), ..Default::default() };
    let ask = pb::GetFactsRequest { questions: vec![question], directory_revision: 0 };
    let refused = world.facts().get_facts(with(&world.service(), ask)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::Unavailable, "DIRECTORY_STALE".into()));
}

#[tokio::test]
async fn a_consent_that_is_too_large_is_refused_and_nothing_is_kept() {
    let world = World::new().await;
    let record = |n: u128| format!("notes/{}", uuid::Uuid::from_u128(n + 1));
    let mut large = terms();
    large.exceptions = (0..20)
        .map(|part: u128| pb::Rule {
            effect: pb::Effect::Deny.into(),
            records: (0..100).map(|n| record(part * 100 + n)).collect(),
            ..pb::Rule::default()
        })
        .collect();
    let refused = world.draft(&world.person("ana"), ANA, large).await.unwrap_err();
    assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, vec!["terms".into()]));
    assert_eq!(world.list(&world.person("ana"), ANA).await, [""; 0]);
}
