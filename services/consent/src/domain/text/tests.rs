use std::collections::BTreeSet;

use kernel::{
    Action, AgencyId, Class, Code, CodeSet, Confidentiality, Instant, Kind, Purpose, Sensitivity,
};
use policy::{
    Consent, ConsentType, Disclosers, Effect, Grantor, RecipientClass, Recipients, Relationship,
    Rule, Signature,
};
use serde_json::json;
use time::macros::datetime;

use super::{Language, Names, Voice, reading_level, write};

pub(in crate::domain) struct Called;

impl Names for Called {
    fn agency(&self, id: &AgencyId) -> String {
        match id.as_str() {
            "clinic" => "Riverside Clinic".to_owned(),
            "housing" => "Harbor Housing".to_owned(),
            other => other.to_owned(),
        }
    }
}

pub(in crate::domain) fn consent(effect: &str) -> Consent {
    serde_json::from_value(json!({
        "id": "c1",
        "person": "p",
        "type": "GENERAL",
        "status": "DRAFT",
        "expires": "2026-12-01T00:00:00Z",
        "description": "My stay and how it goes.",
        "statements": { "right_to_revoke": true },
        "rule": {
            "effect": effect,
            "recipients": { "agencies": ["housing"], "practitioners": ["clinic/dr-a"] },
            "disclosers": { "agencies": ["clinic"] },
            "purposes": ["COC", "HOUSING_PLACEMENT"],
        },
    }))
    .unwrap()
}

#[test]
fn a_language_is_known_by_its_primary_subtag() {
    for (tag, language) in [
        ("en", Some(Language::English)),
        ("EN-us", Some(Language::English)),
        ("es", Some(Language::Spanish)),
        ("es-MX", Some(Language::Spanish)),
        ("est", None),
        ("fr", None),
        ("", None),
        ("-en", None),
    ] {
        assert_eq!(Language::from_tag(tag), language, "{tag}");
    }
    for language in Language::ALL {
        assert_eq!(Language::from_tag(language.tag()), Some(*language));
    }
}

/// Every code of a list, and its word in a language.
fn worded<C: Code>(word: impl Fn(C) -> &'static str) -> Vec<(&'static str, &'static str)> {
    C::ALL.iter().map(|code| (code.code(), word(*code))).collect()
}

#[test]
fn every_code_has_words_of_its_own_in_every_language_and_voice() {
    for (language, voice) in spoken() {
        let words = language.catalogue(voice);
        let lists = [
            worded(|code: ConsentType| words.title(code, Effect::Permit)),
            worded(|code: Purpose| words.purpose(code)),
            worded(|code: Action| words.action(code)),
            worded(|code: Kind| words.kind(code)),
            worded(|code: Class| words.class(code)),
            worded(|code: Confidentiality| words.confidentiality(code)),
            worded(|code: Sensitivity| words.sensitivity(code)),
        ];
        for list in lists {
            for (code, word) in &list {
                assert!(!word.trim().is_empty(), "{language:?} {code}");
                assert!(!word.eq_ignore_ascii_case(code), "{language:?} {code}");
            }
            let different: BTreeSet<_> = list.iter().map(|(_, word)| word).collect();
            assert_eq!(different.len(), list.len(), "{language:?} {list:?}");
        }
    }
}

fn spoken() -> impl Iterator<Item = (Language, Voice)> {
    Language::ALL.iter().flat_map(|l| [Voice::Own, Voice::Acting].map(|voice| (*l, voice)))
}

/// The same consent, given by somebody who acts for the person.
pub(super) fn by(relationship: Relationship, consent: &Consent) -> Consent {
    let grantor = Grantor {
        relationship,
        name: None,
        authority: Some("representatives/0199a000-0000-7000-8000-000000000a01".to_owned()),
        alleged_abuser: false,
        agency: None,
    };
    Consent { grantor: Some(grantor), ..consent.clone() }
}

#[test]
fn who_acts_for_the_person_says_nothing_as_if_it_were_about_themself() {
    let theirs: [(Language, &[&str]); 2] = [
        (
            Language::English,
            &[
                "my records",
                "my provider",
                "my own",
                "my profile",
                "my circle",
                "my family",
                "my support",
                "my treating",
                "for me ",
                "against me",
                "reach me",
                "that i signed",
                "that i have signed",
                "what i asked",
                "i revoke",
            ],
        ),
        (
            Language::Spanish,
            &[
                "mis ",
                " mi propio",
                " mi perfil",
                "mi red",
                "mi familia",
                "mi círculo",
                "por mí",
                "en mi contra",
                "conmigo",
                "que firmé",
                "yo haya",
                "que yo pida",
                "lo que pedí",
                "yo revoque",
            ],
        ),
    ];
    let mut digits = Digits(13);
    for _ in 0..500 {
        let (draft, old) = (digits.consent(), digits.consent());
        let acting = by(Relationship::Guardian, &draft);
        for (language, words) in &theirs {
            let text = write(*language, &acting, &[&old], &Called).to_lowercase();
            let said: Vec<_> = words.iter().filter(|word| text.contains(**word)).collect();
            assert!(said.is_empty(), "{said:?}\n{text}");
        }
    }
}

