use kernel::Sensitivity;
use permit::Appointment;
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{name_of, to_wire},
};

use crate::{
    call,
    represented::guardian,
    superseded::replacing,
    world::{
        ANA, BEN, CLEO, CLINIC, HOUSING, OTHER, PROBATION, World, assert_same, audited, terms,
        terms_of, told, unknown, with,
    },
};

#[tokio::test]
async fn the_person_and_the_agencies_named_see_a_consent_and_to_others_it_is_absent() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    for token in [world.person("ana"), world.staff(CLINIC), world.staff(HOUSING)] {
        assert_eq!(world.get(&token, &signed.name).await.unwrap(), signed);
        assert_eq!(world.list(&token, ANA).await, [signed.name.as_str()]);
    }
    for token in [world.staff(OTHER), world.person("ben"), world.person("nobody's")] {
        let refused = world.get(&token, &signed.name).await.unwrap_err();
        assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
        assert_same(&refused, &world.get(&token, &unknown()).await.unwrap_err());
        assert_eq!(world.list(&token, ANA).await, Vec::<String>::new());
        assert_eq!(world.list(&token, CLEO).await, Vec::<String>::new());
    }
    let recorded = audited(&world, "/GetConsent").await;
    assert_eq!(recorded.iter().filter(|(permitted, ..)| *permitted).count(), 3);
    assert_eq!(recorded.len(), 9);
}

#[tokio::test]
async fn a_practitioner_named_lets_their_agency_see_it_and_so_does_an_exception() {
    let world = World::new().await;
    let mut named = terms();
    let whole = format!("agencies/{OTHER}/practitioners/dr-o");
    named.rule.as_mut().unwrap().recipients.as_mut().unwrap().practitioners = vec![whole];
    named.exceptions = vec![terms_of(pb::Effect::Deny, &[CLINIC], &[PROBATION]).rule.unwrap()];
    let signed = world.signed("ana", named).await;
    for agency in [OTHER, PROBATION] {
        assert_eq!(world.get(&world.staff(agency), &signed.name).await.unwrap(), signed);
    }
}

