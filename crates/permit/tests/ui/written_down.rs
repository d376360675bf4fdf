//! Neither a permit nor what is sealed can be written down and read back.
use permit::{Deferred, Disclosed, Permit, ReadNotes, StandingPermit};

fn written_down<T: serde::Serialize>() {}

fn main() {
    written_down::<Permit<ReadNotes>>();
    written_down::<Deferred<ReadNotes>>();
    written_down::<StandingPermit>();
    written_down::<Disclosed<String>>();
}
