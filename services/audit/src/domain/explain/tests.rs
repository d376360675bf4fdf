use kernel::{Code, CodeSet};

use super::*;

const HARBOR: Uuid = Uuid::from_u128(0xa1);
const HEARTH: Uuid = Uuid::from_u128(0xb2);
const OTHER: Uuid = Uuid::from_u128(0xc3);

fn name(agency: Uuid) -> String {
    match agency {
        HARBOR => "Harbor Clinic".to_owned(),
        HEARTH => "Hearth Housing".to_owned(),
        other => format!("agencies/{other}"),
    }
}

fn read() -> Disclosure {
    Disclosure {
        service: "notes".into(),
        sequence: 1,
        event_id: Uuid::from_u128(1),
        at: time::macros::datetime!(2026-03-03 23:30 -05:00),
        decision_id: Uuid::from_u128(2),
        caller: CallerKind::Staff,
        agency: Some(HEARTH),
        recipient: None,
        subject: "kim".into(),
        roles: [kernel::Role::CaseManager].into(),
        purposes: [Purpose::Treat].into(),
        rpc: "trellis.notes.v1.NotesService/GetNote".into(),
        action: Action::Read,
        records: vec![Uuid::from_u128(3)],
        kinds: [Kind::Note].into(),
        custodians: vec![HARBOR],
        bases: vec![Basis::Consent],
        consents: vec![Uuid::from_u128(4)],
        obligations: vec![],
    }
}

fn told(disclosure: &Disclosure) -> String {
    explain(disclosure, &name)
}

#[test]
fn a_read_under_consent_names_reader_holder_purpose_and_consent() {
    assert_eq!(
        told(&read()),
        "On 4 March 2026 the agency Hearth Housing read 1 note held by Harbor Clinic for \
         treatment, under your consent consents/00000000-0000-0000-0000-000000000004."
    );
}

#[test]
fn several_of_everything_are_counted_and_joined() {
    let several = Disclosure {
        records: vec![Uuid::from_u128(3), Uuid::from_u128(5), Uuid::from_u128(6)],
        custodians: vec![HARBOR, OTHER],
        purposes: [Purpose::Treat, Purpose::CoordinationOfCare, Purpose::HousingPlacement].into(),
        consents: vec![Uuid::from_u128(4), Uuid::from_u128(7)],
        obligations: vec![Obligation::Part2Notice, Obligation::ConsentCopy],
        ..read()
    };
    assert_eq!(
        told(&several),
        "On 4 March 2026 the agency Hearth Housing read 3 notes held by Harbor Clinic and \
         agencies/00000000-0000-0000-0000-0000000000c3 for treatment, coordination of care and \
         finding housing, under your consents consents/00000000-0000-0000-0000-000000000004 and \
         consents/00000000-0000-0000-0000-000000000007. With it went the notice that federal law \
         protects these records and a copy of your consent."
    );
}

#[test]
fn a_referral_that_was_sent_names_both_sides() {
    let sent = Disclosure {
        service: "referrals".into(),
        agency: Some(HARBOR),
        recipient: Some(HEARTH),
        action: Action::Refer,
        kinds: [Kind::Referral].into(),
        purposes: [Purpose::CoordinationOfCare].into(),
        ..read()
    };
    assert_eq!(
        told(&sent),
        "On 4 March 2026 the agency Harbor Clinic sent 1 referral that it holds to the agency \
         Hearth Housing for coordination of care, under your consent \
         consents/00000000-0000-0000-0000-000000000004."
    );
}

#[test]
fn a_custodians_own_work_is_said_to_be_on_what_it_holds() {
    let own = Disclosure {
        agency: Some(HARBOR),
        action: Action::Write,
        bases: vec![Basis::Custodian],
        consents: vec![],
        ..read()
    };
    assert_eq!(
        told(&own),
        "On 4 March 2026 the agency Harbor Clinic wrote 1 note that it holds for treatment."
    );
}

