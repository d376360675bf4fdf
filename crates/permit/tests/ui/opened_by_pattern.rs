//! What is sealed does not come apart.
use permit::{Disclosed, Located};

fn disclosed(sealed: Disclosed<&'static str>) {
    let Disclosed { items: _, .. } = sealed; //~ E0451 field `items` of struct `Disclosed` is private
}

fn located(located: Located) -> bool {
    matches!(located, Located { found: true, .. }) //~ E0451 field `found` of struct `Located` is private
}

fn main() {}
