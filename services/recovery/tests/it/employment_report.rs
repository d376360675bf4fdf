//! Figures without people, against a plain count.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, stream};
use kernel::{Clock as _, Role};
use proptest::prelude::*;
use testkit::fakes::Staff;
use time::{Date, Duration, macros::date};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::recovery::v1 as pb;

use crate::{
    employed::{contact, content, ended, followed, letting_go, marking, placed},
    world::{CLINIC, Client, HOUSING, World},
};

const FROM: Date = date!(2040 - 04 - 01);
const TO: Date = date!(2040 - 07 - 01);

fn admin(world: &World, agency: Uuid) -> Client {
    world.client(&Staff::of(agency, "ada").roles([Role::AgencyAdmin]))
}

async fn report(client: &Client, quarter: &str) -> Result<pb::GetEmploymentReportResponse, Status> {
    let quarter = quarter.to_owned();
    client.get_employment_report(pb::GetEmploymentReportRequest { quarter }).await
}

/// All of them, a few at a time: each waits for a lock of its own and for the ledger's.
async fn all<F: Future>(of: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    stream::iter(of).buffered(4).collect().await
}

fn told(figure: &Option<pb::EmploymentFigure>) -> Option<i64> {
    let figure = figure.as_ref().expect("every figure is there");
    assert!(!figure.withheld || figure.count == 0);
    (!figure.withheld).then_some(figure.count)
}

fn day(world: &World) -> String {
    world.clock.now().date().to_string()
}

/// To noon of this day.
fn go_on(world: &World, to: Date) {
    let noon = to.with_hms(12, 0, 0).unwrap().assume_utc();
    world.clock.advance(noon - world.clock.now());
}

struct Served {
    jane: Client,
    plan: pb::EmploymentPlan,
    kim: Client,
}

async fn served(world: &World, agency: Uuid, sub: &str) -> Served {
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    jane.named(world, &plan, agency, sub).await;
    Served { jane, plan, kim: world.clinician(agency, sub) }
}

