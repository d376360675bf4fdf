//! There is one of each permit, and one of what was sealed.
use permit::{Deferred, Disclosed, Permit, ReadNotes, StandingPermit};

fn cloned<T: Clone>() {}
fn defaulted<T: Default>() {}

fn main() {
    cloned::<Permit<ReadNotes>>(); //~ E0277 Permit<ReadNotes>: Clone
    cloned::<Deferred<ReadNotes>>(); //~ E0277 Deferred<ReadNotes>: Clone
    cloned::<StandingPermit>(); //~ E0277 StandingPermit: Clone
    cloned::<Disclosed<String>>(); //~ E0277 Disclosed<String>: Clone
    defaulted::<Permit<ReadNotes>>(); //~ E0277 Permit<ReadNotes>: Default
    defaulted::<Deferred<ReadNotes>>(); //~ E0277 Deferred<ReadNotes>: Default
    defaulted::<StandingPermit>(); //~ E0277 StandingPermit: Default
    defaulted::<Disclosed<String>>(); //~ E0277 Disclosed<String>: Default
}
