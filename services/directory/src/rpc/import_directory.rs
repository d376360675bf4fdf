mod keep;

use std::{collections::BTreeMap, time::Duration};

use rpc::{Error, Outage, Violation};
use tonic::{Request, Response, Streaming};
use wire::directory::v1::{
    DirectoryFormat, ImportDirectoryRequest, ImportDirectoryResponse, ImportRejection,
};

use crate::{
    App,
    hsds::{Import, Table, parse},
};

const MOST_BYTES: usize = 64 * 1024 * 1024;
const MOST_REJECTIONS: usize = 1_000;
/// An upload that stops for so long makes room for another.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn handle(
    app: &App,
    request: Request<Streaming<ImportDirectoryRequest>>,
) -> Result<Response<ImportDirectoryResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/ImportDirectory")?;
    let _one = app.importing.try_acquire().map_err(|_| Error::Unavailable(Outage::Overloaded))?;
    let files = receive(request.into_inner()).await?;
    let parsing = tokio::task::spawn_blocking(move || {
        parse(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
    });
    let import = parsing.await.map_err(|_| Error::Internal("the parser panicked"))?;
    let done = keep::all(app, &call, &import).await;
    // Also where one in the middle failed: those before it are there.
    app.feed.refresh().await?;
    done?;
    Ok(Response::new(reply(&import)))
}

/// Tables by the names of their files.
async fn receive(
    mut chunks: Streaming<ImportDirectoryRequest>,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut files = BTreeMap::<String, Vec<u8>>::new();
    let mut size = 0;
    loop {
        let next = tokio::time::timeout(PATIENCE, chunks.message()).await;
        let next = next.map_err(|_| Error::Unavailable(Outage::Overloaded))?;
        // What broke off, or is no message of ours, is not an import.
        let next = next.map_err(|_| Error::field("data", "the stream broke off"))?;
        let Some(chunk) = next else { return Ok(files) };
        let mut bad = wire::validate(&chunk);
        if bad.is_empty() && Table::of(&chunk.table).is_none() {
            bad.push(Violation::new("table", "not a table of HSDS that is imported"));
        }
        size += chunk.data.len();
        if size > MOST_BYTES {
            bad.push(Violation::new("data", "64 MiB in all is the most"));
        }
        if !bad.is_empty() {
            return Err(Error::Invalid(bad));
        }
        let extension = match chunk.format() {
            DirectoryFormat::Json => "json",
            DirectoryFormat::Csv | DirectoryFormat::Unspecified => "csv",
        };
        files.entry(format!("{}.{extension}", chunk.table)).or_default().extend(chunk.data);
    }
}

fn reply(import: &Import) -> ImportDirectoryResponse {
    let counts = import.counts();
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let rejected = import.rejected.iter().take(MOST_REJECTIONS);
    ImportDirectoryResponse {
        organizations: count(counts.organizations),
        services: count(counts.services),
        locations: count(counts.locations),
        organizations_refused: count(import.refused.len()),
        rejections: rejected
            .map(|r| ImportRejection {
                table: r.table.name().to_owned(),
                line: i64::try_from(r.line).unwrap_or(i64::MAX),
                column: r.column.to_owned(),
                reason: r.reason.to_string(),
            })
            .collect(),
        rejection_count: count(import.rejected.len()),
    }
}
