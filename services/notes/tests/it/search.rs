//! Search: among what the caller may see, and nothing else.

use std::collections::BTreeSet;

use kernel::{Action, Purpose, Sensitivity};
use policy::Effect;
use prost::Message as _;
use testkit::{
    ALIKE, Auc,
    fakes::{consent, permitting},
};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{self as pb, CreateNoteRequest, NoteSection, SearchNotesRequest},
};

use crate::{
    lists::{Dice, callers, given, note_of},
    world::{CLINIC, COURT, Client, HOUSING, World, amend, create, refusal, section, sign},
};

fn ask(people: &[Uuid], query: &str) -> SearchNotesRequest {
    SearchNotesRequest {
        people: people.iter().map(|person| format!("people/{person}")).collect(),
        query: query.to_owned(),
        ..SearchNotesRequest::default()
    }
}

async fn found(client: &Client, message: SearchNotesRequest) -> Vec<String> {
    let mut names = Vec::new();
    let mut message = message;
    loop {
        let page = client.search(message.clone()).await.unwrap();
        names.extend(page.hits.into_iter().map(|hit| hit.name));
        if page.next_page_token.is_empty() {
            return names;
        }
        message.page_token = page.next_page_token;
    }
}

async fn said(world: &World, person: Uuid, words: &[&str]) -> pb::Note {
    let author = world.clinician(CLINIC, "dr-c");
    let sections = words.iter().map(|words| section("Note", words)).collect();
    let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    world.clock.advance(time::Duration::SECOND);
    author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap()
}

#[tokio::test]
async fn words_are_found_in_their_forms_in_english_and_spanish() {
    let world = World::new().await;
    let person = world.somebody();
    let english = said(&world, person, &["She sleeps well and was housed in May."]).await;
    let spanish = said(&world, person, &["Toma la medicación cada mañana. Busca vivienda."]).await;
    let client = world.clinician(CLINIC, "dr-d");
    for (query, notes) in [
        ("sleep", vec![&english]),
        ("sleeping housed", vec![&english]),
        ("HOUSING", vec![&english]),
        ("medicación", vec![&spanish]),
        ("medicacion", vec![&spanish]),
        ("medicaciones", vec![&spanish]),
        ("MAÑANAS", vec![&spanish]),
        ("viviendas", vec![&spanish]),
        ("\"sleeps well\"", vec![&english]),
        ("\"well sleeps\"", vec![]),
        ("sleep vivienda", vec![]),
        ("sleep or vivienda", vec![&english, &spanish]),
        // A minus is no sign: it would tell of what is not there.
        ("-sleep", vec![&english]),
        ("the", vec![]),
        ("nothing", vec![]),
    ] {
        let names: BTreeSet<String> =
            found(&client, ask(&[person], query)).await.into_iter().collect();
        assert_eq!(names, notes.iter().map(|n| n.name.clone()).collect(), "{query}");
    }
    let reply = client.search(ask(&[person], "medicacion")).await.unwrap();
    let highlight = &reply.hits[0].highlights[0];
    assert_eq!(highlight.title, "Note");
    let place = &highlight.ranges[0];
    let letters: Vec<char> = highlight.text.chars().collect();
    let (start, end) = (usize::try_from(place.start).unwrap(), usize::try_from(place.end).unwrap());
    assert_eq!(letters[start..end].iter().collect::<String>(), "medicación");
    assert!(reply.disclosure.is_some());
    // What it says now, and no more what it said.
    let author = world.clinician(CLINIC, "dr-c");
    author.amend(amend(&english, "Works three days a week.")).await.unwrap();
    assert!(found(&client, ask(&[person], "sleep")).await.is_empty());
    assert_eq!(found(&client, ask(&[person], "working")).await, [english.name]);
}

