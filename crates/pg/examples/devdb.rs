//! A database to compile against: starts the private server, gives each named schema the common
//! migrations and those of the folders named for it, and prints the `DATABASE_URL` that
//! `sqlx::query!` needs to see all of them at once.
//!
//! `cargo run -p trellis-pg --example devdb -- [--dir DIR] [--detach] notes=services/notes/migrations …`
//!
//! The ledger's migrations go into every schema. It stays until its standard input closes;
//! with `--detach` the server stays until `--stop` (with the same `--dir`). Then, with what it
//! printed:
//!
//! `DATABASE_URL=… SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$PWD/.sqlx cargo check -p trellis-notes`
//!
//! which checks the queries and keeps what it learnt in `.sqlx` for builds without a database.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use pg::{Embedded, ServiceSchema, embedded};
use sqlx::migrate::Migrator;

struct Args {
    dir: PathBuf,
    detach: bool,
    stop: bool,
    schemas: Vec<(String, PathBuf)>,
}

fn args() -> anyhow::Result<Args> {
    let mut args = Args {
        dir: PathBuf::from("/tmp/trellis-devdb"),
        detach: false,
        stop: false,
        schemas: Vec::new(),
    };
    let mut rest = std::env::args().skip(1);
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--detach" => args.detach = true,
            "--stop" => args.stop = true,
            "--dir" => args.dir = rest.next().context("--dir needs a value")?.into(),
            _ => match arg.split_once('=') {
                Some((schema, path)) => args.schemas.push((schema.to_owned(), path.into())),
                None => bail!("not SCHEMA=PATH: {arg}"),
            },
        }
    }
    Ok(args)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = args()?;
    if args.stop {
        let id = std::fs::read_to_string(args.dir.join("keeper.pid"))?;
        Command::new("kill").arg(id.trim()).status()?;
        return Ok(());
    }
    if args.detach {
        return detach(&args);
    }
    let server = Embedded::start(embedded::Options {
        data_dir: Some(args.dir.join("data")),
        socket_dir: Some(args.dir.join("s")),
        fast: true,
        ..Default::default()
    })
    .await?;
    let url = apply(&server, &args).await?;
    std::fs::write(args.dir.join("keeper.pid"), std::process::id().to_string())?;
    println!("{url}");
    let stdin = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    if std::env::var_os("TRELLIS_DEVDB_KEEP").is_some() {
        term.recv().await;
    } else {
        tokio::select! {
            _ = stdin => {}
            _ = term.recv() => {}
        }
    }
    server.stop().await;
    // The thread that reads standard input may still be waiting.
    std::process::exit(0)
}

async fn apply(server: &Embedded, args: &Args) -> anyhow::Result<String> {
    let admin = server.admin_url();
    // Both as the source tree has them now, not as this program was built: it may be older.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let common = Migrator::new(here.join("migrations")).await?;
    let ledger = Migrator::new(here.join("../ledger/migrations")).await?;
    for (schema, path) in &args.schemas {
        let own = Migrator::new(path.as_path()).await.with_context(|| format!("{path:?}"))?;
        let service = ServiceSchema::of(schema);
        // Migrations under way change every minute: start each schema afresh.
        fresh(&admin, schema).await?;
        pg::provision(&admin, std::slice::from_ref(&service)).await?;
        pg::apply(&admin, &service, &[&common, &ledger, &own])
            .await
            .with_context(|| schema.clone())?;
    }
    let path: Vec<&str> = args.schemas.iter().map(|(schema, _)| schema.as_str()).collect();
    Ok(format!(
        "{}&options=-csearch_path%3D{}",
        server.url(embedded::ADMIN, "postgres"),
        path.join("%2C")
    ))
}

async fn fresh(admin: &secrecy::SecretString, schema: &str) -> anyhow::Result<()> {
    use secrecy::ExposeSecret as _;
    use sqlx::Connection as _;
    anyhow::ensure!(
        schema.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
        "schema names are plain: {schema}"
    );
    let mut conn = sqlx::PgConnection::connect(admin.expose_secret()).await?;
    let sql = format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await?;
    Ok(())
}

/// Starts this program again without us, waits for its first line, and leaves it.
fn detach(args: &Args) -> anyhow::Result<()> {
    use std::{io::BufRead as _, os::unix::process::CommandExt as _};
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--dir").arg(&args.dir);
    for (schema, path) in &args.schemas {
        command.arg(format!("{schema}={}", path.display()));
    }
    let mut keeper = command
        .env("TRELLIS_DEVDB_KEEP", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let mut url = String::new();
    let out = keeper.stdout.take().context("no output")?;
    std::io::BufReader::new(out).read_line(&mut url)?;
    if url.trim().is_empty() {
        bail!("the database could not be prepared: see above");
    }
    print!("{url}");
    Ok(())
}
