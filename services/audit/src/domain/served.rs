//! To whom something went under which consent: what its revocation must be told to.

use ledger::{Event, Outcome};
use uuid::Uuid;

/// Each consent that was relied on, with each agency: the caller's, and the one that was sent
/// something. Beside a consent another basis may name what it relied on, too.
pub fn served(event: &Event) -> impl Iterator<Item = (Uuid, Uuid)> {
    let opened = event.outcome == Outcome::Permit
        && event.person.is_some()
        && event.bases.iter().any(|basis| &**basis == "CONSENT");
    let agencies = move || [event.caller.agency, event.recipient].into_iter().flatten();
    let consents = event.consents.iter().filter(move |_| opened).map(|(consent, _)| *consent);
    consents.flat_map(move |consent| agencies().map(move |agency| (consent, agency)))
}
