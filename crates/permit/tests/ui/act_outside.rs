//! What may be asked for is a closed list.
use kernel::{Action, Kind};
use permit::{Act, Reading, WriteNotes};

enum Anything {}

impl Act for Anything { //~ E0277 Anything: permit::act::listed::Listed
    const ACTION: Action = Action::Read;
    const KIND: Kind = Kind::Note;
}

// A write does not become a read.
impl Reading for WriteNotes {} //~ E0117 only traits defined in the current crate can be implemented for types defined outside of the crate

fn main() {}
