//! A permit is good for one commit.
use permit::{Guard, Permit, WriteNotes};
use pg::{Db, StoreError};

#[derive(Debug)]
struct Stopped;
impl From<StoreError> for Stopped {
    fn from(_: StoreError) -> Self {
        Self
    }
}
impl From<permit::Refusal> for Stopped {
    fn from(_: permit::Refusal) -> Self {
        Self
    }
}
impl pg::TxError for Stopped {
    fn as_store(&self) -> Option<&StoreError> {
        None
    }
}

async fn twice(guard: &Guard, db: &Db, permit: Permit<WriteNotes>) -> Result<(), Stopped> {
    guard.commit(db, "first", permit, |_, _| Box::pin(async { Ok::<_, Stopped>(()) })).await?;
    guard.commit(db, "second", permit, |_, _| Box::pin(async { Ok::<_, Stopped>(()) })).await?; //~ E0382 use of moved value: `permit`
    Ok(())
}

fn main() {}
