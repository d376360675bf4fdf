//! A handler can't tell what is absent from what is there.
use permit::Located;

fn told_apart(located: &Located) -> bool {
    located.found //~ E0616 field `found` of struct `Located` is private
}

fn looked_into(located: &Located) {
    let _ = located.record; //~ E0616 field `record` of struct `Located` is private
}

fn main() {}
