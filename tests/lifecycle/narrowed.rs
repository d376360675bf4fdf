//! What the directory takes away is taken away everywhere when its reply comes: services in separate
//! processes, readers at work all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use kernel::{Purpose, Role};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trellis_tests::{
    Actor, BOUND, CLIENT, Person, Processes, World, request_id, served, terms, until,
};
use uuid::Uuid;
use wire::{
    audit::v1::{GetTreeHeadRequest, ListDisclosuresRequest},
    consent::v1::{ConsentTerms, DraftConsentRequest, GetConsentRequest, Recipients, Rule},
    directory::v1::{
        CareTeam, CreateCareTeamRequest, GetAgencyRequest, Principal, ReinstateAgencyRequest,
        ReinstatePrincipalRequest, SuspendAgencyRequest, SuspendPrincipalRequest, SuspensionReason,
        UpdateCareTeamRequest,
    },
    notes::v1::{GetNoteRequest, ListNotesRequest},
    people::v1::GetPersonRequest,
    recovery::v1::GetPlanRequest,
    referrals::v1::{GetReferralRequest, WatchReferralsRequest},
};

use crate::rounds;

/// What one reader asks of one service, over and over.
#[derive(Debug, Clone, Copy)]
enum Asks {
    Directory,
    People,
    Consents,
    Referrals,
    Note,
    Notes,
    Plan,
    Accounting,
    Heads,
}

/// What staff read, and a person.
const ALL: [Asks; 6] =
    [Asks::Directory, Asks::People, Asks::Consents, Asks::Referrals, Asks::Note, Asks::Notes];
/// What a person reads besides.
const OWN: [Asks; 2] = [Asks::Plan, Asks::Accounting];
/// What staff ask besides whose privacy officer asks: so every service is asked.
const OFFICERS: [Asks; 2] = [Asks::Plan, Asks::Heads];

/// Whom the directory refuses from some moment on.
enum Whom {
    Agency,
    /// For this agency, or for everything.
    Principal(Principal, Option<String>),
}

impl Whom {
    /// Of a reader who is refused.
    fn reason(&self) -> &'static str {
        match self {
            Self::Agency => "AGENCY_SUSPENDED",
            Self::Principal(..) => "PRINCIPAL_SUSPENDED",
        }
    }

    /// What to reinstate.
    async fn suspend(&self, by: &Actor, known: &Known) -> String {
        match self {
            Self::Agency => {
                let suspend = SuspendAgencyRequest {
                    request_id: request_id(),
                    name: known.agency.clone(),
                    reason: "an audit".to_owned(),
                };
                served!(by.directory(), suspend_agency, suspend);
                known.agency.clone()
            }
            Self::Principal(principal, agency) => {
                let suspend = SuspendPrincipalRequest {
                    request_id: request_id(),
                    principal: Some(principal.clone()),
                    agency: agency.clone().unwrap_or_default(),
                    reason: SuspensionReason::Stolen.into(),
                };
                let made = served!(by.directory(), suspend_principal, suspend);
                made.suspension.unwrap().name
            }
        }
    }

    async fn reinstate(&self, by: &Actor, name: String) {
        let request_id = request_id();
        match self {
            Self::Agency => {
                let reinstate = ReinstateAgencyRequest { request_id, name };
                served!(by.directory(), reinstate_agency, reinstate);
            }
            Self::Principal(..) => {
                let reinstate = ReinstatePrincipalRequest { request_id, name };
                served!(by.directory(), reinstate_principal, reinstate);
            }
        }
    }
}

/// About whom they ask.
struct Known {
    agency: String,
    person: Person,
    note: String,
    consent: String,
    referral: String,
}

impl Known {
    async fn new(processes: &Processes, world: &World) -> Arc<Self> {
        let person = world.person(processes.network()).await;
        let consent = world.consent(&person, &world.agencies.housing).await.name;
        Arc::new(Self {
            agency: world.agencies.housing.clone(),
            note: world.note(&person).await.name,
            referral: world.referral(&person, true).await.name,
            consent,
            person,
        })
    }
}

#[derive(Default)]
struct Seen {
    served: AtomicUsize,
    refused: AtomicUsize,
    violations: AtomicUsize,
}

