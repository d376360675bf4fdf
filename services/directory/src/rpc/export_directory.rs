use std::{pin::Pin, sync::Arc};

use futures::{Stream, stream};
use identity::AuthError;
use permit::Call;
use rpc::{Conflict, Error, Outage};
use tonic::{Request, Response, Status};
use wire::directory::v1::{ExportDirectoryRequest, ExportDirectoryResponse};

use crate::{
    App,
    hsds::{Table, header, record},
    store,
};

pub(crate) type Chunks =
    Pin<Box<dyn Stream<Item = Result<ExportDirectoryResponse, Status>> + Send>>;

/// The contract's most.
const CHUNK: usize = 1024 * 1024;

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<ExportDirectoryRequest>,
) -> Result<Response<Chunks>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/ExportDirectory")?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let reached = app.deps.pages.resume_bytes(&call, &request.cursor)?;
    let place = reached.map_or(Ok(Place::default()), |reached| Place::from_bytes(&reached))?;
    // On record before the first row leaves.
    app.deps.guard.release_office(&call, Vec::new(), ()).await?;
    let export = Export { app: Arc::clone(app), call, place, rows: Vec::new().into_iter() };
    // Read as fast as it is taken, and no faster; whoever goes away ends it. What stops it is an
    // error: an end without one is the end of the directory.
    let chunks = stream::try_unfold(export, |mut export| async move {
        Ok(export.chunk().await?.map(|chunk| (chunk, export)))
    });
    Ok(Response::new(Box::pin(chunks)))
}

/// Where an export stands: what comes before has been sent.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Of [`Table::ALL`]; none: the end.
    table: usize,
    /// The last row of it; empty: its header; none: not even that.
    row: Option<String>,
}

impl Place {
    /// By the table's name, which later versions know too.
    fn to_bytes(&self) -> Vec<u8> {
        let table = Table::ALL.get(self.table).map_or("", |table| table.name());
        [table, "\n", self.row.as_deref().unwrap_or_default()].concat().into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let place = std::str::from_utf8(bytes).ok().and_then(|text| {
            let (table, row) = text.split_once('\n')?;
            let table = Table::ALL.iter().position(|known| known.name() == table)?;
            Some(Self { table, row: Some(row.to_owned()) })
        });
        place.ok_or(Error::Conflict(Conflict::CursorExpired))
    }
}

struct Export {
    app: Arc<App>,
    call: Call,
    /// Of the last row that was taken from `rows`.
    place: Place,
    /// Read, and not taken yet; all of the table at which `place` is.
    rows: std::vec::IntoIter<store::export::Row>,
}

impl Export {
    /// The next chunk: as many rows of one table as fit; none at the end.
    async fn chunk(&mut self) -> Result<Option<ExportDirectoryResponse>, Error> {
        while let Some(table) = Table::ALL.get(self.place.table).copied() {
            let mut data = String::new();
            while self.more(table).await? {
                if self.place.row.is_none() {
                    data.push_str(&header(table));
                    self.place.row = Some(String::new());
                }
                let fits = |line: &String| data.is_empty() || data.len() + line.len() <= CHUNK;
                let Some(line) = self.peek(table).filter(fits) else { break };
                data.push_str(&line);
                self.place.row = self.rows.next().map(|row| row.source_id);
            }
            if !data.is_empty() {
                return self.message(table, data).map(Some);
            }
            self.place = Place { table: self.place.table + 1, row: None };
        }
        Ok(None)
    }

    /// Whether there is another row of the table; read if it isn't yet.
    async fn more(&mut self, table: Table) -> Result<bool, Error> {
        if !self.rows.as_slice().is_empty() {
            return Ok(true);
        }
        if self.call.caller().expired(self.app.deps.clock.now()) {
            return Err(AuthError::Unauthenticated.into());
        }
        if self.app.deps.stop.is_cancelled() {
            return Err(Error::Unavailable(Outage::Overloaded));
        }
        let after = self.place.row.clone().unwrap_or_default();
        self.rows = store::export::rows(&self.app.deps.db, table.name(), after).await?.into_iter();
        Ok(!self.rows.as_slice().is_empty())
    }

    fn peek(&self, table: Table) -> Option<String> {
        let row = self.rows.as_slice().first()?;
        Some(record(table, |column| row.content.get(column)?.as_str()))
    }

    fn message(&self, table: Table, data: String) -> Result<ExportDirectoryResponse, Error> {
        Ok(ExportDirectoryResponse {
            table: table.name().to_owned(),
            data: data.into_bytes(),
            cursor: self.app.deps.pages.cursor_bytes(&self.call, &self.place.to_bytes())?,
        })
    }
}
