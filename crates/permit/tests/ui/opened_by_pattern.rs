//! What is sealed does not come apart.
use permit::{Disclosed, Located};

fn disclosed(sealed: Disclosed<&'static str>) {
    let Disclosed { items: _, .. } = sealed;
}

fn located(located: Located) -> bool {
    matches!(located, Located { found: true, .. })
}

fn main() {}
