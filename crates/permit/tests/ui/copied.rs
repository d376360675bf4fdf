//! There is one of each permit, and one of what was sealed.
use permit::{Deferred, Disclosed, Permit, ReadNotes, StandingPermit};

fn cloned<T: Clone>() {}
fn defaulted<T: Default>() {}

fn main() {
    cloned::<Permit<ReadNotes>>();
    cloned::<Deferred<ReadNotes>>();
    cloned::<StandingPermit>();
    cloned::<Disclosed<String>>();
    defaulted::<Permit<ReadNotes>>();
    defaulted::<Deferred<ReadNotes>>();
    defaulted::<StandingPermit>();
    defaulted::<Disclosed<String>>();
}
