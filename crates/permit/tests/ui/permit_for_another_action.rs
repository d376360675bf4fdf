//! A permit for one action is none for another.
use permit::{Ask, Call, Guard, Permit, ReadNotes, Refusal, WriteNotes};

fn store(_: &Permit<WriteNotes>) {}

fn used(read: Permit<ReadNotes>) {
    store(&read); //~ E0308 mismatched types
}

fn converted(read: Permit<ReadNotes>) -> Permit<WriteNotes> {
    read.into() //~ E0277 Permit<WriteNotes>: From<Permit<ReadNotes>>
}

async fn minted(guard: &Guard, call: &Call) -> Result<Permit<WriteNotes>, Refusal> {
    guard.permit(call, Ask::<ReadNotes>::people(Vec::new())).await //~ E0308 mismatched types
}

fn main() {}