#[test]
fn where_both_sign_the_text_says_so_in_the_words_of_who_acts() {
    let own = consent("PERMIT");
    let acting = by(Relationship::Parent, &own);
    let themself = by(Relationship::SelfSigned, &own).grantor;
    let both = Consent { co_grantor: themself.clone(), ..acting.clone() };
    let turned = Consent { grantor: themself, co_grantor: acting.grantor.clone(), ..own };
    for (language, says) in [
        (Language::English, "This person signs it with me."),
        (Language::Spanish, "Esta persona lo firma conmigo."),
    ] {
        let text = write(language, &both, &[], &Called);
        assert_eq!(text, write(language, &turned, &[], &Called), "whoever is named first");
        assert!(text.contains(says), "{text}");
        assert_eq!(
            text.replacen(&format!(" {says}"), "", 1),
            write(language, &acting, &[], &Called)
        );
    }
}

#[test]
fn a_text_names_the_authority_on_record_and_nobody_whom_a_paper_names() {
    let mut acting = by(Relationship::Parent, &consent("PERMIT"));
    for language in Language::ALL {
        let text = write(*language, &acting, &[], &Called);
        assert!(text.contains("representatives/0199a000-0000-7000-8000-000000000a01."), "{text}");
    }
    for named in ["Order of Maria Gonzalez\n\nI allow all.", "representatives/Maria Gonzalez"] {
        let grantor = acting.grantor.as_mut().unwrap();
        (grantor.name, grantor.authority) = (Some("Maria Gonzalez".into()), Some(named.into()));
        for language in Language::ALL {
            let text = write(*language, &acting, &[], &Called);
            assert!(!text.contains("Maria") && !text.contains("I allow all"), "{text}");
        }
    }
}

/// A number's digits decide what a generated consent says, one condition each.
pub(in crate::domain) struct Digits(pub u64);

impl Digits {
    fn next(&mut self, of: u64) -> u64 {
        // Knuth's multiplier, so that neighbours differ in every digit.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % of
    }
    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.next(2) == 0).then(|| make(self))
    }
    fn codes<C: Code>(&mut self) -> CodeSet<C> {
        C::ALL.iter().copied().filter(|_| self.next(3) == 0).collect()
    }
    fn names<T: for<'a> From<&'a str>>(&mut self, all: &[&str]) -> Vec<T> {
        all.iter().filter(|_| self.next(2) == 0).map(|name| T::from(name)).collect()
    }
    fn instant(&mut self) -> Instant {
        datetime!(2026-05-04 10:00 UTC) + time::Duration::hours(self.next(9000) as i64)
    }

    fn rule(&mut self, effect: Effect) -> Rule {
        let mut rule = Rule::new(effect);
        rule.recipients = self.maybe(|d| Recipients {
            agencies: d.names(&["clinic", "housing"]),
            practitioners: d.names(&["clinic/dr-a", "odd"]),
            care_teams: d.names(&["t1"]),
            class: d.maybe(|_| RecipientClass::Tpo),
        });
        rule.disclosers = self.maybe(|d| Disclosers { agencies: d.names(&["clinic", "housing"]) });
        rule.purposes = self.maybe(Self::codes);
        rule.actions = self.maybe(Self::codes);
        rule.kinds = self.maybe(Self::codes);
        rule.classes = self.maybe(Self::codes);
        rule.confidentialities = self.maybe(Self::codes);
        rule.sensitivities = self.maybe(Self::codes);
        rule.authors = self.maybe(|d| d.names(&["clinic/dr-a", "housing/o"]));
        rule.episodes = self.maybe(|d| d.names(&["e1", "e2"]));
        rule.records = self.maybe(|d| d.names(&["r1", "r2"]));
        rule.authored_from = self.maybe(Self::instant);
        rule.authored_until = self.maybe(Self::instant);
        rule
    }

    pub(in crate::domain) fn consent(&mut self) -> Consent {
        let (effect, reversed) = match self.next(2) {
            0 => (Effect::Permit, Effect::Deny),
            _ => (Effect::Deny, Effect::Permit),
        };
        let mut made = consent("PERMIT");
        made.kind = ConsentType::ALL[self.next(ConsentType::ALL.len() as u64) as usize];
        made.rule = self.rule(effect);
        made.exceptions = (0..self.next(3)).map(|_| self.rule(reversed)).collect();
        made.effective = self.maybe(Self::instant);
        made.expires = self.maybe(Self::instant);
        made.revocable_after = self.maybe(Self::instant);
        made.description = self.maybe(|_| "What I say.".to_owned());
        made.statements.right_to_revoke = self.next(2) == 0;
        made.statements.redisclosure = self.next(2) == 0;
        made.statements.refusal_consequences = self.next(2) == 0;
        made.signature = self.maybe(|d| Signature { method: None, signed_at: Some(d.instant()) });
        made
    }
}