#[tokio::test]
async fn a_draft_is_seen_by_its_drafter_and_not_by_the_others_whom_it_names() {
    let world = World::new().await;
    let draft = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    assert_eq!(world.get(&world.staff(CLINIC), &draft.name).await.unwrap(), draft);
    assert_eq!(world.get(&world.person("ana"), &draft.name).await.unwrap(), draft);
    let refused = world.get(&world.staff(HOUSING), &draft.name).await.unwrap_err();
    assert_same(&refused, &world.get(&world.staff(HOUSING), &unknown()).await.unwrap_err());
    assert_eq!(world.list(&world.staff(HOUSING), ANA).await, Vec::<String>::new());
    let own = world.draft(&world.person("ana"), ANA, terms()).await.unwrap();
    assert_eq!(
        world.get(&world.staff(CLINIC), &own.name).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_consent_tells_an_agency_nothing_of_those_it_replaces_that_do_not_name_it() {
    let world = World::new().await;
    let old = world.signed("ana", terms_of(pb::Effect::Deny, &[OTHER], &[CLINIC])).await;
    let mut over = terms();
    over.supersedes = vec![old.name.clone()];
    let new = world.signed("ana", over).await;
    let to_housing = world.get(&world.staff(HOUSING), &new.name).await.unwrap();
    // Nor the hash, by which a guess at the text could be checked.
    assert_eq!((to_housing.text.as_str(), to_housing.text_sha256.as_str()), ("", ""));
    assert_eq!(to_housing.terms.as_ref().unwrap().supersedes, Vec::<String>::new());
    assert_eq!(world.get(&world.staff(CLINIC), &new.name).await.unwrap(), new);
    assert_eq!(world.get(&world.person("ana"), &new.name).await.unwrap(), new);
    let request = pb::ListConsentsRequest { person: name_of("people", ANA), ..Default::default() };
    let listed =
        world.consents().list_consents(with(&world.staff(HOUSING), request)).await.unwrap();
    assert_eq!(listed.into_inner().consents, [to_housing]);
}

#[tokio::test]
async fn s2_14_a_consent_tells_nobody_of_those_it_replaces_that_are_hidden_from_them() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let excluded_sensitivities = [Sensitivity::Sud].into();
    world.people.appoint("aunt", Appointment { excluded_sensitivities, ..guardian(ANA) });
    let (vouched, aunt) = (world.person("vouched"), world.representative("aunt"));
    let old = world.signed("ana", terms_of(pb::Effect::Deny, &[OTHER], &[HOUSING])).await;
    let mut over = replacing(&old, terms());
    over.rule.as_mut().unwrap().confidentialities = vec![to_wire(kernel::Confidentiality::Normal)];
    let new = world.signed("ana", over).await;
    assert!(new.text.contains("Elsewhere Health"), "{}", new.text);
    let receipt = async |token: &str| {
        let (name, format) = (new.name.clone(), pb::ReceiptFormat::FhirR4.into());
        let request = pb::GetConsentReceiptRequest { name, format };
        call!(world, get_consent_receipt, token, request).unwrap().json
    };
    assert!(receipt(&world.person("ana")).await.contains(&new.text_sha256));
    for token in [&vouched, &aunt] {
        let shown = world.get(token, &new.name).await.unwrap();
        assert_eq!((shown.text.as_str(), shown.text_sha256.as_str()), ("", ""));
        assert_eq!(shown.terms.as_ref().unwrap().supersedes, Vec::<String>::new());
        assert_eq!(listed(&world, token).await, [shown]);
        assert!(!receipt(token).await.contains(&new.text_sha256));
    }
    let ended = world.revoke(&vouched, &new.name).await.unwrap();
    assert_eq!((ended.terms, &*ended.text), (None, ""));
    // Of what they may see they are told.
    let narrow = || {
        let mut narrow = terms();
        let rule = narrow.rule.as_mut().unwrap();
        rule.confidentialities = vec![to_wire(kernel::Confidentiality::Normal)];
        narrow
    };
    let old = world.signed("ana", narrow()).await;
    let new = world.signed("ana", replacing(&old, narrow())).await;
    for token in [&vouched, &aunt] {
        assert_eq!(world.get(token, &new.name).await.unwrap(), new);
        assert!(listed(&world, token).await.contains(&new));
    }
    // And of that alone, where one of two is hidden.
    let hidden = world.signed("ana", terms_of(pb::Effect::Deny, &[OTHER], &[HOUSING])).await;
    let mut both = replacing(&new, narrow());
    both.supersedes.push(hidden.name.clone());
    let both = world.signed("ana", both).await;
    for token in [&vouched, &aunt] {
        let shown = world.get(token, &both.name).await.unwrap();
        assert_eq!((shown.text.as_str(), shown.text_sha256.as_str()), ("", ""));
        assert_eq!(shown.terms.as_ref().unwrap().supersedes, std::slice::from_ref(&new.name));
        assert!(listed(&world, token).await.contains(&shown));
    }
}

#[tokio::test]
async fn a_list_is_newest_first_in_pages_and_holds_one_persons_consents_alone() {
    let world = World::new().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.insert(0, world.signed("ana", terms()).await.name);
        // Two of each instant: ties are cut by id.
        if all.len() % 2 == 0 {
            world.clock.advance(Duration::minutes(1));
        }
    }
    world.signed("ben", terms()).await;
    for token in [world.person("ana"), world.staff(HOUSING)] {
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let person = name_of("people", ANA);
            let request = pb::ListConsentsRequest { page_size: 2, page_token, person };
            let page = world.consents().list_consents(with(&token, request)).await.unwrap();
            let page = page.into_inner();
            assert!(page.consents.len() <= 2 && !page.consents.is_empty());
            listed.extend(page.consents.into_iter().map(|c| c.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let mut sorted = listed.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), 5);
        // Of one instant, the greater id first; ids are of the instant, too.
        let place = |name: &String| listed.iter().position(|n| n == name).unwrap();
        let latest = all.iter().take(1).map(place).max();
        let middle = all.iter().skip(1).take(2).map(place);
        let first = all.iter().skip(3).map(place).min();
        assert!(middle.clone().min() > latest && middle.max() < first, "{listed:?}");
    }
    assert_eq!(world.list(&world.person("ben"), BEN).await.len(), 1);
}

#[tokio::test]
async fn a_page_token_is_its_callers_and_its_persons() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    world.signed("ana", terms()).await;
    let ask = |person, page_token: &str| pb::ListConsentsRequest {
        page_size: 1,
        page_token: page_token.to_owned(),
        person: name_of("people", person),
    };
    let staff = world.staff(HOUSING);
    let first = world.consents().list_consents(with(&staff, ask(ANA, ""))).await.unwrap();
    let token = first.into_inner().next_page_token;
    for (caller, person) in [(world.staff(CLINIC), ANA), (world.person("ana"), ANA), (staff, BEN)] {
        let request = with(&caller, ask(person, &token));
        let refused = world.consents().list_consents(request).await.unwrap_err();
        assert_eq!(told(&refused), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".into()));
    }
}

#[tokio::test]
async fn a_sign_in_sees_only_what_is_about_those_who_vouch_for_it() {
    let world = World::new().await;
    let clinics = world.signed("ana", terms()).await;
    let others = world.signed("ana", terms_of(pb::Effect::Permit, &[OTHER], &[HOUSING])).await;
    let mut everybodys = terms();
    everybodys.rule.as_mut().unwrap().disclosers = None;
    let everybodys = world.signed("ana", everybodys).await;
    world.people.bind("vouched", ANA, Some(&[OTHER]));
    let token = world.person("vouched");
    assert_eq!(world.list(&token, ANA).await, vec![others.name.clone()]);
    assert_eq!(world.get(&token, &others.name).await.unwrap(), others);
    for hidden in [&clinics, &everybodys] {
        let refused = world.get(&token, &hidden.name).await.unwrap_err();
        assert_same(&refused, &world.get(&token, &unknown()).await.unwrap_err());
        // It may still take back what it can't read, and is told no more than that.
        let ended = world.revoke(&token, &hidden.name).await.unwrap();
        assert_eq!((ended.terms, &*ended.text), (None, ""));
    }
    assert_eq!(world.list(&world.person("ana"), ANA).await.len(), 3);
}

