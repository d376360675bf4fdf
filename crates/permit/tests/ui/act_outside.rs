//! What may be asked for is a closed list.
use kernel::{Action, Kind};
use permit::{Act, Reading, WriteNotes};

enum Anything {}

impl Act for Anything {
    const ACTION: Action = Action::Read;
    const KIND: Kind = Kind::Note;
}

// A write does not become a read.
impl Reading for WriteNotes {}

fn main() {}
