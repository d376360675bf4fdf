//! What is hidden and what never was, for every RPC that reads: one answer byte for byte, after the same time. A smoke
//! that shows what differs by much; `cargo xtask soak --alike N` (`TRELLIS_ALIKE`) takes N timings of each and holds
//! the measure to the band.

mod hidden;
mod table;

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use kernel::{Purpose, Role};
use prost_reflect::DynamicMessage;
use testkit::{ALIKE, Auc};
use tonic::{Code, transport::Channel};
use trellis_tests::{BOUND, Person, Up, World, until};

use crate::{
    alike::all_of,
    bad_input::AT_ONCE,
    callers::Who,
    contract::{Rpc, rpcs},
    matrix::holds_nothing,
    raw,
    scene::Stage,
};
use hidden::Question;
use table::{MEASURED, Row};

/// Timings of each in a smoke.
const SMOKE: usize = 40;
/// Of each RPC, things that are hidden: fewer in a smoke.
const THINGS: [usize; 2] = [1, 8];
/// People who ask about others, in turn: each has a share of fifty calls a second.
const OTHERS: usize = 12;
/// RPCs that are measured side by side: NOT_FOUND leaves on a beat, so that a lane mostly waits.
const LANES: usize = 5;
/// Of these, that there is nothing leaves on the beat at the earliest: they ask what people consent to, and a first
/// question costs a reading more.
const BEAT: Duration = Duration::from_millis(10);
const ON_BEAT: [&str; 7] = [
    "NotesService/ListAmendmentRequests",
    "NotesService/ListNotes",
    "NotesService/ListUnread",
    "NotesService/SearchNotes",
    "PeopleService/FindPerson",
    "PeopleService/ListRepresentatives",
    "ReferralsService/ListReferrals",
];
/// What the machine did by chance does not come back; what the code does, does.
const MEASUREMENTS: usize = 5;

/// A row with all that it takes to ask.
struct Lane<'a> {
    row: &'static Row,
    rpc: Rpc,
    questions: Vec<Question>,
    stage: &'a Stage<'a>,
    others: &'a [Person],
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_every_read_hidden_and_absent_are_equal_and_not_told_apart_by_time() {
    let samples = std::env::var("TRELLIS_ALIKE").ok();
    let samples: Option<usize> =
        samples.map(|text| text.parse().expect("TRELLIS_ALIKE is a number"));
    let things = THINGS[usize::from(samples.is_some())];
    let up = Up::start().await;
    let network = up.network();
    let world = World::new(network).await;
    let stage = Stage::new(network, &world).await;
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(world.person(network).await);
    }
    let channel = raw::connect(network.url("directory")).await;
    let (stage, others, channel) = (&stage, &*others, &channel);
    let (begun, contract) = (Instant::now(), rpcs());
    let lanes = MEASURED.iter().map(|row| {
        let rpc = contract.iter().find(|rpc| rpc.short() == row.rpc).unwrap().clone();
        async move {
            let mut questions = Vec::new();
            for _ in 0..things {
                questions.push(hidden::question(stage, row, &rpc).await);
            }
            let lane = Lane { row, rpc, questions, stage, others };
            lane.is_there(channel).await;
            lane
        }
    });
    let lanes: Vec<Lane<'_>> = futures::stream::iter(lanes).buffered(AT_ONCE).collect().await;
    println!("alike: {} lanes set in {:.1?}", lanes.len(), begun.elapsed());
    let many = samples.unwrap_or(SMOKE);
    // A smoke is told what it can be told: that it lies outside.
    let alike = |told: &Auc| match samples {
        Some(_) => told.lies_in(&ALIKE),
        None => told.reaches(&ALIKE),
    };
    let url = network.url("directory");
    let first = lanes.iter().map(|lane| lane.measure(url, many));
    let mut first = futures::stream::iter(first).buffered(LANES);
    let mut measured = Vec::new();
    while let Some(told) = first.next().await {
        println!("alike: {}: {told}", lanes[measured.len()].title());
        measured.push(vec![told]);
    }
    for (lane, told) in lanes.iter().zip(&mut measured) {
        while told.len() < MEASUREMENTS && !alike(&told[0]) {
            told.push(lane.measure(url, many).await);
        }
    }
    let table = figures(&lanes, &measured, many);
    println!("{table}\nmeasured in {:.0?}", begun.elapsed());
    if let Some(folder) = std::env::var_os("TRELLIS_FIGURES") {
        std::fs::write(std::path::Path::new(&folder).join("alike.md"), table).unwrap();
    }
    let told = lanes.iter().zip(&measured).filter(|(_, told)| !alike(&middle(told)));
    let told: Vec<_> = told.map(|(lane, told)| format!("{}: {told:?}", lane.title())).collect();
    assert!(told.is_empty(), "told apart by time:\n{}", told.join("\n"));
}

