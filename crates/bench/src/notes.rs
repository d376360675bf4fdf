//! What a search of notes costs: SearchNotes over a socket, with a token, under each person's consent, of a tenth of
//! the notes and then of all; and whether its time tells of what is hidden.

mod report;
mod serving;

use std::time::Instant;

use anyhow::{Context as _, ensure};
use pg::{Embedded, ServiceSchema, embedded};
use secrecy::ExposeSecret as _;
use uuid::Uuid;
use wire::notes::v1::{SearchNotesRequest, notes_service_client::NotesServiceClient};

use crate::{
    prepare::authorized,
    search::Taken,
    store::notes,
    world::{CLINIC, Keys},
};
use report::{Report, auc};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A short run, to see that it works; its figures say nothing
    #[arg(long)]
    smoke: bool,
    /// Notes of the larger collection, of people with fifty each
    #[arg(long, default_value_t = 1_000_000)]
    notes: usize,
    /// Timed calls of each search
    #[arg(long, default_value_t = 500)]
    calls: usize,
    /// Timed pairs of a search that hits only what is hidden and one that hits nothing
    #[arg(long, default_value_t = 2_000)]
    pairs: usize,
}

/// A search that is timed.
pub struct Query {
    pub name: &'static str,
    text: &'static str,
    people: usize,
    /// It finds nothing.
    none: bool,
}

pub const QUERIES: &[Query] = &[
    Query { name: "a word, one person", text: "gardens", people: 1, none: false },
    Query { name: "three words, one person", text: "river bakery worried", people: 1, none: false },
    Query { name: "a phrase, one person", text: "\"missed called\"", people: 1, none: false },
    Query { name: "a hidden word, one person", text: "canary", people: 1, none: true },
    Query { name: "a word of nobody, one person", text: "xylophones", people: 1, none: true },
    Query { name: "trabajos, fifty people", text: "trabajos", people: 50, none: false },
    Query { name: "a word of nobody, fifty people", text: "xylophones", people: 50, none: true },
];

type Client = NotesServiceClient<tonic::transport::Channel>;

pub fn run(args: &Args) -> anyhow::Result<()> {
    let (notes, calls, pairs) =
        if args.smoke { (5_000, 3, 20) } else { (args.notes, args.calls, args.pairs) };
    let people = (notes / notes::OF_A_PERSON).max(500);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (small, large, told) = runtime.block_on(measure(people, calls.max(2), pairs))?;
    let notes = people * notes::OF_A_PERSON;
    print!("{}", Report { notes, calls, pairs, small, large, told, smoke: args.smoke });
    Ok(())
}

/// Of a tenth, of all, and how well time tells what is hidden.
async fn measure(
    people: usize,
    calls: usize,
    pairs: usize,
) -> anyhow::Result<(Vec<Taken>, Vec<Taken>, f64)> {
    let home = tempfile::tempdir()?;
    let path = home.path().join("postgres");
    let server = Embedded::start(embedded::Options { data_dir: Some(path), ..Default::default() });
    let server = server.await?;
    let (admin, schema) = (server.admin_url(), ServiceSchema::of("notes"));
    pg::provision(&admin, std::slice::from_ref(&schema)).await?;
    pg::migrate(&admin, &schema, &[&ledger::MIGRATIONS, &::notes::MIGRATIONS]).await?;
    let mut conn = notes::open(admin.expose_secret()).await?;
    let keys = Keys::open(home.path())?;
    let (all, tenth) = (i32::try_from(people)?, i32::try_from(people / 10)?);
    let names = notes::people(&mut conn, all).await?;

    notes::fill(&mut conn, CLINIC, 1, tenth).await?;
    let running = serving::start(
        &keys,
        &server.url("trellis_notes", "postgres"),
        &home.path().join("attachments"),
    )
    .await?;
    let channel = serve::peer(&format!("http://{}", running.addr()), None)?;
    let mut client = NotesServiceClient::new(channel);
    // Of another agency, which reads by consent.
    let token = keys.staff(1)?;
    let few = names.get(..people / 10).context("people")?;
    let small = asked(&mut client, &token, few, calls).await?;

    notes::fill(&mut conn, CLINIC, tenth + 1, all).await?;
    let large = asked(&mut client, &token, &names, calls).await?;
    let told = told(&mut client, &token, &names, pairs).await?;
    drop((running, conn));
    server.stop().await;
    Ok((small, large, told))
}

/// Another person each time, over all of them.
fn request(query: &Query, people: &[Uuid], n: usize) -> SearchNotesRequest {
    let names = (0..query.people).filter_map(|k| people.get((n * 7_919 + k) % people.len()));
    SearchNotesRequest {
        people: names.map(|person| format!("people/{person}")).collect(),
        query: query.text.to_owned(),
        ..SearchNotesRequest::default()
    }
}

async fn once(
    client: &mut Client,
    token: &str,
    query: &Query,
    message: SearchNotesRequest,
) -> anyhow::Result<u64> {
    let request = authorized(token, message)?;
    let start = Instant::now();
    let found = client.search_notes(request).await?.into_inner();
    let nanos = u64::try_from(start.elapsed().as_nanos())?;
    // A fast wrong answer is none. That one person has the words is likely, not sure.
    ensure!(found.hits.is_empty() || !query.none, "{} finds what is hidden", query.name);
    ensure!(
        !found.hits.is_empty() || query.none || query.people == 1,
        "{} finds nothing",
        query.name
    );
    Ok(nanos)
}

async fn asked(
    client: &mut Client,
    token: &str,
    people: &[Uuid],
    calls: usize,
) -> anyhow::Result<Vec<Taken>> {
    let mut all = Vec::new();
    for query in QUERIES {
        let mut taken = Vec::with_capacity(calls);
        // The first find cold caches.
        let cold = calls.div_ceil(10);
        for n in 0..calls + cold {
            let nanos = once(client, token, query, request(query, people, n)).await?;
            if n >= cold {
                taken.push(nanos);
            }
        }
        all.push(Taken::of(taken)?);
    }
    Ok(all)
}

/// By turns, of the same person, in either order.
async fn told(
    client: &mut Client,
    token: &str,
    people: &[Uuid],
    pairs: usize,
) -> anyhow::Result<f64> {
    let find = |name: &str| QUERIES.iter().find(|q| q.name == name).context("a query");
    let hidden = find("a hidden word, one person")?;
    let nothing = find("a word of nobody, one person")?;
    let (mut of_hidden, mut of_nothing) = (Vec::new(), Vec::new());
    for n in 0..pairs {
        // Once before, so that neither finds the person's rows cold.
        once(client, token, nothing, request(nothing, people, n)).await?;
        let order = if n.is_multiple_of(2) { [hidden, nothing] } else { [nothing, hidden] };
        for query in order {
            let nanos = once(client, token, query, request(query, people, n)).await?;
            if std::ptr::eq(query, hidden) { &mut of_hidden } else { &mut of_nothing }.push(nanos);
        }
    }
    Ok(auc(&of_hidden, &of_nothing))
}