#[tokio::test]
async fn an_agency_is_told_its_own_figures_and_nothing_about_fewer_than_eleven() {
    let world = World::new().await;
    // Their 30th day is in the quarter.
    go_on(&world, date!(2040 - 03 - 10));
    let kims = all((0..23).map(|_| served(&world, CLINIC, "kim"))).await;
    all((0..12).map(|_| served(&world, CLINIC, "max"))).await;
    let others = all((0..12).map(|_| served(&world, HOUSING, "kim"))).await;
    go_on(&world, date!(2040 - 03 - 15));
    let today = &day(&world);
    all(kims.iter().map(|one| one.kim.step(&one.plan, contact(today, "Cafe")))).await;
    go_on(&world, date!(2040 - 06 - 10));
    let today = &day(&world);
    let work = async |one: &Served| {
        let job = one.kim.step(&one.plan, placed(today, "Cafe", true)).await.unwrap();
        one.jane.step(&one.plan, followed(today, &job)).await.unwrap();
    };
    all(kims.iter().take(22).map(work)).await;
    all(others.iter().map(work)).await;
    let early = report(&admin(&world, CLINIC), "2040-Q2").await.unwrap_err();
    assert_eq!(early.get_details_bad_request().unwrap().field_violations[0].field, "quarter");
    go_on(&world, date!(2040 - 07 - 02));
    // Since the end of the quarter: no number of it changes.
    kims[0].jane.end_employment_specialist(letting_go(&kims[0].plan)).await.unwrap();
    let officer = world.client(&Staff::of(CLINIC, "pat").roles([Role::PrivacyOfficer]));
    let clinic = report(&officer, "2040-Q2").await.unwrap();
    assert_eq!(clinic, report(&admin(&world, CLINIC), "2040-Q2").await.unwrap());
    let figures = |one: &pb::GetEmploymentReportResponse| {
        [
            told(&one.people),
            told(&one.specialists),
            told(&one.specialists_over_20),
            told(&one.largest_caseload),
            told(&one.contact_within_30_days),
            told(&one.contact_later),
            told(&one.contact_not_yet),
            told(&one.placements_competitive),
            told(&one.placements_other),
            told(&one.working_followed),
            told(&one.working_not_followed),
        ]
    };
    assert_eq!(
        figures(&clinic),
        [35, 2, 1, 23, 23, 0, 12, 22, 0, 22, 0].map(Some),
        "who does not work is many enough"
    );
    assert_eq!((clinic.median_days_to_contact, &*clinic.quarter), (5, "2040-Q2"));
    // The other's are its own.
    let housing = report(&admin(&world, HOUSING), "2040-Q2").await.unwrap();
    assert_eq!(figures(&housing), [12, 1, 0, 12, 0, 0, 12, 12, 0, 12, 0].map(Some));
    // Two more of another specialist would be two by what is left.
    let none = report(&admin(&world, CLINIC), "2039-Q4").await.unwrap();
    assert_eq!(figures(&none), [Some(0); 11]);
    go_on(&world, date!(2040 - 07 - 03));
    all((0..2).map(|_| served(&world, HOUSING, "sue"))).await;
    go_on(&world, date!(2040 - 10 - 02));
    let housing = report(&admin(&world, HOUSING), "2040-Q3").await.unwrap();
    let shown = figures(&housing);
    assert_eq!(shown[..4], [Some(14), None, None, None]);
    // Two were named: without a contact, and not told.
    assert_eq!(shown[6], None);
    for client in [world.clinician(CLINIC, "kim"), kims[0].jane.clone()] {
        let refused = report(&client, "2040-Q2").await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    for odd in ["2040-Q5", "2040", "2040-Q4", "2029-Q4"] {
        let refused = report(&officer, odd).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{odd}");
    }
    let events = world.stage.events().await;
    let asked: Vec<_> = events.iter().filter(|e| e.rpc.ends_with("/GetEmploymentReport")).collect();
    assert!(asked.len() == 5 && asked.iter().all(|e| e.person.is_none() && e.records.is_empty()));
}

#[tokio::test]
async fn who_is_suspended_once_they_were_let_in_is_told_no_figure() {
    let world = World::new().await;
    go_on(&world, date!(2040 - 07 - 02));
    let ada = admin(&world, CLINIC);
    report(&ada, "2040-Q2").await.unwrap();
    world.sign_ins.bindings.after(0, |bindings| bindings.suspend("ada", true));
    let refused = report(&ada, "2040-Q2").await.unwrap_err();
    let reason = refused.get_error_details().error_info().unwrap().reason.clone();
    assert_eq!((refused.code(), &*reason), (Code::PermissionDenied, "PRINCIPAL_SUSPENDED"));
    let events = world.stage.events().await;
    assert_eq!(events.iter().filter(|e| e.rpc.ends_with("/GetEmploymentReport")).count(), 1);
}

/// What is done on one day for one person.
#[derive(Debug, Clone)]
enum Act {
    Name(usize),
    End,
    Contact { own: bool, back: i64, near: bool },
    Place { own: bool, competitive: bool },
    JobEnd,
    Follow { own: bool },
    Mark(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop_oneof![5 => Just(0), 3 => Just(1), 2 => Just(2)].prop_map(Act::Name),
        1 => Just(Act::End),
        4 => (any::<bool>(), 0_i64..6, prop::bool::weighted(0.8))
            .prop_map(|(own, back, near)| Act::Contact { own, back, near }),
        4 => (any::<bool>(), any::<bool>())
            .prop_map(|(own, competitive)| Act::Place { own, competitive }),
        1 => Just(Act::JobEnd),
        3 => any::<bool>().prop_map(|own| Act::Follow { own }),
        1 => (0_usize..6).prop_map(Act::Mark),
    ]
}

/// Days after the first of March, with what is done; the first is that somebody is named.
fn life() -> impl Strategy<Value = Vec<(i64, Act)>> {
    let rest = prop::collection::vec((0_i64..140, act()), 2..9);
    (0_i64..100, prop_oneof![3 => Just(0_usize), 1 => Just(1), 1 => Just(2)], rest).prop_map(
        |(from, who, rest)| {
            let mut all = vec![(from, Act::Name(who))];
            all.extend(rest);
            all.sort_by_key(|(day, _)| *day);
            all
        },
    )
}

const WHO: [(Uuid, &str); 3] = [(CLINIC, "kim"), (CLINIC, "max"), (HOUSING, "sue")];

#[derive(Debug)]
struct Naming {
    who: usize,
    from: Date,
    until: Option<Date>,
}

#[derive(Debug)]
struct Step {
    shown: pb::EmploymentStep,
    kind: i32,
    by: Option<usize>,
    on: Date,
    recorded: Date,
    error: Option<Date>,
    near: bool,
    competitive: bool,
    of: Option<usize>,
}

/// What was done for one person, as it was done.
struct Life {
    jane: Client,
    plan: pb::EmploymentPlan,
    namings: Vec<Naming>,
    steps: Vec<Step>,
}

impl Life {
    fn named(&self) -> Option<usize> {
        self.namings.last().filter(|last| last.until.is_none()).map(|last| last.who)
    }

    fn job(&self) -> Option<usize> {
        let live = |n: &usize| self.steps[*n].kind == 3 && self.steps[*n].error.is_none();
        (0..self.steps.len()).rev().find(live)
    }

    fn has(&self, kind: i32, of: usize) -> bool {
        self.steps.iter().any(|s| s.kind == kind && s.of == Some(of) && s.error.is_none())
    }

    async fn does(&mut self, world: &World, act: &Act) {
        let today = world.clock.now().date();
        match act {
            Act::Name(who) => {
                let (agency, sub) = WHO[*who];
                self.jane.named(world, &self.plan, agency, sub).await;
                if self.named() == Some(*who) {
                    return;
                }
                self.over(today);
                self.namings.push(Naming { who: *who, from: today, until: None });
            }
            Act::End if self.named().is_some() => {
                let end = letting_go(&self.plan);
                self.jane.end_employment_specialist(end).await.unwrap();
                self.over(today);
            }
            Act::Contact { own, back, near } => {
                let on = today - Duration::days(*back);
                let mut said = contact(&on.to_string(), "Cafe");
                said.employer_contact.as_mut().unwrap().face_to_face = *near;
                self.records(world, *own, said, (1, on, *near, false, None)).await;
            }
            Act::Place { own, competitive } => {
                let said = placed(&today.to_string(), "Cafe", *competitive);
                self.records(world, *own, said, (3, today, false, *competitive, None)).await;
            }
            Act::JobEnd => {
                let job = self.job().filter(|job| !self.has(4, *job));
                let Some(job) = job else { return };
                let said = ended(&today.to_string(), &self.steps[job].shown);
                self.records(world, true, said, (4, today, false, false, Some(job))).await;
            }
            Act::Follow { own } => {
                let Some(job) = self.job() else { return };
                let said = followed(&today.to_string(), &self.steps[job].shown);
                self.records(world, *own, said, (5, today, true, false, Some(job))).await;
            }
            Act::Mark(n) => {
                let free = |n: usize| !self.has(4, n) && !self.has(5, n);
                let live = self.steps.get(*n).is_some_and(|step| step.error.is_none());
                if live && free(*n) {
                    let mark = marking(&self.steps[*n].shown);
                    self.jane.mark_employment_step_in_error(mark).await.unwrap();
                    self.steps[*n].error = Some(today);
                }
            }
            Act::End => {}
        }
    }

    fn over(&mut self, today: Date) {
        if let Some(last) = self.namings.last_mut() {
            last.until.get_or_insert(today);
        }
    }

    async fn records(
        &mut self,
        world: &World,
        own: bool,
        said: pb::EmploymentStepContent,
        (kind, on, near, competitive, of): (i32, Date, bool, bool, Option<usize>),
    ) {
        let by = if own { None } else { self.named() };
        if !own && by.is_none() {
            return;
        }
        let client = match by {
            Some(who) => world.clinician(WHO[who].0, WHO[who].1),
            None => self.jane.clone(),
        };
        let shown = client.step(&self.plan, said).await.unwrap();
        let recorded = world.clock.now().date();
        let error = None;
        self.steps.push(Step { shown, kind, by, on, recorded, error, near, competitive, of });
    }
}

/// Times and people of each measure, counted one by one.
fn counted(lives: &[Life], agency: Uuid) -> BTreeMap<&'static str, (i64, i64)> {
    let mut all: BTreeMap<&'static str, (i64, BTreeSet<usize>)> = BTreeMap::new();
    let mut add = |measure, person| {
        let entry = all.entry(measure).or_default();
        entry.0 += 1;
        entry.1.insert(person);
    };
    let mut caseloads: BTreeMap<usize, i64> = BTreeMap::new();
    for (person, life) in lives.iter().enumerate() {
        let steps: Vec<(usize, &Step)> = life
            .steps
            .iter()
            .enumerate()
            .filter(|(_, s)| s.recorded < TO && s.error.is_none_or(|error| error >= TO))
            .collect();
        let own = life.namings.iter().filter(|n| WHO[n.who].0 == agency && n.from < TO);
        let mut seen = BTreeSet::new();
        for naming in own {
            let until = naming.until.filter(|until| *until < TO);
            let theirs = |s: &Step| s.by.is_none_or(|by| by == naming.who);
            let within = |on: Date| on >= naming.from && until.is_none_or(|until| on <= until);
            let due = naming.from + Duration::days(30);
            if due >= FROM && due < TO {
                let contacts = steps.iter().filter(|(_, s)| s.kind == 1 && s.near && theirs(s));
                let first = contacts.map(|(_, s)| s.on).filter(|on| within(*on)).min();
                match first.map(|on| (on - naming.from).whole_days()) {
                    None => add("none", person),
                    Some(0..=30) => add("within", person),
                    Some(_) => add("later", person),
                }
            }
            for (n, step) in &steps {
                let new = step.kind == 3 && step.recorded >= FROM && within(step.on);
                if new && theirs(step) && seen.insert(*n) {
                    add(if step.competitive { "competitive" } else { "other" }, person);
                }
            }
            if until.is_none() {
                *caseloads.entry(naming.who).or_default() += 1;
                let has = |kind, job: usize, since: Option<Date>| {
                    steps.iter().any(|(_, s)| {
                        s.kind == kind
                            && s.of == Some(job)
                            && since.is_none_or(|since| s.on >= since && theirs(s))
                    })
                };
                let jobs: Vec<usize> = steps
                    .iter()
                    .filter(|(n, s)| s.kind == 3 && !has(4, *n, None))
                    .map(|(n, _)| *n)
                    .collect();
                let since = Some(TO - Duration::days(30));
                match jobs.iter().any(|job| has(5, *job, since)) {
                    true => add("followed", person),
                    false if !jobs.is_empty() => add("not followed", person),
                    false => {}
                }
            }
        }
    }
    let mut counts: BTreeMap<_, _> = all
        .into_iter()
        .map(|(measure, (times, people))| (measure, (times, people.len() as i64)))
        .collect();
    let people: i64 = caseloads.values().sum();
    let largest = caseloads.values().max().copied().unwrap_or_default();
    counts.insert("people", (people, people));
    counts.insert("largest", (largest, largest));
    let small: Vec<i64> = caseloads.values().copied().filter(|load| *load <= 10).collect();
    counts.insert("small", (small.len() as i64, small.iter().sum()));
    for load in caseloads.into_values() {
        let entry = counts.entry(if load > 20 { "over" } else { "not over" }).or_default();
        *entry = (entry.0 + 1, entry.1 + load);
    }
    counts
}

