//! What is sealed is opened by Guard::release, and in no other way.
use permit::Disclosed;

struct Note;

fn by_field(sealed: Disclosed<Note>) {
    let _ = sealed.items;
}

fn by_method(sealed: Disclosed<Note>) -> Note {
    sealed.opened()
}

fn by_reference(sealed: &Disclosed<Note>) -> &Note {
    sealed
}

fn by_iteration(sealed: Disclosed<Note>) {
    for _ in sealed {}
}

fn by_printing(sealed: Disclosed<&str>) -> String {
    format!("{sealed}")
}

fn main() {}