#[tokio::test]
async fn a_search_narrows_and_its_pages_hold_each_hit_once_in_order() {
    let world = World::new().await;
    let (person, other) = (world.somebody(), world.somebody());
    let mut notes = Vec::new();
    for n in 0..7 {
        let words = if n % 2 == 0 { "garden" } else { "garden garden garden and a garden" };
        notes.push(said(&world, person, &[words]).await);
    }
    let theirs = said(&world, other, &["garden"]).await;
    let client = world.clinician(CLINIC, "dr-d");
    let both = ask(&[person, other], "garden");
    let all = found(&client, both.clone()).await;
    assert_eq!(all.len(), 8);
    let one = found(&client, SearchNotesRequest { page_size: 1, ..both.clone() }).await;
    let three = found(&client, SearchNotesRequest { page_size: 3, ..both.clone() }).await;
    assert_eq!((&one, &three), (&all, &all));
    // The best first, then the newest.
    let better: Vec<String> = [5, 3, 1].map(|n: usize| notes[n].name.clone()).to_vec();
    assert_eq!(all[..3], better);
    assert_eq!(all[3], theirs.name);
    assert_eq!(all[4..], [6, 4, 2, 0].map(|n: usize| notes[n].name.clone()));

    let narrowed = |change: fn(&mut SearchNotesRequest)| {
        let mut message = ask(&[person], "garden");
        change(&mut message);
        message
    };
    let consult = narrowed(|m| m.types = vec![pb::NoteType::Consult.into()]);
    assert!(found(&client, consult).await.is_empty());
    let author = narrowed(|m| m.author = format!("agencies/{CLINIC}/practitioners/dr-c"));
    assert_eq!(found(&client, author).await.len(), 7);
    let nobody = narrowed(|m| m.author = format!("agencies/{CLINIC}/practitioners/dr-x"));
    assert!(found(&client, nobody).await.is_empty());
    let elsewhere = narrowed(|m| m.custodian = format!("agencies/{HOUSING}"));
    assert!(found(&client, elsewhere).await.is_empty());
    let mut period = ask(&[person], "garden");
    period.authored_from = notes[2].authored_time;
    period.authored_until = notes[4].authored_time;
    assert_eq!(found(&client, period).await, [notes[3].name.clone(), notes[2].name.clone()]);

    // A token is of one caller and one question.
    let page = client.search(SearchNotesRequest { page_size: 1, ..both.clone() }).await.unwrap();
    let next = |query: &str| SearchNotesRequest {
        page_token: page.next_page_token.clone(),
        ..ask(&[person, other], query)
    };
    let invalid = (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned());
    assert_eq!(refusal(client.search(next("gardens")).await), invalid);
    assert_eq!(refusal(world.clinician(CLINIC, "dr-e").search(next("garden")).await), invalid);
    for bad in [
        ask(&[], "garden"),
        ask(&[person], " "),
        ask(&[person], &"x".repeat(201)),
        SearchNotesRequest { page_size: 51, ..ask(&[person], "garden") },
        SearchNotesRequest { custodian: "x".to_owned(), ..ask(&[person], "garden") },
    ] {
        assert_eq!(client.search(bad).await.unwrap_err().code(), Code::InvalidArgument);
    }
}

/// To housing all is open but what is HIV; no consent says anything to the court.
async fn half_open(world: &World) -> Uuid {
    let person = world.somebody();
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let mut denied = permitting(CLINIC, HOUSING, [Purpose::Treat], [Action::Read]);
    denied.effect = Effect::Deny;
    denied.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), denied));
    person
}

fn labelled(body: &str, sensitivities: &[i32]) -> NoteSection {
    let labels =
        Labels { confidentiality: 4, sensitivities: sensitivities.to_vec(), ..Labels::default() };
    NoteSection { labels: Some(labels), ..section("", body) }
}

#[tokio::test]
async fn a_hidden_section_is_found_by_nobody_who_does_not_see_it() {
    let world = World::new().await;
    let person = half_open(&world).await;
    let author = world.clinician(CLINIC, "dr-c");
    let sections =
        vec![labelled("A garden in spring.", &[]), labelled("canary garden canary", &[11])];
    let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    let note = author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
    let sections = vec![labelled("A garden in autumn, a garden.", &[])];
    let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    let open = author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
    let housing = world.clinician(HOUSING, "ms-h");
    assert_eq!(found(&author, ask(&[person], "canary")).await, std::slice::from_ref(&note.name));
    assert!(found(&housing, ask(&[person], "canary")).await.is_empty());
    // Words of two sections are in none.
    assert!(found(&author, ask(&[person], "canary spring")).await.is_empty());
    let reply = housing.search(ask(&[person], "garden")).await.unwrap();
    // Its rank is that of what is seen.
    let names: Vec<&str> = reply.hits.iter().map(|hit| &*hit.name).collect();
    assert_eq!(names, [&*open.name, &*note.name]);
    assert!(!String::from_utf8_lossy(&reply.encode_to_vec()).contains("canary"));
    assert!(found(&world.clinician(COURT, "of-c"), ask(&[person], "garden")).await.is_empty());
    assert!(found(&housing, ask(&[Uuid::new_v4()], "garden")).await.is_empty());
    // A draft is its author's.
    let draft = author.draft(person).await;
    assert_eq!(found(&author, ask(&[person], "weekly")).await, [draft.name]);
    assert!(found(&world.clinician(CLINIC, "dr-d"), ask(&[person], "weekly")).await.is_empty());
    assert!(!world.logs.text().contains("canary"));
}

