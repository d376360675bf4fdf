//! What a search of the directory costs: SearchServices over a socket, with a token, of a tenth of the
//! services and then of all; and, of the same words, the scan that it was before it had an index.

mod queries;
mod report;
mod serving;

use std::time::Instant;

use anyhow::ensure;
use pg::{Embedded, PgConnection, ServiceSchema, embedded};
use secrecy::ExposeSecret as _;
use wire::directory::v1::directory_service_client::DirectoryServiceClient;

use crate::{
    prepare::authorized,
    store::services,
    world::{CLIENT, CLINIC, Keys},
};
use queries::{QUERIES, Query};
use report::Report;
pub use report::Taken;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A short run, to see that it works; its figures say nothing
    #[arg(long)]
    smoke: bool,
    /// Services of the larger directory, of agencies with fifty each
    #[arg(long, default_value_t = 100_000)]
    services: usize,
    /// Timed calls of each search
    #[arg(long, default_value_t = 300)]
    calls: usize,
}

type Client = DirectoryServiceClient<tonic::transport::Channel>;

pub fn run(args: &Args) -> anyhow::Result<()> {
    let (services, calls) = if args.smoke { (5_000, 3) } else { (args.services, args.calls) };
    let all = (services / services::OF_AN_AGENCY).max(10);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (small, large, before) = runtime.block_on(measure(all, calls.max(2)))?;
    let services = all * services::OF_AN_AGENCY;
    print!("{}", Report { services, calls, small, large, before, smoke: args.smoke });
    Ok(())
}

/// Of a tenth, of all, and of all as it was.
async fn measure(
    agencies: usize,
    calls: usize,
) -> anyhow::Result<(Vec<Taken>, Vec<Taken>, Vec<Option<Taken>>)> {
    let home = tempfile::tempdir()?;
    let path = home.path().join("postgres");
    let server = Embedded::start(embedded::Options { data_dir: Some(path), ..Default::default() });
    let server = server.await?;
    let (admin, schema) = (server.admin_url(), ServiceSchema::of("directory"));
    pg::provision(&admin, std::slice::from_ref(&schema)).await?;
    pg::migrate(&admin, &schema, &[&ledger::MIGRATIONS, &directory::MIGRATIONS]).await?;
    let mut conn = services::open(admin.expose_secret()).await?;
    services::asker(&mut conn, CLINIC, identity::DEV_ISSUER, CLIENT).await?;
    let keys = Keys::open(home.path())?;
    let (all, tenth) = (i32::try_from(agencies)?, i32::try_from(agencies / 10)?);

    services::fill(&mut conn, 1, tenth).await?;
    let running = serving::start(&keys, &server.url("trellis_directory", "postgres")).await?;
    let channel = serve::peer(&format!("http://{}", running.addr()), None)?;
    let mut client = DirectoryServiceClient::new(channel);
    let token = keys.staff(0)?;
    let small = asked(&mut client, &token, calls).await?;

    services::fill(&mut conn, tenth + 1, all).await?;
    let large = asked(&mut client, &token, calls).await?;
    let before = scanned(&mut conn, calls.div_ceil(10)).await?;
    drop((running, conn));
    server.stop().await;
    Ok((small, large, before))
}

async fn asked(client: &mut Client, token: &str, calls: usize) -> anyhow::Result<Vec<Taken>> {
    let mut all = Vec::new();
    for query in QUERIES {
        let mut taken = Vec::with_capacity(calls);
        // The first find cold caches.
        for n in 0..calls + calls.div_ceil(10) {
            let request = authorized(token, query.request(n))?;
            let start = Instant::now();
            let found = client.search_services(request).await?.into_inner();
            let nanos = u64::try_from(start.elapsed().as_nanos())?;
            check(query, found.services.len(), &found.results)?;
            if n >= calls.div_ceil(10) {
                taken.push(nanos);
            }
        }
        all.push(Taken::of(taken)?);
    }
    Ok(all)
}

/// A fast wrong answer is none.
fn check(
    query: &Query,
    found: usize,
    results: &[wire::directory::v1::SearchResult],
) -> anyhow::Result<()> {
    ensure!(found > 0 || query.none, "{} finds nothing", query.name);
    ensure!(found == 0 || !query.none, "{} finds what is not there", query.name);
    ensure!(found == results.len(), "{}: not a result for each", query.name);
    let says = |why: &str| results.iter().take(1).all(|r| r.why.iter().any(|w| w == why));
    ensure!(query.why.is_empty() || says(query.why), "{}: {results:?}", query.name);
    Ok(())
}

async fn scanned(conn: &mut PgConnection, calls: usize) -> anyhow::Result<Vec<Option<Taken>>> {
    let mut all = Vec::new();
    for query in QUERIES {
        let Some(before) = &query.before else {
            all.push(None);
            continue;
        };
        let mut taken = Vec::with_capacity(calls);
        for n in 0..=calls {
            let start = Instant::now();
            services::before(conn, before.words, before.need, before.room).await?;
            if n > 0 {
                taken.push(u64::try_from(start.elapsed().as_nanos())?);
            }
        }
        all.push(Some(Taken::of(taken)?));
    }
    Ok(all)
}
