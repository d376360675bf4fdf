//! Nothing that the guard makes has a constructor elsewhere, or a field to replace.
use permit::{Deferred, Disclosed, Located, Permit, ReadNotes, Standing, StandingPermit};

fn permit(other: Permit<ReadNotes>) -> Permit<ReadNotes> {
    Permit { people: Vec::new(), ..other } //~ E0451 fields `ground`, `people`, `visibility`, `one`, `written` and `_act` of struct `Permit` are private
}

fn deferred(other: Deferred<ReadNotes>) -> Deferred<ReadNotes> {
    Deferred { ..other } //~ E0451 fields `ground` and `_act` of struct `Deferred` are private
}

fn standing(other: StandingPermit) -> StandingPermit {
    StandingPermit { standing: Standing::Person { confirmed_by: None }, ..other } //~ E0451 fields `ground`, `person` and `standing` of struct `StandingPermit` are private
}

fn disclosed(other: Disclosed<&'static str>) -> Disclosed<&'static str> {
    Disclosed { items: Vec::new(), ..other } //~ E0451 fields `items`, `asked` and `ground` of struct `Disclosed` are private
}

fn located(other: Located) -> Located {
    Located { found: true, ..other } //~ E0451 fields `record`, `parts` and `found` of struct `Located` are private
}

fn main() {}
