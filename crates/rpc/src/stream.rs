//! What streams without an end of their own do alike, and whoever answers late.

use facts::Directory;
use identity::AuthError;
use kernel::{AgencyId, Clock};
use permit::Call;

use crate::{Error, Outage};

/// As at the beginning: the token lasts, the caller is not suspended, and the agency, where the caller is of one,
/// takes part.
pub fn still_admitted(call: &Call, directory: &Directory, clock: &dyn Clock) -> Result<(), Error> {
    let caller = call.caller();
    caller.stands(clock.now())?;
    caller.agency().map_or(Ok(()), |agency| takes_part(directory, agency))
}

/// Whether an agency takes part, as this process knows.
pub(crate) fn takes_part(directory: &Directory, agency: &AgencyId) -> Result<(), Error> {
    match directory.takes_part(agency) {
        Some(true) => Ok(()),
        Some(false) => Err(AuthError::AgencySuspended.into()),
        None => Err(Error::Unavailable(Outage::Directory)),
    }
}

/// Why a stream ends.
#[derive(Debug)]
pub enum End {
    Told(Error),
    /// The reader has gone.
    Gone,
}

impl<E: Into<Error>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Told(error.into())
    }
}