/// Of the measurements, the one that neither chance nor luck made.
fn middle(told: &[Auc]) -> Auc {
    let mut told = told.to_vec();
    told.sort_by(|one, other| one.value.total_cmp(&other.value));
    told[told.len() / 2]
}

fn figures(lanes: &[Lane<'_>], measured: &[Vec<Auc>], samples: usize) -> String {
    let mut table = "## Hidden and absent, by time\n\n\
                     | RPC | samples of each | AUC | 95 % interval | measured again |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for (lane, told) in lanes.iter().zip(measured) {
        let Auc { value, low, high } = middle(told);
        let again: Vec<_> = told.iter().skip(1).map(|one| format!("{:.3}", one.value)).collect();
        let (title, again) = (lane.title(), again.join(", "));
        let row = format!("| {title} | {samples} | {value:.3} | {low:.3} to {high:.3} | {again} |");
        writeln!(table, "{row}").unwrap();
    }
    table
}

impl Lane<'_> {
    fn title(&self) -> String {
        match self.row.hidden {
            table::Hidden::Named => self.row.rpc.to_owned(),
            other => format!("{} ({other:?})", self.row.rpc),
        }
    }

    /// A new token: a lane begins later than the first one's ends.
    fn token(&self, who: Who, person: &Person, other: &Person) -> Option<String> {
        let (tokens, agencies) = (&self.stage.network.tokens, &self.stage.world.agencies);
        let (manages, coc) = ([Role::CaseManager], [Purpose::CoordinationOfCare]);
        match who {
            Who::OtherPerson => Some(tokens.person(&other.sub)),
            Who::Person => Some(tokens.person(&person.sub)),
            Who::Unrelated => Some(tokens.staff("cm-fir", &agencies.school, &manages, &coc)),
            Who::Housing => Some(tokens.staff("cm-birch", &agencies.housing, &manages, &coc)),
            who => who.token(self.stage.network, self.stage.world, person, other, &self.rpc),
        }
    }

    /// It is hidden, and not missing: somebody is shown it.
    async fn is_there(&self, channel: &Channel) {
        for question in &self.questions {
            let token = self.token(self.row.sees, &question.person, &self.others[0]);
            until(&format!("{} is there", self.title()), BOUND, || async {
                let asked = vec![question.seen()];
                let answer = raw::call(channel, &self.rpc.path(), token.as_deref(), asked).await;
                answer.is_ok_and(|reply| !holds_nothing(&self.rpc, &reply)).then_some(())
            })
            .await;
        }
    }

    /// The answer is that there is nothing.
    fn is_nothing(&self, answer: &Result<DynamicMessage, String>) {
        let title = self.title();
        match answer {
            Ok(reply) => assert!(!reply.has_field_by_number(1), "{title}: shown: {reply:?}"),
            Err(told) => {
                let not_found = format!("({},", Code::NotFound as i32);
                assert!(told.starts_with(&not_found), "{title}: {told}");
            }
        }
    }

    /// Asks for what is hidden and for what never was, in pairs, in an order that chance makes.
    async fn measure(&self, url: &str, samples: usize) -> Auc {
        let channel = raw::connect(url).await;
        let path = self.rpc.path();
        let person = &self.questions[0].person;
        let tokens = self.others.iter().map(|other| self.token(self.row.asks, person, other));
        let tokens: Vec<_> = tokens.collect();
        let mut times = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
        let mut answer = None;
        for sample in 0..samples {
            let question = &self.questions[sample % self.questions.len()];
            let token = tokens[sample % tokens.len()].as_deref();
            let mut pair = [(0, question.hidden()), (1, question.nothing())];
            if rand::random() {
                pair.reverse();
            }
            for (kind, asked) in pair {
                let begun = Instant::now();
                let told = raw::call(&channel, &path, token, vec![asked]).await;
                let took = begun.elapsed();
                let waits = ON_BEAT.contains(&self.row.rpc);
                assert!(!waits || took >= BEAT, "{}: after {took:?}", self.title());
                times[kind].push(took.as_secs_f64());
                let told = all_of(&self.rpc, &told);
                let first = answer.get_or_insert_with(|| told.clone());
                assert_eq!(*first, told, "{}: sample {sample}", self.title());
            }
        }
        self.is_nothing(&answer.unwrap());
        let [hidden, nothing] = times;
        Auc::of(&hidden, &nothing)
    }
}
