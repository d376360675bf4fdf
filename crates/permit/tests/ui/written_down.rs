//! Neither a permit nor what is sealed can be written down and read back.
use permit::{Deferred, Disclosed, Permit, ReadNotes, StandingPermit};

fn written_down<T: serde::Serialize>() {}

fn main() {
    written_down::<policy::Visibility>();
    written_down::<Permit<ReadNotes>>(); //~ E0277 Permit<ReadNotes>: serde::Serialize
    written_down::<Deferred<ReadNotes>>(); //~ E0277 Deferred<ReadNotes>: serde::Serialize
    written_down::<StandingPermit>(); //~ E0277 StandingPermit: serde::Serialize
    written_down::<Disclosed<String>>(); //~ E0277 Disclosed<String>: serde::Serialize
}
