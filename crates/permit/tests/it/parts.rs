//! Records whose parts are labelled on their own.

use kernel::{Action, Confidentiality, Kind, PersonId, Purpose, Sensitivity};
use ledger::Outcome;
use permit::{Ask, Located, ReadNotes, Refusal, Sight, WriteNotes};
use policy::{Effect, Record};
use testkit::fakes::{consent, permitting};
use uuid::Uuid;

use crate::world::{CLINIC, GET, HOUSING, WRITE, World};

/// Housing reads and writes what the clinic holds, but what is HIV or violence.
fn let_in(world: &World, person: Uuid) {
    world.consent(person, [Action::Read, Action::Write]);
    let both = [Action::Read, Action::Write];
    let mut denied = permitting(CLINIC, HOUSING, [Purpose::Treat], both);
    denied.effect = Effect::Deny;
    denied.sensitivities = Some([Sensitivity::Hiv, Sensitivity::Vio].into());
    world.consents.give(consent(person, Uuid::new_v4(), denied));
}

fn labelled(record: &Record, codes: &[Sensitivity]) -> Record {
    let confidentiality = Some(Confidentiality::Normal);
    Record { confidentiality, sensitivities: codes.iter().copied().collect(), ..record.clone() }
}

const OPEN: &[Sensitivity] = &[];
const MH: &[Sensitivity] = &[Sensitivity::Mh];
const HIV: &[Sensitivity] = &[Sensitivity::Hiv];
const VIO: &[Sensitivity] = &[Sensitivity::Sdv];

struct Case {
    whole: &'static [Sensitivity],
    parts: Vec<&'static [Sensitivity]>,
    /// Of each part, and last of the whole; none: nothing of it is opened.
    sights: Option<Vec<Sight>>,
}

fn cases() -> Vec<Case> {
    use Sight::{Absent, Open, Withheld};
    let case = |whole, parts, sights| Case { whole, parts, sights };
    vec![
        case(OPEN, vec![], Some(vec![Open])),
        case(HIV, vec![], None),
        case(OPEN, vec![OPEN], Some(vec![Open, Open])),
        case(MH, vec![OPEN, MH], Some(vec![Open, Open, Open])),
        case(HIV, vec![OPEN, HIV], Some(vec![Open, Withheld, Withheld])),
        case(VIO, vec![VIO, OPEN], Some(vec![Absent, Open, Absent])),
        // What it was once is no part of it any more.
        case(HIV, vec![OPEN], Some(vec![Open, Withheld])),
        // All of its parts are hidden, whatever the whole of it is.
        case(OPEN, vec![HIV, VIO], None),
    ]
}

#[tokio::test]
async fn a_record_in_parts_is_whole_where_all_of_it_is_open_and_there_where_a_part_is() {
    let world = World::new().await;
    let call = world.housing(GET).await;
    for Case { whole, parts, sights } in cases() {
        let person = Uuid::new_v4();
        let_in(&world, person);
        let record = labelled(&world.note(person), whole);
        let parts: Vec<Record> = parts.into_iter().map(|codes| labelled(&record, codes)).collect();
        let id = record.id.uuid().unwrap();
        let all = sights.as_ref().is_some_and(|s| s.iter().all(|sight| *sight == Sight::Open));

        let deferred = world.guard.defer::<ReadNotes>(&call).await.unwrap();
        let sealed = || deferred.seal_parts(id, Some((record.clone(), parts.clone(), "words")));
        let read = world.guard.release_parts(sealed()).await.map(|(_, sights, _)| sights);
        assert_eq!(read, sights.clone().ok_or(Refusal::NotFound));
        let read = world.guard.release(sealed()).await.map(|(words, _)| words);
        assert_eq!(read.is_ok(), all, "{whole:?}");

        let ask = || Ask::<ReadNotes>::people(vec![PersonId::from(person)]);
        let permit = world.guard.permit(&call, ask()).await.unwrap();
        let page = || permit.seal_parts([(record.clone(), parts.clone(), "words")]);
        let (read, _) = world.guard.release_page_parts(page()).await.unwrap();
        assert_eq!(read.into_iter().map(|(_, sights)| sights).next(), sights);
        let (read, _) = world.guard.release_page(page()).await.unwrap();
        assert_eq!(read.len(), usize::from(all), "{whole:?}");
        // On record once, however many parts were opened.
        let events = world.stage.events().await;
        let told =
            events.iter().filter(|e| e.person == Some(person) && e.outcome == Outcome::Permit);
        assert!(told.clone().all(|e| e.records.len() <= 1));
        let named = told.filter(|e| e.records == [id]).count();
        assert_eq!(named, 2 * usize::from(sights.is_some()) + 2 * usize::from(all), "{whole:?}");
    }
}

#[tokio::test]
async fn who_sees_a_part_writes_nothing_and_reads_nothing_whole() {
    let world = World::new().await;
    for Case { whole, parts, sights } in cases() {
        let person = Uuid::new_v4();
        let_in(&world, person);
        let record = labelled(&world.note(person), whole);
        let id = record.id.uuid().unwrap();
        let parts = parts.into_iter().map(|codes| labelled(&record, codes)).collect::<Vec<_>>();
        let located = || Located::of(Kind::Note, id, Some(record.clone())).in_parts(parts.clone());
        let (write, read) = (world.housing(WRITE).await, world.housing(GET).await);
        let write = world.guard.permit(&write, Ask::<WriteNotes>::about(located())).await;
        let read = world.guard.permit(&read, Ask::<ReadNotes>::about(located())).await;
        let refused = match sights {
            Some(sights) if sights.iter().all(|sight| *sight == Sight::Open) => None,
            Some(_) => Some(Refusal::ActionNotPermitted),
            None => Some(Refusal::NotFound),
        };
        assert_eq!(write.err(), refused, "{whole:?}");
        assert_eq!(read.err(), refused.map(|_| Refusal::NotFound), "{whole:?}");
    }
}
