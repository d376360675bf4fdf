//! Generated worlds: a few agencies, two persons, whatever may be on file about them, and one
//! request. Conditions are absent more often than not and values come from small pools, so that
//! permits and refusals really meet.

use kernel::{
    Action, AgencyId, AgencyStatus, CareTeamId, Class, Code, CodeSet, Confidentiality, ConsentId,
    EpisodeId, Instant, Kind, PersonId, PractitionerId, Purpose, RecordId, Role, Sector,
    Sensitivity, Subject,
};
use policy::{
    Agencies, Agency, Consent, ConsentStatus, ConsentType, CourtOrder, Disclosers, Effect,
    EmergencyAccess, PersonFacts, RecipientClass, Recipients, Record, ReleaseBlock, Representative,
    Request, Restriction, RestrictionReason, RestrictionStatus, Rule, Share, Statements, Who,
};
use proptest::{collection::vec, option::weighted, prelude::*, sample::subsequence};

#[derive(Debug)]
pub struct World {
    pub agencies: Agencies,
    pub persons: Vec<PersonFacts>,
    pub request: Request,
    pub records: Vec<Record>,
    pub as_of: Instant,
}

/// The instant of every request; the pool of instants lies around it.
pub const NOW: Instant = time::macros::datetime!(2024-06-15 12:00 UTC);

const KNOWN: [&str; 5] = ["clinic", "sud", "refuge", "plan", "court"];

fn pick<T: Clone + std::fmt::Debug + 'static>(from: &[T]) -> BoxedStrategy<T> {
    prop::sample::select(from.to_vec()).boxed()
}

fn day() -> impl Strategy<Value = Instant> {
    (-3i64..=3).prop_map(|days| NOW + time::Duration::days(days))
}

fn past() -> impl Strategy<Value = Option<Instant>> {
    prop_oneof![
        8 => (0i64..=3).prop_map(|d| Some(NOW - time::Duration::days(d))),
        1 => day().prop_map(Some),
        1 => Just(None),
    ]
}

fn future() -> impl Strategy<Value = Option<Instant>> {
    prop_oneof![
        8 => (1i64..=3).prop_map(|d| Some(NOW + time::Duration::days(d))),
        1 => day().prop_map(Some),
        1 => Just(None),
    ]
}

/// A condition over codes: mostly absent, seldom an empty list.
fn codes<T: Code + Send + Sync>(
    percent: f64,
    most: usize,
) -> impl Strategy<Value = Option<CodeSet<T>>> {
    let some = prop_oneof![
        400 => subsequence(T::ALL, 1..=most).prop_map(|codes| codes.into_iter().collect()),
        1 => Just(CodeSet::EMPTY),
    ];
    weighted(percent, some)
}

