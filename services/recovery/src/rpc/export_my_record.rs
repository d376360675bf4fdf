//! All that there is of the person as one archive, sent while it is made.

use std::{collections::VecDeque, io, sync::Arc};

use kernel::AgencyId;
use rpc::{Error, Outage, Steps};
use tonic::{Request, Response, Status};
use wire::{
    convert::id_of,
    recovery::v1::{ExportMyRecordRequest, ExportMyRecordResponse},
};

use super::record::{Asked, Reading};
use crate::{
    App,
    record::{About, Export, Room},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ExportMyRecord";
/// Bytes in a message.
const CHUNK: usize = 256 * 1024;

pub(super) async fn export_my_record(
    app: &Arc<App>,
    request: Request<ExportMyRecordRequest>,
) -> Result<Response<Steps<ExportMyRecordResponse>>, Error> {
    let asked = Asked::of(app, &request, RPC, &request.get_ref().person)?;
    rpc::check(request.get_ref()).ids(&[("person", &asked.person)]).done()?;
    let person = asked.person.clone();
    let reading = Reading::begin(asked).await?;
    let room = app.exports.room(&person).ok_or(Error::Unavailable(Outage::Overloaded))?;
    let directory = Arc::clone(&app.deps.directory);
    let called =
        move |agency: &str| directory.display_name(&AgencyId::from(id_of("agencies", agency)?));
    let about = About { person, at: app.deps.clock.now() };
    let export = Export::new(about, Box::new(called)).map_err(|why| Error::from(Faulty(why)))?;
    let making = Making {
        reading,
        export: Some(export),
        ready: VecDeque::new(),
        rest: Vec::new(),
        _room: room,
    };
    Ok(Response::new(rpc::pumped(making, app.deps.stop.clone())))
}

/// Why an archive could not be made: nothing of what is in it is told.
struct Faulty(io::Error);

impl From<Faulty> for Error {
    fn from(Faulty(why): Faulty) -> Self {
        tracing::error!(kind = ?why.kind(), "an export could not be made");
        Self::Internal("an export")
    }
}

struct Making {
    reading: Reading,
    /// None: it is finished.
    export: Option<Export>,
    ready: VecDeque<ExportMyRecordResponse>,
    /// Bytes that make no whole message yet.
    rest: Vec<u8>,
    _room: Room,
}

impl rpc::Source for Making {
    type Message = ExportMyRecordResponse;

    async fn next(&mut self) -> Result<Option<ExportMyRecordResponse>, Status> {
        self.go_on().await
    }
}

impl Making {
    async fn go_on(&mut self) -> Result<Option<ExportMyRecordResponse>, Status> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            let Some(mut export) = self.export.take() else { return Ok(None) };
            let Some(read) = self.reading.go_on().await? else {
                return Err(Error::Internal("an export without an end").into());
            };
            let faulty = |why| Status::from(Error::from(Faulty(why)));
            let Some(end) = read.end else {
                export.add(&read).map_err(faulty)?;
                self.send(export.taken(), CHUNK);
                self.export = Some(export);
                continue;
            };
            let (last, end) = export.finish(end).map_err(faulty)?;
            self.send(last, 1);
            let end = ExportMyRecordResponse { end: Some(end), ..Default::default() };
            self.ready.push_back(end);
        }
    }

    /// Sends what makes messages of this size at least.
    fn send(&mut self, made: Vec<u8>, least: usize) {
        self.rest.extend(made);
        while self.rest.len() >= least {
            let after = self.rest.split_off(self.rest.len().min(CHUNK));
            let data = std::mem::replace(&mut self.rest, after);
            self.ready.push_back(ExportMyRecordResponse { data, ..Default::default() });
        }
    }
}
