//! What defers a decision opens nothing before it, and never becomes a permit.
use permit::{Deferred, Permit, ReadNotes};

fn store(_: &Permit<ReadNotes>) {}

fn passed(deferred: Deferred<ReadNotes>) {
    store(&deferred);
}

fn converted(deferred: Deferred<ReadNotes>) -> Permit<ReadNotes> {
    deferred.into()
}

fn looked_at(deferred: &Deferred<ReadNotes>) {
    deferred.visibility();
    deferred.scope();
}

fn main() {}
