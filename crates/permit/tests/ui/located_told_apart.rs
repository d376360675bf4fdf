//! A handler can't tell what is absent from what is there.
use permit::Located;

fn told_apart(located: &Located) -> bool {
    located.found
}

fn looked_into(located: &Located) {
    let _ = located.record;
}

fn main() {}
