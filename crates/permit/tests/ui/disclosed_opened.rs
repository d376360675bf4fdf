//! What is sealed is opened by Guard::release, and in no other way.
use permit::Disclosed;

struct Note;

fn by_field(sealed: Disclosed<Note>) {
    let _ = sealed.items; //~ E0616 field `items` of struct `Disclosed` is private
}

fn by_method(sealed: Disclosed<Note>) -> Note {
    sealed.opened() //~ E0599 no method named `opened` found for struct `Disclosed<T>` in the current scope
}

fn by_reference(sealed: &Disclosed<Note>) -> &Note {
    sealed //~ E0308 mismatched types
}

fn by_iteration(sealed: Disclosed<Note>) {
    for _ in sealed {} //~ E0277 `Disclosed<Note>` is not an iterator
}

fn by_printing(sealed: Disclosed<&str>) -> String {
    format!("{sealed}") //~ E0277 Disclosed<&str>` doesn't implement `std::fmt::Display
}

fn main() {}