impl Asks {
    async fn ask(self, by: &Actor, known: &Known) -> Result<(), Status> {
        let name = |name: &String| name.clone();
        match self {
            Self::Directory => {
                let asked = GetAgencyRequest { name: name(&known.agency) };
                by.directory().get_agency(asked).await.map(drop)
            }
            Self::People => {
                let asked = GetPersonRequest { name: name(&known.person.name) };
                heard(by.people().get_person(asked).await)
            }
            Self::Consents => {
                let asked = GetConsentRequest { name: name(&known.consent) };
                by.consents().get_consent(asked).await.map(drop)
            }
            Self::Referrals => {
                let asked = GetReferralRequest { name: name(&known.referral) };
                by.referrals().get_referral(asked).await.map(drop)
            }
            Self::Note => {
                let asked = GetNoteRequest { name: name(&known.note), version: 0 };
                by.notes().get_note(asked).await.map(drop)
            }
            Self::Notes => {
                let person = name(&known.person.name);
                let asked = ListNotesRequest { person, ..ListNotesRequest::default() };
                let page = by.notes().list_notes(asked).await?.into_inner();
                let heard = Status::not_found("nothing of theirs");
                if page.notes.is_empty() { Err(heard) } else { Ok(()) }
            }
            Self::Plan => {
                let asked = GetPlanRequest { person: name(&known.person.name) };
                heard(by.recovery().get_plan(asked).await)
            }
            Self::Accounting => {
                let person = name(&known.person.name);
                let asked = ListDisclosuresRequest { person, ..Default::default() };
                by.audit().list_disclosures(asked).await.map(drop)
            }
            Self::Heads => {
                let asked = GetTreeHeadRequest { service: "notes".to_owned() };
                heard(by.audit().get_tree_head(asked).await)
            }
        }
    }
}

/// What is not theirs is not there: but they were heard.
fn heard<T>(answer: Result<T, Status>) -> Result<(), Status> {
    match answer {
        Err(status) if status.code() == Code::NotFound => Ok(()),
        answer => answer.map(drop),
    }
}

fn suspended(status: &Status, reason: &str) -> bool {
    let details = status.get_error_details();
    let told = details.error_info().map(|info| info.reason.as_str());
    status.code() == Code::PermissionDenied && told == Some(reason)
}

