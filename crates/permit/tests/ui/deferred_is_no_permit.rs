//! What defers a decision opens nothing before it, and never becomes a permit.
use permit::{Deferred, Permit, ReadNotes};

fn store(_: &Permit<ReadNotes>) {}

fn passed(deferred: Deferred<ReadNotes>) {
    store(&deferred); //~ E0308 mismatched types
}

fn converted(deferred: Deferred<ReadNotes>) -> Permit<ReadNotes> {
    deferred.into() //~ E0277 Permit<ReadNotes>: From<Deferred<ReadNotes>>
}

fn looked_at(deferred: &Deferred<ReadNotes>) {
    deferred.visibility(); //~ E0599 no method named `visibility` found for reference `&Deferred<ReadNotes>` in the current scope
    deferred.scope(); //~ E0599 no method named `scope` found for reference `&Deferred<ReadNotes>` in the current scope
}

fn main() {}