#[test]
fn a_list_of_own_and_others_records_says_both_grounds_and_names_no_consent() {
    let mixed = Disclosure {
        records: vec![Uuid::from_u128(3), Uuid::from_u128(5)],
        custodians: vec![HARBOR, HEARTH],
        bases: vec![Basis::Custodian, Basis::Consent],
        ..read()
    };
    assert_eq!(
        told(&mixed),
        "On 4 March 2026 the agency Hearth Housing read 2 notes held by Harbor Clinic and Hearth \
         Housing for treatment, as an agency that holds some of it and under your consent."
    );
}

#[test]
fn the_persons_own_reading_is_theirs() {
    let own = Disclosure {
        caller: CallerKind::Person,
        agency: None,
        purposes: [Purpose::PatientRequest].into(),
        bases: vec![Basis::SelfAccess],
        consents: vec![],
        ..read()
    };
    assert_eq!(
        told(&own),
        "On 4 March 2026 you read 1 note held by Harbor Clinic for a request of yours."
    );
    let accounting = Disclosure {
        service: "audit".into(),
        records: vec![],
        kinds: CodeSet::EMPTY,
        custodians: vec![],
        ..own
    };
    assert_eq!(
        told(&accounting),
        "On 4 March 2026 you read this accounting for a request of yours."
    );
}

#[test]
fn a_consent_read_by_an_agency_that_it_names_is_said_to_be_so() {
    let named = Disclosure {
        service: "consent".into(),
        kinds: CodeSet::EMPTY,
        custodians: vec![],
        bases: vec![Basis::NamedInConsent],
        consents: vec![],
        ..read()
    };
    assert_eq!(
        told(&named),
        "On 4 March 2026 the agency Hearth Housing read 1 of your consents for treatment, as an \
         agency named there."
    );
}

#[test]
fn who_is_told_by_a_stream_is_not_said_to_be_named_there() {
    let told_of = |rpc: &str| Disclosure {
        service: "consent".into(),
        rpc: format!("trellis.consent.v1.ConsentService/{rpc}"),
        kinds: CodeSet::EMPTY,
        purposes: CodeSet::EMPTY,
        custodians: vec![],
        bases: vec![Basis::NamedInConsent],
        consents: vec![],
        ..read()
    };
    assert_eq!(
        told(&told_of("WatchConsents")),
        "On 4 March 2026 the agency Hearth Housing was told of 1 of your consents."
    );
    assert_eq!(
        told(&told_of("WatchEmergencies")),
        "On 4 March 2026 the agency Hearth Housing was told of 1 emergency access."
    );
}

#[test]
fn a_notice_follows_from_what_others_did() {
    let notice = Disclosure {
        service: "people".into(),
        rpc: "trellis.people/Notify".into(),
        caller: CallerKind::Service,
        agency: None,
        action: Action::Transition,
        kinds: [Kind::Profile].into(),
        purposes: CodeSet::EMPTY,
        custodians: vec![],
        bases: vec![Basis::Network],
        consents: vec![],
        ..read()
    };
    assert_eq!(told(&notice), "On 4 March 2026 the network itself wrote 1 notice to you.");
    let sent = Disclosure { rpc: "trellis.people/DeliverNotice".into(), ..notice };
    let expected =
        "On 4 March 2026 the network itself tried to send word to 1 place where you are told.";
    assert_eq!(told(&sent), expected);
}

#[test]
fn what_the_contract_has_a_word_for_is_called_by_it() {
    let prepared = Disclosure {
        service: "consent".into(),
        rpc: "trellis.consent.v1.ConsentService/DraftConsent".into(),
        action: Action::Write,
        kinds: CodeSet::EMPTY,
        custodians: vec![],
        bases: vec![Basis::NamedInConsent],
        consents: vec![],
        ..read()
    };
    assert_eq!(
        told(&prepared),
        "On 4 March 2026 the agency Hearth Housing prepared 1 of your consents for treatment."
    );
    let accepted = Disclosure {
        service: "referrals".into(),
        rpc: "trellis.referrals.v1.ReferralsService/AcceptReferral".into(),
        action: Action::Transition,
        kinds: [Kind::Referral].into(),
        purposes: [Purpose::HousingPlacement].into(),
        ..read()
    };
    assert_eq!(
        told(&accepted),
        "On 4 March 2026 the agency Hearth Housing accepted 1 referral held by Harbor Clinic for \
         finding housing, under your consent consents/00000000-0000-0000-0000-000000000004."
    );
}

