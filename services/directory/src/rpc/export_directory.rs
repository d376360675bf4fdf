pub(super) mod place;

use std::{pin::Pin, sync::Arc};

use futures::{Stream, stream};
use permit::Call;
use rpc::{Conflict, Error, Outage};
use tonic::{Request, Response, Status};
use wire::directory::v1::{DirectoryFormat, ExportDirectoryRequest, ExportDirectoryResponse};

use crate::{
    App,
    hsds::{Table, header, object, record},
    store,
};
use place::Place;

pub(crate) type Chunks =
    Pin<Box<dyn Stream<Item = Result<ExportDirectoryResponse, Status>> + Send>>;

/// The contract's most, but for a row of JSON that is larger.
const CHUNK: usize = 1024 * 1024;
/// A table in JSON.
const OPEN: &str = "[\n";
const CLOSE: &str = "\n]\n";

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<ExportDirectoryRequest>,
) -> Result<Response<Chunks>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/ExportDirectory")?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let reached = app.deps.pages.resume_bytes(&call, &request.cursor)?;
    let json = request.format() == DirectoryFormat::Json;
    let place = match reached {
        Some(reached) => Place::from_bytes(&reached).filter(|place| place.json == json),
        None => Some(Place { json, table: 0, row: None }),
    };
    let place = place.ok_or(Error::Conflict(Conflict::CursorExpired))?;
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
            let mut full = false;
            // An import asks for the first table even where it is empty.
            while !full && (self.more(table).await? || self.place.at_the_beginning()) {
                let first = self.place.row.as_ref().is_none_or(String::is_empty);
                if self.place.row.is_none() {
                    data.push_str(&if self.place.json { OPEN.to_owned() } else { header(table) });
                    self.place.row = Some(String::new());
                    continue;
                }
                let mut piece = self.peek(table);
                if self.place.json && !first {
                    piece.insert_str(0, ",\n");
                }
                // What closes a table fits, too.
                full = !data.is_empty() && data.len() + piece.len() + CLOSE.len() > CHUNK;
                if !full {
                    data.push_str(&piece);
                    self.place.row = self.rows.next().map(|row| row.source_id);
                }
            }
            if !full {
                if self.place.json && self.place.row.is_some() {
                    data.push_str(CLOSE);
                }
                self.place = Place { table: self.place.table + 1, row: None, ..self.place };
            }
            if !data.is_empty() {
                return self.message(table, data).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether there is another row of the table; read if it isn't yet.
    async fn more(&mut self, table: Table) -> Result<bool, Error> {
        if !self.rows.as_slice().is_empty() {
            return Ok(true);
        }
        self.app.signed_in(&self.call)?;
        if self.app.deps.stop.is_cancelled() {
            return Err(Error::Unavailable(Outage::Overloaded));
        }
        let after = self.place.row.clone().unwrap_or_default();
        self.rows = store::export::rows(&self.app.deps.db, table.name(), after).await?.into_iter();
        Ok(!self.rows.as_slice().is_empty())
    }

    fn peek(&self, table: Table) -> String {
        let row = self.rows.as_slice().first();
        let cell = |column: &str| row?.content.get(column)?.as_str();
        if self.place.json { object(table, cell) } else { record(table, cell) }
    }

    fn message(&self, table: Table, data: String) -> Result<ExportDirectoryResponse, Error> {
        Ok(ExportDirectoryResponse {
            table: table.name().to_owned(),
            data: data.into_bytes(),
            cursor: self.app.deps.pages.cursor_bytes(&self.call, &self.place.to_bytes())?,
        })
    }
}