/// What an instance from before the index has written.
#[tokio::test]
async fn a_version_without_an_index_is_found_all_the_same() {
    let world = World::new().await;
    let person = world.somebody();
    let note = said(&world, person, &["Toma la medicación.", "Sleeps well."]).await;
    let sql = "ALTER TABLE note_version DISABLE TRIGGER ALL;
        UPDATE note_version SET words = NULL;
        UPDATE note_version SET confidentialities = NULL, sensitivities = NULL, flags = NULL, hashes = NULL
        WHERE $";
    let client = world.clinician(CLINIC, "dr-d");
    for rows in ["false", "true"] {
        let sql = sql.replace('$', rows);
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut world.admin().await).await.unwrap();
        for query in ["medicacion", "sleeping"] {
            let reply = client.search(ask(&[person], query)).await.unwrap();
            let names: Vec<&str> = reply.hits.iter().map(|hit| &*hit.name).collect();
            assert_eq!(names, [&*note.name], "{query}");
            assert_eq!(reply.hits[0].highlights.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_search_finds_is_what_get_opens_and_has_the_words() {
    let words = ["garden", "river", "window", "bread"];
    let (mut hits, mut hidden) = (0, 0);
    for seed in 11..=13 {
        let mut dice = Dice(seed);
        let world = World::new().await;
        world.consents.agency_with(COURT, |a| a.victim_service_provider = seed % 2 == 0);
        let people: Vec<Uuid> = (0..3).map(|_| world.somebody()).collect();
        let mut notes = Vec::new();
        for person in &people {
            for _ in 0..12 {
                let sections: Vec<NoteSection> = (0..1 + dice.roll(3))
                    .map(|_| {
                        let codes = if dice.roll(2) == 0 {
                            vec![]
                        } else {
                            vec![dice.pick(&[2, 6, 9, 11])]
                        };
                        labelled(&dice.some(&words).join(" "), &codes)
                    })
                    .collect();
                notes.push(note_of(&world, &mut dice, *person, sections).await);
            }
            given(&world, &mut dice, *person);
        }
        for (who, client) in callers(&world, &mut dice, &people).await {
            let mut read = Vec::new();
            for note in &notes {
                let open = client.get(note).await.map(|reply| reply.note.unwrap().sections);
                read.push((note, open.unwrap_or_default()));
            }
            for word in words {
                let size = i32::try_from(1 + dice.roll(5)).unwrap();
                let message = SearchNotesRequest { page_size: size, ..ask(&people, word) };
                let names = found(&client, message).await;
                let once: BTreeSet<&str> = names.iter().map(|name| &**name).collect();
                assert_eq!(once.len(), names.len(), "none twice");
                let mut expected = BTreeSet::new();
                for (note, open) in &read {
                    let whole = note.sections.iter().any(|s| s.body.contains(word));
                    let open = open.iter().any(|s| s.body.contains(word));
                    if open {
                        expected.insert(&*note.name);
                    }
                    hits += usize::from(open);
                    hidden += usize::from(whole && !open);
                }
                assert_eq!(once, expected, "seed {seed}: {who}: {word}");
            }
        }
    }
    assert!(hits > 300 && hidden > 300, "{hits} {hidden}");
}

/// A word of hidden sections alone, and one of nobody's. `cargo xtask soak --alike N` (`TRELLIS_ALIKE`) takes N timings
/// of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_hits_only_what_is_hidden_takes_as_long_as_one_that_hits_nothing() {
    const SAMPLES: usize = 1_000;
    const SIDE_BY_SIDE: usize = 4;
    let samples = std::env::var("TRELLIS_ALIKE").ok();
    let samples: Option<usize> =
        samples.map(|text| text.parse().expect("TRELLIS_ALIKE is a number"));
    let each = samples.unwrap_or(SAMPLES).div_ceil(SIDE_BY_SIDE);
    let world = World::new().await;
    let person = half_open(&world).await;
    let author = world.clinician(CLINIC, "dr-c");
    for n in 0..40 {
        let hidden = format!("Secretly {} {n}.", "canary and more of it ".repeat(20));
        let sections = vec![
            labelled(&format!("A garden in spring, {n} beds."), &[]),
            labelled(&hidden, &[11]),
        ];
        let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
        author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap();
    }
    let housing = world.clinician(HOUSING, "ms-h");
    let time = async |query: &str, hits: usize| {
        let message = ask(&[person], query);
        let start = std::time::Instant::now();
        let found = housing.search(message).await.unwrap().hits.len();
        let taken = start.elapsed().as_secs_f64();
        assert_eq!(found, hits, "{query}");
        taken
    };
    let asking = async |seed: u64| {
        let (mut pairs, mut dice) = (Vec::new(), Dice(seed));
        for n in 0..each + 20 {
            // By turns, in an order that says nothing.
            let pair = if dice.roll(2) == 0 {
                let one = time("canary", 0).await;
                (one, time("kanari", 0).await)
            } else {
                let other = time("kanari", 0).await;
                (time("canary", 0).await, other)
            };
            if n >= 20 {
                pairs.push(pair);
            }
        }
        pairs
    };
    // Side by side: they mostly wait for their beat.
    let (one, two, three, four) = tokio::join!(asking(5), asking(6), asking(7), asking(8));
    let pairs: [_; SIDE_BY_SIDE] = [one, two, three, four];
    let pairs = pairs.concat();
    let (hidden, nothing): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let told = Auc::of(&hidden, &nothing);
    println!("alike: SearchNotes, what is hidden: {told}, {} of each", hidden.len());
    // So few are told what they can be told: that it lies outside.
    let alike = if samples.is_some() { told.lies_in(&ALIKE) } else { told.reaches(&ALIKE) };
    assert!(alike, "{told}");
}