/// What a text is made of, whatever the language: the lines of each paragraph, and the parts of
/// each line.
fn shape(text: &str) -> Vec<Vec<(bool, usize)>> {
    let line = |line: &str| (line.starts_with("- "), line.matches("; ").count());
    text.split("\n\n").map(|paragraph| paragraph.lines().map(line).collect()).collect()
}

#[test]
fn all_languages_say_the_same_things() {
    let mut digits = Digits(7);
    for _ in 0..2000 {
        let (own, old) = (digits.consent(), digits.consent());
        for draft in [by(Relationship::Guardian, &own), own] {
            let english = write(Language::English, &draft, &[&old], &Called);
            for language in Language::ALL {
                let text = write(*language, &draft, &[&old], &Called);
                assert_eq!(shape(&text), shape(&english), "{text}\n{english}");
                assert!(*language == Language::English || text != english);
            }
        }
    }
}

/// What networks use most, with all statements made.
fn typical() -> Vec<Consent> {
    let with = |kind: ConsentType, effect: &str, purposes: &[Purpose]| {
        let mut made = consent(effect);
        made.kind = kind;
        made.statements.redisclosure = true;
        made.statements.refusal_consequences = true;
        made.rule.purposes = Some(purposes.iter().copied().collect());
        made.description = None;
        made
    };
    use Purpose::{
        CareManagement, CoordinationOfCare, HealthcareOperations, HealthcarePayment, Treat,
    };
    let general = with(ConsentType::General, "PERMIT", &[Treat, CoordinationOfCare]);
    let all = [Treat, CoordinationOfCare, CareManagement, HealthcarePayment, HealthcareOperations];
    let mut tpo = with(ConsentType::Tpo, "PERMIT", &all);
    let class = Some(RecipientClass::Tpo);
    (tpo.rule.recipients, tpo.expires) =
        (Some(Recipients { class, ..Recipients::default() }), None);
    let mut justice = with(ConsentType::CriminalJustice, "PERMIT", &[Purpose::Supervision]);
    justice.revocable_after = justice.expires;
    justice.rule.sensitivities = Some([Sensitivity::Sud].into());
    let mut refusal = with(ConsentType::General, "DENY", &[Treat]);
    refusal.rule.purposes = None;
    refusal.rule.sensitivities = Some([Sensitivity::Bh, Sensitivity::Hiv].into());
    let mut excepted = general.clone();
    excepted.exceptions = vec![refusal.rule.clone()];
    let own = vec![general, tpo, justice, refusal, excepted];
    let acting = own.iter().map(|consent| by(Relationship::PersonalRepresentative, consent));
    acting.collect::<Vec<_>>().into_iter().chain(own).collect()
}

#[test]
fn typical_consents_ask_for_no_more_than_nine_grades_of_school() {
    let all = typical();
    for language in Language::ALL {
        for draft in &all {
            for superseded in [vec![], vec![&all[0], &all[3]]] {
                let grade = reading_level(*language, draft, &superseded);
                assert!((1.0..=9.0).contains(&grade), "{language:?} {:?} {grade}", draft.kind);
            }
        }
    }
}

#[test]
fn names_and_ids_make_no_text_harder() {
    struct Long;
    impl Names for Long {
        fn agency(&self, _: &AgencyId) -> String {
            "Interdenominational Rehabilitation Administration".to_owned()
        }
    }
    let draft = consent("PERMIT");
    let shown = write(Language::English, &draft, &[], &Long);
    let level = reading_level(Language::English, &draft, &[]);
    assert!(super::grade(Language::English, &shown) > level + 1.0);
    let mut other = draft.clone();
    other.rule.recipients = Some(Recipients {
        agencies: vec!["a-cooperative".into()],
        practitioners: vec!["clinic/maximiliana".into()],
        ..Recipients::default()
    });
    assert_eq!(reading_level(Language::English, &other, &[]), level);
}
