//! Who may sign at which age, and that a pack adds refusals and takes none away.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

use kernel::{
    AgencyId, AgencyStatus, Code as _, CodeSet, Confidentiality, Instant, Sector, Sensitivity,
};
use policy::{
    Agencies, Agency, Consent, ConsentStatus, ConsentType, Disclosers, Effect, Facts, Grantor,
    PersonFacts, Recipients, Record, Relationship, Request, Rule, Signature, Statements, Who,
    capture::{AgeRule, Ages, Context, RulePack, validate},
    decide,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use time::{Duration, macros::datetime};

const NOW: Instant = datetime!(2026-05-04 10:00 UTC);

fn agencies() -> Agencies {
    let one = |id: &str, part2_program| Agency {
        id: AgencyId::new(id),
        status: AgencyStatus::Active,
        sector: Sector::Healthcare,
        covered_entity: true,
        part2_program,
        victim_service_provider: false,
    };
    [one("program", true), one("clinic", false), one("home", false)].into_iter().collect()
}

/// A permit of these sensitivities; none listed: of any. It names no discloser, so it opens no Part 2
/// record.
fn permit(listed: &[Sensitivity]) -> Rule {
    let recipients = Recipients { agencies: vec![AgencyId::new("home")], ..Recipients::default() };
    Rule {
        recipients: Some(recipients),
        purposes: Some([kernel::Purpose::CoordinationOfCare].into()),
        sensitivities: (!listed.is_empty()).then(|| listed.iter().copied().collect()),
        ..Rule::new(Effect::Permit)
    }
}

fn named(discloser: &str, rule: Rule) -> Rule {
    Rule { disclosers: Some(Disclosers { agencies: vec![AgencyId::new(discloser)] }), ..rule }
}

fn grantor(relationship: Relationship) -> Grantor {
    Grantor {
        relationship,
        name: None,
        authority: (relationship != Relationship::SelfSigned).then(|| "file 7".to_owned()),
        alleged_abuser: false,
        agency: None,
    }
}

fn consent(by: Relationship, rule: Rule) -> Consent {
    Consent {
        id: "c1".into(),
        person: "p1".into(),
        kind: ConsentType::General,
        status: ConsentStatus::Active,
        effective: Some(NOW),
        expires: Some(NOW + Duration::days(60)),
        never_expires: false,
        revoked_at: None,
        revocable_after: None,
        grantor: Some(grantor(by)),
        co_grantor: None,
        signature: Some(Signature { method: None, signed_at: Some(NOW) }),
        description: Some("what is needed".to_owned()),
        statements: Statements {
            right_to_revoke: true,
            redisclosure: true,
            refusal_consequences: true,
        },
        supersedes: Vec::new(),
        rule,
        exceptions: Vec::new(),
        person_deceased: false,
    }
}

fn both(consent: Consent, other: Relationship) -> Consent {
    Consent { co_grantor: Some(grantor(other)), ..consent }
}

fn found(
    offered: &Consent,
    on_file: &[Consent],
    rules: &RulePack,
    age: Option<Ages>,
) -> Vec<String> {
    let agencies = agencies();
    validate(offered, &Context { agencies: &agencies, on_file, as_of: NOW, rules, age })
}

fn aged(age: u8) -> Ages {
    Ages { youngest: age, oldest: age }
}

/// The ages of 0 to 30 at which it may be signed: from one, and until before another.
fn ages_that_may(offered: &Consent, rules: &RulePack) -> Vec<(u8, u8)> {
    let mut spans: Vec<(u8, u8)> = Vec::new();
    for age in 0..=30 {
        let refused = found(offered, &[], rules, Some(aged(age)));
        if refused.is_empty() {
            match spans.last_mut() {
                Some(last) if last.1 == age => last.1 = age + 1,
                _ => spans.push((age, age + 1)),
            }
        } else {
            assert_eq!(refused, ["grantor"], "at {age}");
        }
    }
    spans
}

use Relationship::{Guardian, Parent, PersonalRepresentative, SelfSigned};
use Sensitivity::{Bh, EthUd, Hiv, Mh, Sud};

#[test]
fn s164_502_g_a_parent_signs_for_a_minor_and_for_no_adult() {
    let default = RulePack::default();
    assert_eq!(ages_that_may(&consent(Parent, permit(&[Hiv])), &default), [(0, 18)]);
    assert_eq!(ages_that_may(&consent(Guardian, permit(&[Hiv])), &default), [(0, 31)]);
    let refusal = Rule { sensitivities: None, ..Rule::new(Effect::Deny) };
    assert_eq!(ages_that_may(&consent(Parent, refusal.clone()), &default), [(0, 18)]);
    let younger = RulePack { age_of_majority: 16, ..default };
    assert_eq!(ages_that_may(&consent(Parent, refusal), &younger), [(0, 16)]);
}

#[test]
fn s2_14_who_acts_for_a_minor_ends_no_refusal_where_the_minor_signs() {
    let default = RulePack::default();
    let may = |by, rules: &RulePack| -> Vec<u8> {
        [0, 11, 12, 17, 18, 30]
            .into_iter()
            .filter(|a| rules.may_end_refusal(by, aged(*a)))
            .collect()
    };
    assert_eq!(may(SelfSigned, &default), [0, 11, 12, 17, 18, 30]);
    assert_eq!(may(Parent, &default), [0, 11]);
    assert_eq!(may(Guardian, &default), [0, 11, 18, 30]);
    let none = RulePack { minor_signs: Vec::new(), ..default };
    assert_eq!(may(Parent, &none), [0, 11, 12, 17]);
    assert_eq!(may(PersonalRepresentative, &none), [0, 11, 12, 17, 18, 30]);
    let either = Ages { youngest: 11, oldest: 12 };
    assert!(!RulePack::default().may_end_refusal(Parent, either), "every age must permit");
    assert!(!none.may_end_refusal(Parent, Ages { youngest: 17, oldest: 18 }));
    assert!(!none.asks_themself());
    let parents = RulePack { parent_signs: vec![rule(&[Mh], 0, 14)], ..none };
    assert!(parents.asks_themself());
    assert_eq!(may(SelfSigned, &parents), [17, 18, 30], "as one who replaces it");
}

#[test]
fn s2_14_a_from_twelve_on_a_minor_alone_opens_what_is_about_sud() {
    let default = RulePack::default();
    for listed in [&[Sud][..], &[EthUd], &[Bh], &[Hiv, Sud], &[]] {
        assert_eq!(ages_that_may(&consent(Parent, permit(listed)), &default), [(0, 12)]);
        for by in [Guardian, PersonalRepresentative] {
            let spans = ages_that_may(&consent(by, permit(listed)), &default);
            assert_eq!(spans, [(0, 12), (18, 31)], "an adult's guardian is a court's");
        }
        assert_eq!(ages_that_may(&consent(SelfSigned, permit(listed)), &default), [(0, 31)]);
    }
    let with_minor = both(consent(Parent, permit(&[Sud])), SelfSigned);
    assert_eq!(ages_that_may(&with_minor, &default), [(0, 18)]);
}

#[test]
fn s2_14_what_can_open_no_such_record_is_not_asked_about() {
    let default = RulePack::default();
    let spans = |offered: &Consent| ages_that_may(offered, &default);
    let (whole, until_twelve) = ([(0, 18)], [(0, 12)]);
    assert_eq!(spans(&consent(Parent, permit(&[Mh, Hiv]))), whole);
    // A Part 2 record is about SUD, whatever else it is labelled with, and a clinic may hold a copy.
    for discloser in ["program", "clinic"] {
        let mut named = consent(Parent, named(discloser, permit(&[Hiv])));
        assert_eq!(spans(&named), until_twelve);
        named.exceptions =
            vec![Rule { sensitivities: Some([Sud].into()), ..Rule::new(Effect::Deny) }];
        assert_eq!(spans(&named), whole, "without whatever is Part 2");
        named.exceptions[0].sensitivities = Some([EthUd].into());
        assert_eq!(spans(&named), until_twelve);
    }
    let pack = RulePack { minor_signs: vec![rule(&[EthUd], 12, 18)], ..RulePack::default() };
    let of_program = consent(Parent, named("program", permit(&[Hiv])));
    assert_eq!(ages_that_may(&of_program, &pack), until_twelve, "it may be about alcohol");
    // What is sensitive is at least R.
    let low = |codes: &[Confidentiality]| Rule {
        confidentialities: Some(codes.iter().copied().collect()),
        ..permit(&[])
    };
    assert_eq!(spans(&consent(Parent, low(&[Confidentiality::Normal]))), whole);
    let high = low(&[Confidentiality::Normal, Confidentiality::Restricted]);
    assert_eq!(spans(&consent(Parent, high)), until_twelve);
    // An exception without another condition takes it out; one with a condition may not.
    let mut without = consent(Parent, permit(&[]));
    without.exceptions =
        vec![Rule { sensitivities: Some([Sud].into()), ..Rule::new(Effect::Deny) }];
    assert_eq!(spans(&without), whole);
    without.exceptions[0].sensitivities = Some([EthUd].into());
    assert_eq!(spans(&without), until_twelve);
    without.exceptions[0].sensitivities = Some([Bh].into());
    without.exceptions[0].purposes = Some([kernel::Purpose::CoordinationOfCare].into());
    assert_eq!(spans(&without), until_twelve);
    // A permit that stands as an exception opens as well; a refusal opens nothing.
    let mut refusal = consent(Parent, Rule::new(Effect::Deny));
    assert_eq!(spans(&refusal), whole);
    refusal.exceptions = vec![permit(&[Sud])];
    assert_eq!(spans(&refusal), until_twelve);
}

#[test]
fn s2_14_who_ends_a_refusal_must_be_one_who_may_open() {
    let default = RulePack::default();
    let old = |rule| Consent { id: "c0".into(), ..consent(SelfSigned, rule) };
    let over = |by| Consent { supersedes: vec!["c0".into()], ..consent(by, permit(&[Hiv])) };
    let refused = |by, old: Consent| !found(&over(by), &[old], &default, Some(aged(14))).is_empty();
    assert!(refused(Parent, old(Rule::new(Effect::Deny))));
    assert!(!refused(SelfSigned, old(Rule::new(Effect::Deny))));
    assert!(!refused(Parent, old(permit(&[Hiv]))));
}

#[test]
fn vawa_12291_b_2_a_release_of_a_minor_of_twelve_needs_their_own_signature() {
    let default = RulePack::default();
    let release =
        |by, rule| Consent { kind: ConsentType::VictimServicesRelease, ..consent(by, rule) };
    assert_eq!(
        ages_that_may(&release(Parent, named("clinic", permit(&[Hiv]))), &default),
        [(0, 12)]
    );
    assert_eq!(
        ages_that_may(&release(SelfSigned, named("clinic", permit(&[]))), &default),
        [(0, 31)]
    );
    let both = both(release(SelfSigned, named("clinic", permit(&[]))), Parent);
    assert_eq!(ages_that_may(&both, &default), [(0, 18)]);
}

fn rule(sensitivities: &[Sensitivity], from: u8, until: u8) -> AgeRule {
    let sensitivities = sensitivities.iter().copied().collect();
    AgeRule { sensitivities, types: CodeSet::EMPTY, from, until }
}

#[test]
fn s2_14_b_where_a_pack_asks_for_both_neither_signs_alone() {
    let asked = rule(&[Mh], 10, 16);
    let pack =
        RulePack { minor_signs: vec![asked], parent_signs: vec![asked], ..RulePack::default() };
    let about = || permit(&[Mh]);
    assert_eq!(ages_that_may(&consent(SelfSigned, about()), &pack), [(0, 10), (16, 31)]);
    assert_eq!(ages_that_may(&consent(Parent, about()), &pack), [(0, 10), (16, 18)]);
    assert_eq!(ages_that_may(&both(consent(Parent, about()), SelfSigned), &pack), [(0, 18)]);
    assert_eq!(ages_that_may(&both(consent(SelfSigned, about()), Guardian), &pack), [(0, 31)]);
    assert_eq!(ages_that_may(&consent(SelfSigned, permit(&[Hiv])), &pack), [(0, 31)]);
}

#[test]
fn where_a_pack_asks_for_a_parent_a_minor_does_not_sign_alone_and_may_still_refuse() {
    let pack = RulePack { parent_signs: vec![rule(&[Mh], 0, 14)], ..RulePack::default() };
    assert_eq!(ages_that_may(&consent(SelfSigned, permit(&[Mh])), &pack), [(14, 31)]);
    assert_eq!(ages_that_may(&consent(Parent, permit(&[Mh])), &pack), [(0, 18)]);
    assert_eq!(ages_that_may(&consent(SelfSigned, Rule::new(Effect::Deny)), &pack), [(0, 31)]);
}

#[test]
fn of_all_ages_that_they_may_be_of_every_one_must_permit() {
    let default = RulePack::default();
    let refused = |by, listed: &[Sensitivity], youngest, oldest| {
        let ages = Some(Ages { youngest, oldest });
        !found(&consent(by, permit(listed)), &[], &default, ages).is_empty()
    };
    assert!(!refused(Parent, &[Sud], 9, 11));
    assert!(refused(Parent, &[Sud], 11, 12));
    assert!(refused(Parent, &[Hiv], 17, 18));
    assert!(refused(Guardian, &[Sud], 10, 30), "what lies between is not ruled out");
    assert!(refused(Guardian, &[Sud], 17, 18));
    assert!(!refused(Guardian, &[Sud], 18, 19));
    for (by, listed, is) in [
        (Parent, Hiv, true),
        (Guardian, Sud, true),
        (Guardian, Hiv, false),
        (SelfSigned, Sud, false),
    ] {
        assert_eq!(refused(by, &[listed], 0, u8::MAX), is, "of unknown age: {by} {listed}");
    }
    // Nobody was asked: the capture table alone.
    assert_eq!(found(&consent(Parent, permit(&[Sud])), &[], &default, None), [""; 0]);
}

#[test]
fn s2_31_a_8_who_signs_beside_another_must_be_one_who_may_sign() {
    let default = RulePack::default();
    let beside = |by, other: Grantor| {
        let offered = Consent { co_grantor: Some(other), ..consent(by, permit(&[Hiv])) };
        found(&offered, &[], &default, Some(aged(11)))
    };
    assert_eq!(beside(SelfSigned, grantor(Parent)), [""; 0]);
    assert_eq!(beside(Parent, grantor(SelfSigned)), [""; 0]);
    for (by, other) in [
        (SelfSigned, grantor(SelfSigned)),
        (Parent, grantor(Guardian)),
        (SelfSigned, grantor(Relationship::Relative)),
        (SelfSigned, Grantor { authority: None, ..grantor(Parent) }),
        (SelfSigned, Grantor { alleged_abuser: true, ..grantor(Parent) }),
        (SelfSigned, Grantor { agency: Some(AgencyId::new("home")), ..grantor(Parent) }),
    ] {
        assert_eq!(beside(by, other), ["grantor"]);
    }
}

#[test]
fn who_acts_for_the_person_is_known_alone_and_beside_them_in_either_place() {
    let by = |offered: Consent| offered.acting().map(|grantor| grantor.relationship);
    assert_eq!(by(consent(SelfSigned, permit(&[]))), None);
    assert_eq!(by(consent(Guardian, permit(&[]))), Some(Guardian));
    assert_eq!(by(both(consent(SelfSigned, permit(&[])), Parent)), Some(Parent));
    assert_eq!(by(both(consent(Parent, permit(&[])), SelfSigned)), Some(Parent));
    assert_eq!(by(Consent { grantor: None, ..consent(Parent, permit(&[])) }), None);
}

#[test]
fn s2_15_b_the_dead_are_of_no_age() {
    let dead = Consent { person_deceased: true, ..consent(PersonalRepresentative, permit(&[Sud])) };
    assert_eq!(found(&dead, &[], &RulePack::default(), Some(aged(14))), [""; 0]);
}

#[test]
fn vawa_a_release_lasts_no_longer_than_the_shortest_that_a_pack_says() {
    let shorter = RulePack { max_victim_release_days: 30, ..RulePack::default() };
    let joined = RulePack::default().with(shorter);
    for (days, paths) in [(30, &[][..]), (31, &["expires"])] {
        let offered = Consent {
            kind: ConsentType::VictimServicesRelease,
            expires: Some(NOW + Duration::days(days)),
            ..consent(SelfSigned, named("clinic", permit(&[])))
        };
        assert_eq!(found(&offered, &[], &joined, None), paths);
    }
}

fn any_set<T: kernel::Code>() -> impl Strategy<Value = CodeSet<T>> {
    vec(select(T::ALL), 0..3).prop_map(|codes| codes.into_iter().collect())
}

fn any_age_rule() -> impl Strategy<Value = AgeRule> {
    (any_set(), any_set(), 0..26u8, 0..26u8).prop_map(|(sensitivities, types, from, until)| {
        AgeRule { sensitivities, types, from, until }
    })
}

fn any_pack() -> impl Strategy<Value = RulePack> {
    (1..91u16, 0..26u8, vec(any_age_rule(), 0..3), vec(any_age_rule(), 0..3)).prop_map(
        |(max_victim_release_days, age_of_majority, minor_signs, parent_signs)| RulePack {
            max_victim_release_days,
            age_of_majority,
            minor_signs,
            parent_signs,
        },
    )
}

fn any_consent() -> impl Strategy<Value = Consent> {
    let effect = select(Effect::ALL);
    let by = select(Relationship::ALL);
    let listed = option::of(any_set().prop_filter("an empty list", |set| !set.is_empty()));
    (
        by,
        option::weighted(0.3, select(Relationship::ALL)),
        effect,
        listed,
        select(ConsentType::ALL),
        1..100i64,
    )
        .prop_map(|(by, beside, effect, sensitivities, kind, days)| Consent {
            co_grantor: beside.map(grantor),
            kind,
            expires: Some(NOW + Duration::days(days)),
            ..consent(by, named("clinic", Rule { effect, sensitivities, ..permit(&[]) }))
        })
}

#[test]
fn how_old_the_person_is_is_asked_of_nothing_that_lacks_something_else() {
    let offered = Consent { description: None, ..consent(Parent, permit(&[Sud])) };
    assert_eq!(found(&offered, &[], &RulePack::default(), Some(aged(14))), ["description"]);
}

fn any_record() -> impl Strategy<Value = Record> {
    (
        select(vec!["program", "clinic"]),
        any_set(),
        option::of(select(Confidentiality::ALL)),
        any::<bool>(),
    )
        .prop_map(|(custodian, sensitivities, confidentiality, part2)| Record {
            id: "r1".into(),
            person: "p1".into(),
            kind: kernel::Kind::Note,
            class: kernel::Class::General,
            custodian: Some(AgencyId::new(custodian)),
            author: None,
            episode: None,
            authored_on: None,
            confidentiality,
            sensitivities,
            part2,
            victim_service: false,
            release_block: None,
        })
}

/// A permit that may name who discloses, may be limited to confidentialities, and has exceptions.
fn any_permit() -> impl Strategy<Value = Consent> {
    let listed = || option::of(any_set::<Sensitivity>().prop_filter("empty", |s| !s.is_empty()));
    let levels = option::of(any_set().prop_filter("empty", |s: &CodeSet<_>| !s.is_empty()));
    let exception = (listed(), any::<bool>()).prop_map(|(sensitivities, narrow)| Rule {
        sensitivities,
        purposes: narrow.then(|| [kernel::Purpose::Treat].into()),
        ..Rule::new(Effect::Deny)
    });
    (listed(), option::of(select(vec!["program", "clinic"])), levels, vec(exception, 0..3))
        .prop_map(|(sensitivities, discloser, confidentialities, exceptions)| {
            let rule = Rule { sensitivities, confidentialities, ..permit(&[]) };
            let rule = discloser.map_or(rule.clone(), |discloser| named(discloser, rule));
            Consent { exceptions, ..consent(Parent, rule) }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn s2_14_whatever_would_open_the_minors_own_is_not_signed_without_the_minor(
        offered in any_permit(), record in any_record(), at_twelve in any_set::<Sensitivity>(),
    ) {
        let agencies = agencies();
        let mut facts = PersonFacts::new("p1".into());
        facts.consents = vec![offered.clone()];
        let request = Request {
            who: Who::Practitioner {
                agency: AgencyId::new("home"),
                practitioner: "dr-x".into(),
                roles: [kernel::Role::Clinician].into(),
                care_teams: Vec::new(),
            },
            purposes: [kernel::Purpose::CoordinationOfCare].into(),
            action: kernel::Action::Read,
            recipient_agency: None,
        };
        let facts = Facts::new(&agencies, [&facts]);
        let opens = decide(&request, std::slice::from_ref(&record), &facts, NOW).permits();
        let minors = RulePack {
            minor_signs: vec![AgeRule {
                sensitivities: at_twelve, types: CodeSet::EMPTY, from: 12, until: 18,
            }],
            ..RulePack::default()
        };
        let own: CodeSet<Sensitivity> =
            at_twelve.iter().fold(CodeSet::EMPTY, |all, code| all.union(code.and_below()));
        let part2 = record.part2
            || record.custodian == Some(AgencyId::new("program"));
        let theirs = record.sensitivities.intersects(own)
            || (part2 && own.intersects(Sud.and_below()));
        if opens && theirs {
            prop_assert_eq!(found(&offered, &[], &minors, Some(aged(14))), ["grantor"]);
        }
    }

    #[test]
    fn a_pack_takes_no_refusal_away(
        one in any_pack(), other in any_pack(), offered in any_consent(),
        (youngest, more) in (0..26u8, 0..9u8),
    ) {
        let age = Some(Ages { youngest, oldest: youngest + more });
        let joined = one.clone().with(other.clone());
        let refused = |pack: &RulePack| found(&offered, &[], pack, age);
        let all = refused(&joined);
        for pack in [&one, &other] {
            let one = refused(pack);
            prop_assert!(one.is_empty() || !all.is_empty(), "{pack:?}");
            // Of the age nothing is said where there is something else to say.
            let told = |path: &String| path == "grantor" || all.contains(path);
            prop_assert!(one.iter().all(told), "{pack:?}");
        }
        prop_assert_eq!(&all, &refused(&other.with(one)), "in either order");
        prop_assert_eq!(&all, &refused(&joined.clone().with(joined.clone())), "and once or twice");
        let table = found(&offered, &[], &joined, None);
        prop_assert!(table.iter().all(|path| all.contains(path)), "and the capture table stands");
    }
}
