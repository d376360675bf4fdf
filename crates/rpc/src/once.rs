//! Writes made once (AIP-155): a repeated request_id answers as the first time, after it has been
//! authorized again.

use permit::Call;
use pg::{
    Db,
    requests::{Earlier, RequestKey},
};
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Conflict, Error, InTx};

/// Binds a request_id to caller, method and payload.
pub fn request_key<M: Message>(
    call: &Call,
    request_id: &str,
    message: &M,
) -> Result<RequestKey, Error> {
    let id = Uuid::try_parse(request_id)
        .ok()
        .filter(|id| !id.is_nil())
        .ok_or_else(|| Error::field("request_id", "must be a UUID, and not the nil one"))?;
    Ok(RequestKey {
        fingerprint: *call.caller().fingerprint(),
        request_id: id,
        method: call.rpc(),
        payload_sha256: Sha256::digest(message.encode_to_vec()).into(),
    })
}

/// An earlier answer to the same request.
#[derive(Debug, Clone, Copy)]
pub struct Replay {
    /// What was written: authorize reading it before the answer is given again.
    pub record_id: Uuid,
    person_id: Uuid,
}

/// A write that happens once.
#[derive(Debug, Clone)]
pub struct Request {
    pub key: RequestKey,
}

impl Request {
    pub fn new<M: Message>(call: &Call, request_id: &str, message: &M) -> Result<Self, Error> {
        Ok(Self { key: request_key(call, request_id, message)? })
    }

    /// The earlier use of this request_id, if it was the same request; another one is refused.
    pub async fn earlier(&self, db: &Db) -> Result<Option<Replay>, Error> {
        match db.earlier_request(&self.key).await? {
            None => Ok(None),
            Some(Earlier::Different) => Err(Error::Conflict(Conflict::RequestIdReused)),
            Some(Earlier::Same { person_id, record_id }) => {
                Ok(Some(Replay { record_id, person_id }))
            }
        }
    }

    /// The answer to a write made once, and what goes with it. `write` runs unless the same request
    /// has landed before; where it has, or lands while `write` is under way, `again` authorizes
    /// reading what was written, and the first answer is given again.
    pub async fn written<M, D, W, A, F>(&self, db: &Db, write: W, again: A) -> Result<(M, D), Error>
    where
        M: Message + Default,
        W: Future<Output = Result<(M, D), InTx>>,
        A: Fn(Replay) -> F,
        F: Future<Output = Result<D, Error>>,
    {
        if let Some(replay) = self.earlier(db).await? {
            return self.replayed(db, replay, again).await;
        }
        match write.await {
            Ok(done) => Ok(done),
            Err(error) if may_have_landed(&error) => match self.earlier(db).await? {
                Some(replay) => self.replayed(db, replay, again).await,
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    async fn replayed<M, D, F>(
        &self,
        db: &Db,
        replay: Replay,
        again: impl Fn(Replay) -> F,
    ) -> Result<(M, D), Error>
    where
        M: Message + Default,
        F: Future<Output = Result<D, Error>>,
    {
        let authorized = again(replay).await?;
        Ok((self.answer(db, replay).await?, authorized))
    }

    /// The first answer. Call it only once reading the record has been authorized.
    pub async fn answer<M: Message + Default>(&self, db: &Db, replay: Replay) -> Result<M, Error> {
        let bytes = db.first_answer(&self.key, replay.person_id).await?;
        M::decode(&*bytes).map_err(|_| Error::Internal("a kept answer"))
    }
}

/// The same request may be what took the request_id, or what moved the state or the etag.
fn may_have_landed(error: &InTx) -> bool {
    match error {
        InTx::Store(store) => store.constraint() == Some("request_log_once"),
        // Or what made the request odd: a referral of a group is asked in it already.
        InTx::Other(Error::Conflict(_) | Error::Invalid(_)) => true,
        InTx::Other(_) => false,
    }
}