#[test]
fn what_the_network_does_is_said_to_follow_from_the_persons_decision() {
    let held = Disclosure {
        service: "referrals".into(),
        rpc: "referrals.hold".into(),
        caller: CallerKind::Service,
        agency: None,
        purposes: CodeSet::EMPTY,
        action: Action::Transition,
        kinds: [Kind::Referral].into(),
        custodians: vec![],
        bases: vec![Basis::Network],
        consents: vec![],
        ..read()
    };
    assert_eq!(
        told(&held),
        "On 4 March 2026 the network itself changed the state of 1 referral, in consequence of a \
         decision of yours."
    );
}

#[test]
fn an_emergency_says_what_follows_from_it() {
    let emergency = Disclosure {
        purposes: [Purpose::EmergencyTreat].into(),
        bases: vec![Basis::Emergency],
        obligations: vec![
            Obligation::Part2Notice,
            Obligation::EmergencyReview,
            Obligation::NoFurtherDisclosure,
        ],
        ..read()
    };
    assert_eq!(
        told(&emergency),
        "On 4 March 2026 the agency Hearth Housing read 1 note held by Harbor Clinic for emergency \
         treatment, in a medical emergency. With it went the notice that federal law protects these \
         records. A privacy officer must review it. It may not be passed on."
    );
}

#[test]
fn every_code_has_words_of_its_own() {
    let mut words: Vec<&str> = Purpose::ALL.iter().copied().map(purpose).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Purpose::ALL.len());
    for caller in CallerKind::ALL {
        for action in Action::ALL {
            for basis in Basis::ALL {
                let text = told(&Disclosure {
                    caller: *caller,
                    action: *action,
                    bases: vec![*basis],
                    ..read()
                });
                let codes = [caller.code(), action.code(), basis.code()];
                assert!(codes.iter().all(|code| !text.contains(code)), "{text}");
                assert!(text.starts_with("On 4 March 2026 ") && text.ends_with('.'), "{text}");
            }
        }
    }
}

#[test]
fn a_crisis_is_ended_by_the_person_and_others_ask_for_it() {
    let own = Disclosure {
        caller: CallerKind::Person,
        agency: None,
        purposes: [Purpose::PatientRequest].into(),
        rpc: "trellis.recovery.v1.RecoveryService/DeactivateCrisisPlan".into(),
        service: "recovery".into(),
        kinds: CodeSet::EMPTY,
        custodians: vec![],
        action: Action::Write,
        bases: vec![Basis::SelfAccess],
        consents: vec![],
        ..read()
    };
    assert!(told(&own).contains("you ended your crisis plan"), "{}", told(&own));
    let theirs = Disclosure { caller: CallerKind::Supporter, bases: vec![Basis::Support], ..own };
    assert!(told(&theirs).contains("asked to end your crisis plan"), "{}", told(&theirs));
}

#[test]
fn a_statement_is_written_of_their_own_or_about_a_note_and_a_note_is_read_for_it() {
    let own = Disclosure {
        caller: CallerKind::Person,
        agency: None,
        purposes: [Purpose::PatientRequest].into(),
        rpc: "trellis.notes.v1.NotesService/AddStatement".into(),
        action: Action::Write,
        bases: vec![Basis::SelfAccess],
        consents: vec![],
        ..read()
    };
    assert_eq!(
        told(&own),
        "On 4 March 2026 you wrote a statement held by Harbor Clinic for a request of yours."
    );
    // A repeat of the request is answered anew: the note, or the one beside which it stands, was read.
    let again = Disclosure { action: Action::Read, ..own.clone() };
    let beside = Disclosure { custodians: vec![], kinds: CodeSet::EMPTY, ..own };
    assert_eq!(
        told(&beside),
        "On 4 March 2026 you wrote a statement about 1 note for a request of yours."
    );
    assert_eq!(
        told(&again),
        "On 4 March 2026 you read 1 note held by Harbor Clinic for a request of yours."
    );
}