/// Asks until told to stop. Whatever begins after the suspension has returned is refused, and by name.
async fn read_on(
    asks: Asks,
    reader: Actor,
    known: Arc<Known>,
    returned: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    seen: Arc<Seen>,
    reason: &'static str,
) {
    while !stop.load(SeqCst) {
        let after = returned.load(SeqCst);
        match asks.ask(&reader, &known).await {
            Ok(()) => {
                seen.served.fetch_add(1, SeqCst);
                if after {
                    seen.violations.fetch_add(1, SeqCst);
                }
            }
            // Shed or too slow on a busy machine: nothing was disclosed.
            Err(status) if matches!(status.code(), Code::ResourceExhausted | Code::Unavailable) => {
            }
            Err(status) => {
                seen.refused.fetch_add(1, SeqCst);
                assert!(!after || suspended(&status, reason), "{asks:?}: {status:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_starts_after_a_suspension_has_returned_is_served_anywhere() {
    let processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let known = Known::new(&processes, &world).await;
    let network = processes.network();
    let (roles, coc) = ([Role::CaseManager, Role::PrivacyOfficer], [Purpose::CoordinationOfCare]);
    let reader = network.actor(network.tokens.staff("cm-birch", &known.agency, &roles, &coc));
    nothing_after_a_suspension(&world, &known, &reader, &Whom::Agency, rounds(6)).await;
}

/// A stolen sign-in of staff, a client that misbehaves, a person's stolen sign-in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_starts_after_a_principal_was_suspended_is_served_anywhere() {
    let processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let known = Known::new(&processes, &world).await;
    let issuer = identity::DEV_ISSUER.to_owned();
    let subject = |subject: &str| Principal {
        issuer: issuer.clone(),
        subject: subject.to_owned(),
        client_id: String::new(),
    };
    let client = Principal { client_id: CLIENT.to_owned(), ..subject("") };
    let (staff, person) = (&world.manager, &known.person.actor);
    for (reader, whom) in [
        (staff, Whom::Principal(subject("cm-birch"), None)),
        (staff, Whom::Principal(client, Some(known.agency.clone()))),
        (person, Whom::Principal(subject(&known.person.sub), None)),
    ] {
        nothing_after_a_suspension(&world, &known, reader, &whom, rounds(2)).await;
    }
    // What is under way ends.
    let watching = staff.without_deadline();
    let request = WatchReferralsRequest { cursor: String::new() };
    let mut steps = watching.referrals().watch_referrals(request).await.unwrap().into_inner();
    steps.message().await.unwrap().unwrap();
    let whom = Whom::Principal(subject("cm-birch"), Some(known.agency.clone()));
    whom.suspend(&world.admin, &known).await;
    let ended = tokio::time::timeout(BOUND, async {
        loop {
            if let Err(status) = steps.message().await {
                return status;
            }
        }
    });
    let status = ended.await.expect("it ends");
    assert!(suspended(&status, whom.reason()), "{status:?}");
}

/// Rounds in which the reader asks every service all the time.
async fn nothing_after_a_suspension(
    world: &World,
    known: &Arc<Known>,
    reader: &Actor,
    whom: &Whom,
    rounds: usize,
) {
    let own: &[Asks] = match whom {
        Whom::Agency => &OFFICERS,
        Whom::Principal(..) if reader.token == known.person.actor.token => &OWN,
        Whom::Principal(..) => &[],
    };
    let all = || ALL.iter().chain(own).copied();
    let seen = Arc::new(Seen::default());
    let mut worst = Duration::ZERO;
    for _ in 0..rounds {
        let (returned, stop) = (Arc::default(), Arc::default());
        let mut readers = tokio::task::JoinSet::new();
        for asks in all().chain(all()) {
            let (known, seen) = (Arc::clone(known), Arc::clone(&seen));
            let (returned, stop) = (Arc::clone(&returned), Arc::clone(&stop));
            let reader = reader.clone();
            readers.spawn(read_on(asks, reader, known, returned, stop, seen, whom.reason()));
        }
        // Everybody is served before, in every service.
        for asks in all() {
            until("it is served", Duration::from_secs(10), || async {
                asks.ask(reader, known).await.ok()
            })
            .await;
        }
        let begun = Instant::now();
        let name = whom.suspend(&world.admin, known).await;
        returned.store(true, SeqCst);
        worst = worst.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(150)).await;
        stop.store(true, SeqCst);
        while let Some(ended) = readers.join_next().await {
            ended.unwrap();
        }
        whom.reinstate(&world.admin, name).await;
    }
    let count = |n: &AtomicUsize| n.load(SeqCst);
    let (served, refused) = (count(&seen.served), count(&seen.refused));
    let reason = whom.reason();
    println!("{reason}: {served} served, {refused} refused, at most {worst:?}");
    assert_eq!(count(&seen.violations), 0, "served after the suspension had returned");
    assert!(
        served >= 8 * rounds && refused >= 8 * rounds,
        "{served} served, {refused} refused: nothing was tested"
    );
    assert!(
        worst >= Duration::from_millis(100),
        "writers under way were not waited for: {worst:?}"
    );
}

/// Of a colleague, and of whoever was taken out: nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_that_names_a_care_team_opens_to_its_members_and_only_while_they_are() {
    let processes = Processes::start().await;
    let network = processes.network();
    let world = World::new(network).await;
    let housing = &world.agencies.housing;
    let person = world.person(network).await;
    let note = world.note(&person).await.name;
    let staff = |sub: &str, role| {
        let purposes = [Purpose::CoordinationOfCare];
        network.actor(network.tokens.staff(sub, housing, &[role], &purposes))
    };
    let (admin, member) = (staff("aa", Role::AgencyAdmin), staff("cm-1", Role::CaseManager));
    let colleague = staff("cm-2", Role::CaseManager);
    let create = CreateCareTeamRequest {
        request_id: request_id(),
        display_name: "Night team".to_owned(),
        members: vec!["cm-1".to_owned()],
    };
    let team = served!(admin.directory(), create_care_team, create).care_team.unwrap();
    let to = |team: &str| {
        let named = terms(&world.agencies.clinic, housing);
        let recipients = Recipients { care_teams: vec![team.to_owned()], ..Recipients::default() };
        let rule = Rule { recipients: Some(recipients), ..named.rule.clone().unwrap() };
        ConsentTerms { rule: Some(rule), ..named }
    };
    let unknown = DraftConsentRequest {
        request_id: request_id(),
        person: person.name.clone(),
        terms: Some(to(&format!("careTeams/{}", Uuid::new_v4()))),
        language: String::new(),
    };
    let refused = world.clinician.consents().draft_consent(unknown).await.unwrap_err();
    let details = refused.get_error_details();
    let fields: Vec<_> = details.bad_request().unwrap().field_violations.iter().collect();
    assert_eq!((fields.len(), &*fields[0].field), (1, "terms.rule.recipients"));
    // The consent service hears of a new team a moment later.
    let draft = until("the team is known", Duration::from_secs(10), || async {
        let draft = DraftConsentRequest {
            request_id: request_id(),
            person: person.name.clone(),
            terms: Some(to(&team.name)),
            language: String::new(),
        };
        world.clinician.consents().draft_consent(draft).await.ok()?.into_inner().consent
    })
    .await;
    world.sign(&person, &draft).await;
    let reads = async |reader: &Actor| {
        let asked = GetNoteRequest { name: note.clone(), version: 0 };
        match reader.notes().get_note(asked).await {
            Ok(_) => true,
            Err(status) => {
                assert_eq!(status.code(), Code::NotFound, "{status:?}");
                false
            }
        }
    };
    assert!(reads(&member).await && !reads(&colleague).await);
    let change = async |team: CareTeam, path: &str| {
        let update = UpdateCareTeamRequest {
            request_id: request_id(),
            etag: team.etag.clone(),
            care_team: Some(team),
            update_mask: Some(prost_types::FieldMask { paths: vec![path.to_owned()] }),
        };
        served!(admin.directory(), update_care_team, update).care_team.unwrap()
    };
    let mut team = team;
    for n in 0..rounds(6) {
        let (members, inside, outside) = match n % 2 {
            0 => ("cm-2", &colleague, &member),
            _ => ("cm-1", &member, &colleague),
        };
        team.members = vec![members.to_owned()];
        team = change(team, "members").await;
        assert!(!reads(outside).await && reads(inside).await, "{n}");
    }
    team.status = wire::directory::v1::CareTeamStatus::Ended.into();
    change(team, "status").await;
    assert!(!reads(&member).await && !reads(&colleague).await);
}
