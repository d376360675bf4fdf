//! A bare record is no released reply: it can't be released, and it brings no disclosure.
use permit::{Disclosure, Guard};

struct Note;

fn released(guard: &Guard, note: Note) {
    let _ = guard.release(note); //~ E0308 mismatched types
}

fn replied(note: Note) -> (Note, Disclosure) {
    let disclosure = Disclosure { //~ E0639 cannot create non-exhaustive struct using struct expression
        decision_id: Default::default(),
        bases: Vec::new(),
        basis: Vec::new(),
        obligations: Vec::new(),
        redisclosure: policy::Redisclosure::PermittedByLaw,
    };
    (note, disclosure)
}

fn main() {}