fn ids<T: Clone + std::fmt::Debug + 'static>(
    percent: f64,
    pool: &[&'static str],
    make: fn(&'static str) -> T,
) -> impl Strategy<Value = Option<Vec<T>>> {
    let some = prop_oneof![
        400 => subsequence(pool.to_vec(), 1..=pool.len()),
        1 => Just(Vec::new()),
    ];
    weighted(percent, some.prop_map(move |ids| ids.into_iter().map(make).collect()))
}

fn recipients() -> BoxedStrategy<Recipients> {
    (
        prop_oneof![12 => subsequence(KNOWN.to_vec(), 2..=5), 1 => Just(Vec::new())],
        subsequence(vec!["clinic/dr-a", "court/dr-a", "clinic/dr-b"], 0..=2),
        subsequence(vec!["team-1", "team-2"], 0..=1),
        weighted(0.3, Just(RecipientClass::Tpo)),
    )
        .prop_map(|(agencies, practitioners, teams, class)| Recipients {
            agencies: agencies.into_iter().map(AgencyId::new).collect(),
            practitioners: practitioners.into_iter().map(PractitionerId::new).collect(),
            care_teams: teams.into_iter().map(CareTeamId::new).collect(),
            class,
        })
        .boxed()
}

fn purposes(percent: f64) -> BoxedStrategy<Option<CodeSet<Purpose>>> {
    let pool = [
        Purpose::Treat,
        Purpose::CoordinationOfCare,
        Purpose::HealthcarePayment,
        Purpose::LegalProceeding,
        Purpose::HealthcareResearch,
    ];
    let some = prop_oneof![
        300 => subsequence(pool.to_vec(), 2..=5).prop_map(|codes| codes.into_iter().collect()),
        1 => Just(CodeSet::EMPTY),
    ];
    weighted(percent, some).boxed()
}

fn rule(effect: Effect) -> BoxedStrategy<Rule> {
    let whom = (
        weighted(0.6, recipients()),
        weighted(0.6, subsequence(KNOWN.to_vec(), 3..=5)),
        purposes(0.6),
        codes::<Action>(0.15, 4),
    );
    let what = (
        codes::<Kind>(0.1, 5),
        codes::<Class>(0.1, 2),
        codes::<Confidentiality>(0.1, 6),
        codes::<Sensitivity>(0.2, 6),
    );
    let which = (
        ids(0.06, &["auth", "dr-a"], PractitionerId::new),
        ids(0.06, &["e1", "e2"], EpisodeId::new),
        ids(0.06, &["r0", "r1", "r2", "r3", "r4", "r5"], RecordId::new),
        weighted(0.1, day()),
        weighted(0.1, day()),
    );
    (whom, what, which)
        .prop_map(move |(whom, what, which)| Rule {
            effect,
            recipients: whom.0,
            disclosers: whom
                .1
                .map(|ids| Disclosers { agencies: ids.into_iter().map(AgencyId::new).collect() }),
            purposes: whom.2,
            actions: whom.3,
            kinds: what.0,
            classes: what.1,
            confidentialities: what.2,
            sensitivities: what.3,
            authors: which.0,
            episodes: which.1,
            records: which.2,
            authored_from: which.3,
            authored_until: which.4,
            exceptions: Vec::new(),
        })
        .boxed()
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![12 => Just(Effect::Permit), 1 => Just(Effect::Deny)]
}

fn consent(person: &'static str, id: &'static str) -> BoxedStrategy<Consent> {
    let kind = prop_oneof![
        9 => Just(ConsentType::General),
        1 => Just(ConsentType::Tpo),
        1 => Just(ConsentType::CounselingNotes),
        1 => Just(ConsentType::CriminalJustice),
        1 => Just(ConsentType::Proceedings),
        1 => Just(ConsentType::VictimServicesRelease),
    ];
    let status = prop_oneof![
        8 => Just(ConsentStatus::Active),
        1 => Just(ConsentStatus::Revoked),
        1 => pick(&[ConsentStatus::Draft, ConsentStatus::Inactive]),
    ];
    let rules = effect().prop_flat_map(|root| {
        let reversed = if root == Effect::Permit { Effect::Deny } else { Effect::Permit };
        let exception = prop_oneof![9 => Just(reversed), 1 => Just(root)].prop_flat_map(rule);
        (rule(root), vec(exception, 0..2))
    });
    let dates = (past(), future(), any::<bool>(), weighted(0.9, day()), weighted(0.5, day()));
    let older: Vec<&str> = ["c0", "c1", "c2", "c3"].into_iter().filter(|o| *o < id).collect();
    let supersedes = prop_oneof![
        12 => Just(Vec::new()),
        3 => subsequence(older.clone(), 0..=older.len()),
        // Seldom a newer one: a circle may come of it.
        1 => subsequence(vec!["c0", "c1", "c2", "c3"], 0..=2),
    ];
    (kind, status, rules, dates, supersedes)
        .prop_map(move |(kind, status, rules, dates, older)| Consent {
            id: ConsentId::new(id),
            person: PersonId::new(person),
            kind,
            status,
            effective: dates.0,
            expires: dates.1,
            never_expires: dates.2,
            revoked_at: dates.3,
            revocable_after: dates.4,
            grantor: None,
            co_grantor: None,
            signature: None,
            description: None,
            statements: Statements::default(),
            supersedes: older.into_iter().map(ConsentId::new).collect(),
            rule: rules.0,
            exceptions: rules.1,
            person_deceased: false,
        })
        .boxed()
}

fn restriction(person: &'static str) -> BoxedStrategy<Restriction> {
    (
        pick(RestrictionStatus::ALL),
        weighted(0.7, pick(RestrictionReason::ALL)),
        weighted(0.6, recipients()),
        purposes(0.4),
        weighted(0.5, pick(&KNOWN)),
        ids(0.3, &["r0", "r1", "r2"], RecordId::new),
        ids(0.3, &["e1", "e2"], EpisodeId::new),
    )
        .prop_map(move |(status, reason, recipients, purposes, custodian, records, episodes)| {
            Restriction {
                id: ConsentId::new("restriction"),
                person: PersonId::new(person),
                status,
                reason,
                recipients,
                purposes,
                custodian: custodian.map(AgencyId::new),
                records,
                episodes,
            }
        })
        .boxed()
}

fn told() -> impl Strategy<Value = Option<String>> {
    prop_oneof![12 => Just(Some("told".to_owned())), 1 => Just(None), 1 => Just(Some(" ".to_owned()))]
}

fn emergency(person: &'static str) -> BoxedStrategy<EmergencyAccess> {
    (
        pick(&["clinic", "clinic", "clinic", "clinic", "sud", "sud", "refuge"]),
        told(),
        told(),
        told(),
        told(),
        past(),
        future(),
    )
        .prop_map(move |(agency, name, affiliation, nature, unobtainable, granted_at, expires)| {
            EmergencyAccess {
                id: ConsentId::new("emergency"),
                person: PersonId::new(person),
                agency: AgencyId::new(agency),
                practitioner: PractitionerId::new("dr-a"),
                recipient_name: name,
                recipient_affiliation: affiliation,
                nature,
                consent_unobtainable: unobtainable,
                granted_at,
                expires,
            }
        })
        .boxed()
}

fn court_order(person: &'static str) -> BoxedStrategy<CourtOrder> {
    let records = subsequence(vec!["r0", "r1", "r2", "r3", "r4", "r5"], 3..=6);
    (
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.9),
        pick(&KNOWN),
        records,
        told(),
        past(),
        future(),
    )
        .prop_map(move |(order, subpoena, custodian, records, accepted_by, issued_at, expires)| {
            CourtOrder {
                id: ConsentId::new("order"),
                person: PersonId::new(person),
                court: None,
                section: None,
                order,
                subpoena,
                recipient_agency: AgencyId::new("court"),
                custodian: AgencyId::new(custodian),
                records: records.into_iter().map(RecordId::new).collect(),
                issued_at,
                expires,
                accepted_by,
            }
        })
        .boxed()
}