pub const COUNTY: [Uuid; 4] = [CLINIC, HOUSING, PROBATION, OTHER];

/// Numbers as if by chance, and the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn of(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub fn agency(&mut self) -> Uuid {
        COUNTY[self.of(COUNTY.len())]
    }
}

/// Something on file: a draft, or what came of it. Whatever of it is refused does not come about.
async fn on_file(world: &World, dice: &mut Dice, before: &[String]) -> Option<String> {
    let (person, own) = [(ANA, "ana"), (ANA, "ana"), (BEN, "ben")][dice.of(3)];
    let effect = [pb::Effect::Permit, pb::Effect::Permit, pb::Effect::Deny][dice.of(3)];
    let mut terms = terms_of(effect, &[dice.agency()], &[dice.agency()]);
    let other = terms_of(pb::Effect::Deny, &[dice.agency()], &[dice.agency()]);
    let rule = terms.rule.as_mut().unwrap();
    match dice.of(6) {
        0 => rule.disclosers = None,
        1 => rule.sensitivities = vec![to_wire(Sensitivity::Sud)],
        2 => {
            let whole = format!("agencies/{OTHER}/practitioners/dr-o");
            rule.recipients.as_mut().unwrap().practitioners = vec![whole];
        }
        3 => terms.exceptions = other.rule.into_iter().collect(),
        4 => terms.supersedes = before.last().cloned().into_iter().collect(),
        _ => {}
    }
    let (drafts, signs) = match dice.of(3) {
        0 => (world.staff(CLINIC), world.person(own)),
        1 if person == ANA => (world.representative("aunt"), world.representative("aunt")),
        _ => (world.person(own), world.person(own)),
    };
    let draft = world.draft(&drafts, person, terms).await.ok()?;
    if dice.of(4) > 0 {
        let _ = world.sign(&signs, &draft).await;
    }
    if dice.of(4) == 0 {
        let _ = world.revoke(&signs, &draft.name).await;
    }
    if dice.of(2) == 0 {
        world.clock.advance(Duration::SECOND);
    }
    Some(draft.name)
}

/// All pages of what is listed of both people, in the order of their names.
async fn listed(world: &World, token: &str) -> Vec<pb::Consent> {
    let mut found = Vec::new();
    for person in [ANA, BEN] {
        let (person, mut page_token) = (name_of("people", person), String::new());
        loop {
            let person = person.clone();
            let request = pb::ListConsentsRequest { page_size: 3, page_token, person };
            let page = world.consents().list_consents(with(token, request)).await.unwrap();
            let page = page.into_inner();
            found.extend(page.consents);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

#[tokio::test]
async fn whatever_is_on_file_a_list_is_what_get_shows_to_everybody() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[OTHER]));
    world.people.appoint("aunt", guardian(ANA));
    let excluded_sensitivities = [Sensitivity::Sud].into();
    world.people.appoint("uncle", Appointment { excluded_sensitivities, ..guardian(ANA) });
    let (mut dice, mut names) = (Dice(0x11), Vec::<String>::new());
    for _ in 0..24 {
        let more = on_file(&world, &mut dice, &names).await;
        names.extend(more);
    }
    names.sort();
    let mut callers = COUNTY.map(|agency| world.staff(agency)).to_vec();
    callers.extend(["ana", "ben", "vouched", "nobody's"].map(|sub| world.person(sub)));
    callers.extend(["aunt", "uncle"].map(|sub| world.representative(sub)));
    let mut seen = Vec::new();
    for (caller, token) in callers.iter().enumerate() {
        let mut shown = Vec::new();
        for name in &names {
            match world.get(token, name).await {
                // Only Get tells who has heard of its end.
                Ok(got) => shown.push(pb::Consent { acknowledgements: Vec::new(), ..got }),
                Err(refused) => assert_eq!(refused.code(), Code::NotFound, "{caller}: {refused:?}"),
            }
        }
        assert_eq!(listed(&world, token).await, shown, "caller {caller}");
        seen.push(shown.len());
    }
    // Chance makes enough of both, so that the test is one: of each agency's, and what is kept from who acts.
    let [clinic, housing, probation, other, ana, .., nobody, aunt, uncle] = seen[..] else {
        panic!("{seen:?}")
    };
    for some in [clinic, housing, probation, other] {
        assert!(some > 0 && some < names.len(), "{seen:?}");
    }
    assert!(nobody == 0 && aunt == ana && uncle < aunt, "{seen:?}");
}
