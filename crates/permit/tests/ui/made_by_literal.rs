//! Nothing that the guard makes has a constructor elsewhere, or a field to replace.
use permit::{Deferred, Disclosed, Located, Permit, ReadNotes, Standing, StandingPermit};

fn permit(other: Permit<ReadNotes>) -> Permit<ReadNotes> {
    Permit { people: Vec::new(), ..other }
}

fn deferred(other: Deferred<ReadNotes>) -> Deferred<ReadNotes> {
    Deferred { ..other }
}

fn standing(other: StandingPermit) -> StandingPermit {
    StandingPermit { standing: Standing::Person { confirmed_by: None }, ..other }
}

fn disclosed(other: Disclosed<&'static str>) -> Disclosed<&'static str> {
    Disclosed { items: Vec::new(), ..other }
}

fn located(other: Located) -> Located {
    Located { found: true, ..other }
}

fn main() {}
