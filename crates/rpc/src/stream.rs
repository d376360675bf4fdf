//! What streams without an end of their own do alike.

use facts::Directory;
use identity::AuthError;
use kernel::Clock;
use permit::Call;

use crate::{Error, Outage};

/// As at the beginning: the token lasts, the caller is not suspended, and the agency, where the caller is of one,
/// takes part.
pub fn still_admitted(call: &Call, directory: &Directory, clock: &dyn Clock) -> Result<(), Error> {
    let caller = call.caller();
    caller.stands(clock.now())?;
    let Some(agency) = caller.agency() else { return Ok(()) };
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
