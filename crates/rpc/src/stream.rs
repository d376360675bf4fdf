//! What streams without an end of their own do alike, and whoever answers late.

use facts::Directory;
use identity::{AgencyBindings as _, AuthError, PrincipalStanding};
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

/// For a COMMIT: whom the directory let in it vouches for still. That the token has ended meanwhile ends nothing that
/// was begun with it. The directory service's own `directory` is told by its store: there the silence of the one by
/// which the process admits callers ends nothing for who is of no agency, as at admission.
pub(crate) fn still_vouched(call: &Call, directory: &Directory) -> Result<(), Error> {
    let caller = call.caller();
    match directory.standing(caller.principals(), caller.agency()) {
        PrincipalStanding::Good => {}
        PrincipalStanding::Suspended => return Err(AuthError::PrincipalSuspended.into()),
        PrincipalStanding::Stale => return Err(AuthError::DirectoryStale.into()),
    }
    match caller.in_force() {
        Err(AuthError::DirectoryStale) if caller.agency().is_none() => {}
        standing => standing?,
    }
    caller.agency().map_or(Ok(()), |agency| takes_part(directory, agency))
}

/// Whether an agency takes part, as this process knows.
fn takes_part(directory: &Directory, agency: &AgencyId) -> Result<(), Error> {
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