fn facts(person: &'static str) -> BoxedStrategy<PersonFacts> {
    let consents = (
        consent(person, "c0"),
        consent(person, "c1"),
        consent(person, "c2"),
        consent(person, "c3"),
        subsequence(vec![0usize, 1, 2, 3], 2..=4),
    );
    let represented = (weighted(0.2, day()), weighted(0.5, day()), codes::<Sensitivity>(0.4, 3));
    let representatives = vec(represented, 0..3);
    let shares = vec((pick(&["r0", "r1", "r2"]), pick(&["sister", "clinic/dr-a"]), future()), 0..7);
    (
        consents,
        vec(restriction(person), 0..2),
        vec(emergency(person), 0..3),
        vec(court_order(person), 0..3),
        representatives,
        shares,
    )
        .prop_map(
            move |(consents, restrictions, emergency_accesses, court_orders, reps, shares)| {
                let mut all = PersonFacts::new(PersonId::new(person));
                let of_each = [consents.0, consents.1, consents.2, consents.3];
                all.consents =
                    consents.4.into_iter().filter_map(|i| of_each.get(i).cloned()).collect();
                all.restrictions = restrictions;
                all.emergency_accesses = emergency_accesses;
                all.court_orders = court_orders;
                all.representatives = reps
                    .into_iter()
                    .map(|(from, until, excluded)| Representative {
                        subject: Subject::new("aunt"),
                        person: PersonId::new(person),
                        relationship: None,
                        from,
                        until,
                        excluded_sensitivities: excluded.unwrap_or_default(),
                    })
                    .collect();
                all.shares = shares
                    .into_iter()
                    .map(|(record, grantee, until)| Share {
                        id: ConsentId::new("share"),
                        person: PersonId::new(person),
                        record: RecordId::new(record),
                        grantee: grantee.to_owned(),
                        until,
                    })
                    .collect();
                all
            },
        )
        .boxed()
}

fn record(index: usize) -> BoxedStrategy<Record> {
    let kind = prop_oneof![7 => Just(Kind::Note), 3 => Just(Kind::Referral), 2 => Just(Kind::Profile),
        1 => Just(Kind::PlanSection), 1 => Just(Kind::Support)];
    let custodian = prop_oneof![40 => pick(&["clinic", "clinic", "sud", "sud", "plan", "plan", "court", "court", "refuge"]), 1 => Just("gone")];
    let held = prop_oneof![60 => Just(true), 1 => Just(false)];
    let class = prop_oneof![8 => Just(Class::General), 1 => Just(Class::CounselingNote)];
    let labels = (weighted(0.7, pick(Confidentiality::ALL)), subsequence(Sensitivity::ALL, 0..=2));
    let flags = (prop::bool::weighted(0.12), prop::bool::weighted(0.05));
    let block = weighted(0.2, weighted(0.8, day()));
    let made = (
        weighted(0.5, pick(&["auth", "dr-a"])),
        weighted(0.6, pick(&["e1", "e2"])),
        weighted(0.8, day()),
    );
    (
        kind,
        custodian,
        held,
        class,
        labels,
        flags,
        block,
        made,
        pick(&["p1", "p1", "p1", "p1", "p1", "p1", "p1", "p1", "p1", "p1", "p2", "p2", "p3"]),
    )
        .prop_map(move |(kind, custodian, held, class, labels, flags, block, made, person)| {
            let own = matches!(kind, Kind::PlanSection | Kind::Support);
            Record {
                id: RecordId::new(format!("r{index}")),
                person: PersonId::new(person),
                kind,
                class,
                // Mostly as it should be: held where it is an agency's, and not where it is not.
                custodian: (held != own).then(|| AgencyId::new(custodian)),
                author: made.0.map(PractitionerId::new),
                episode: made.1.map(EpisodeId::new),
                authored_on: made.2,
                confidentiality: labels.0,
                sensitivities: labels.1.into_iter().collect(),
                part2: flags.0,
                victim_service: flags.1,
                release_block: block.map(|until| ReleaseBlock {
                    reason: None,
                    decided_by: None,
                    until,
                }),
            }
        })
        .boxed()
}

