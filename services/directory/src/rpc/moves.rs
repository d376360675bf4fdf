//! Moving an agency to another state.

use kernel::{AgencyStatus, Code as _};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use uuid::Uuid;

use crate::{domain::Agency, store};

pub(super) async fn move_to(
    tx: &mut PgConnection,
    id: Uuid,
    status: AgencyStatus,
) -> Result<Agency, InTx> {
    let agency = store::agency::lock(tx, id).await?;
    if !agency.moves().contains(&status) {
        let allowed = agency.moves().iter().map(|s| s.code()).collect();
        let state = agency.status.code();
        return Err(Error::Conflict(Conflict::WrongState { state, allowed }).into());
    }
    Ok(store::agency::set_status(tx, id, status).await?)
}