async fn is_counted(lives: &[Vec<(i64, Act)>]) {
    let world = World::new().await;
    let mut people = Vec::new();
    for _ in lives {
        let (person, jane) = world.somebody();
        let plan = jane.work(person, content()).await;
        people.push(Life { jane, plan, namings: Vec::new(), steps: Vec::new() });
    }
    for day in 0..140 {
        let acts = |n: usize| lives[n].iter().filter(move |(on, _)| *on == day);
        if (0..lives.len()).any(|n| acts(n).next().is_some()) {
            go_on(&world, date!(2040 - 03 - 01) + Duration::days(day));
        }
        let world = &world;
        all(people.iter_mut().enumerate().map(|(n, life)| async move {
            for (_, act) in acts(n) {
                life.does(world, act).await;
            }
        }))
        .await;
    }
    go_on(&world, date!(2040 - 08 - 01));
    for agency in [CLINIC, HOUSING] {
        let plain = counted(&people, agency);
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT measure, times, people FROM count_employment($1, $2, $3)
             WHERE measure <> 'median'",
        )
        .bind(agency)
        .bind(FROM.midnight().assume_utc())
        .bind(TO.midnight().assume_utc())
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
        let found: BTreeMap<&str, (i64, i64)> =
            rows.iter().map(|(measure, times, people)| (&**measure, (*times, *people))).collect();
        assert_eq!(found, plain, "{agency}");
        let shown = report(&admin(&world, agency), "2040-Q2").await.unwrap();
        let small = |people: i64| people > 0 && people < 11;
        for (measure, figure) in [
            ("people", &shown.people),
            ("over", &shown.specialists_over_20),
            ("largest", &shown.largest_caseload),
            ("within", &shown.contact_within_30_days),
            ("later", &shown.contact_later),
            ("none", &shown.contact_not_yet),
            ("competitive", &shown.placements_competitive),
            ("other", &shown.placements_other),
            ("followed", &shown.working_followed),
            ("not followed", &shown.working_not_followed),
        ] {
            let (times, people) = plain.get(measure).copied().unwrap_or_default();
            let told = told(figure);
            assert!(told.is_none_or(|told| told == times && !small(people)), "{measure}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 0,
        failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_are_those_of_a_plain_count(
        lives in prop::collection::vec(life(), 24..30)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(is_counted(&lives));
    }
}
