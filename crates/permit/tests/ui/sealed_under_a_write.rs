//! What is read for a write is for the write: a permit to write seals nothing for a reply.
use permit::{Call, Guard, Permit, WriteNotes};

fn sealed(permit: &Permit<WriteNotes>, record: policy::Record) {
    permit.seal([(record, "words")]); //~ E0599 the method `seal` exists for reference `&permit::Permit<WriteNotes>`, but its trait bounds were not satisfied
}

fn deferred(guard: &Guard, call: &Call) {
    let _ = guard.defer::<WriteNotes>(call); //~ E0277 WriteNotes: Reading
}

fn main() {}