fn who() -> BoxedStrategy<Who> {
    let roles = prop_oneof![4 => Just(vec![Role::Clinician]), 4 => Just(vec![Role::Medical]),
        1 => Just(vec![Role::Prosecutor])];
    let confirmed = weighted(0.3, subsequence(KNOWN.to_vec(), 0..=3))
        .prop_map(|ids| ids.map(|ids| ids.into_iter().map(AgencyId::new).collect::<Vec<_>>()));
    let agency = prop_oneof![
        40 => pick(&["clinic", "clinic", "clinic", "sud", "refuge", "plan", "court", "court"]),
        1 => Just("gone"),
    ];
    let teams = subsequence(vec!["team-1", "team-2"], 0..=2);
    let staff =
        (agency, pick(&["dr-a", "dr-b"]), roles, teams).prop_map(|(agency, name, roles, teams)| {
            Who::Practitioner {
                agency: AgencyId::new(agency),
                practitioner: PractitionerId::new(name),
                roles: roles.into_iter().collect(),
                care_teams: teams.into_iter().map(CareTeamId::new).collect(),
            }
        });
    prop_oneof![
        20 => staff,
        1 => confirmed.clone().prop_map(|confirmed_by| Who::Person { person: PersonId::new("p1"), confirmed_by }),
        1 => confirmed.prop_map(|confirmed_by| Who::Representative { subject: Subject::new("aunt"), confirmed_by }),
        1 => Just(Who::Supporter { subject: Subject::new("sister") }),
    ]
        .boxed()
}

fn request() -> BoxedStrategy<Request> {
    let any = prop_oneof![
        10 => pick(&[Purpose::Treat, Purpose::CoordinationOfCare, Purpose::HealthcarePayment])
            .prop_map(|p| CodeSet::EMPTY.with(p)),
        2 => Just([Purpose::LegalProceeding].into()),
        1 => Just([Purpose::Treat, Purpose::HealthcareResearch].into()),
        1 => Just([Purpose::EmergencyTreat].into()),
    ];
    let any = prop_oneof![40 => any, 1 => Just(CodeSet::EMPTY)].boxed();
    let action =
        prop_oneof![14 => Just(Action::Read), 1 => Just(Action::Write), 2 => Just(Action::Refer)];
    let sent_to =
        prop_oneof![40 => pick(&KNOWN).prop_map(Some), 1 => Just(Some("gone")), 1 => Just(None)];
    // A court asks as a court does, more often than not.
    let legal = prop_oneof![3 => Just([Purpose::LegalProceeding].into()), 1 => any.clone()].boxed();
    let asking = who().prop_flat_map(move |who| {
        let is_court =
            matches!(&who, Who::Practitioner { agency, .. } if agency.as_str() == "court");
        (Just(who), if is_court { legal.clone() } else { any.clone() })
    });
    (asking, action, sent_to)
        .prop_map(|((who, purposes), action, sent_to)| Request {
            who,
            purposes,
            action,
            recipient_agency: sent_to.map(AgencyId::new),
        })
        .boxed()
}

/// The directory: all active, or seldom one of them suspended.
fn agencies(suspended: Option<&'static str>) -> Agencies {
    let sector = |id| match id {
        "plan" => Sector::HealthPlan,
        "court" => Sector::Justice,
        _ => Sector::Healthcare,
    };
    KNOWN
        .into_iter()
        .map(|id| Agency {
            id: AgencyId::new(id),
            status: if suspended == Some(id) {
                AgencyStatus::Suspended
            } else {
                AgencyStatus::Active
            },
            sector: sector(id),
            covered_entity: matches!(id, "clinic" | "sud" | "plan"),
            part2_program: id == "sud",
            victim_service_provider: id == "refuge",
        })
        .collect()
}

pub fn world() -> BoxedStrategy<World> {
    let records = (record(0), record(1), record(2), record(3), record(4), record(5));
    (weighted(0.03, pick(&KNOWN)), facts("p1"), facts("p2"), request(), records)
        .prop_map(|(suspended, p1, p2, request, records)| World {
            agencies: agencies(suspended),
            // Nothing is on file about p3.
            persons: vec![p2, p1],
            request,
            records: vec![records.0, records.1, records.2, records.3, records.4, records.5],
            as_of: NOW,
        })
        .boxed()
}
