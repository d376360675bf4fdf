//! Room for exports: each keeps a page that grows.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// At a time, in this process.
const MOST: usize = 8;

/// Whose exports are under way: one of a person's, so that nobody has all the room.
#[derive(Debug, Clone, Default)]
pub struct Rooms(Arc<Mutex<HashSet<String>>>);

/// Room for one, until it is dropped.
#[derive(Debug)]
pub struct Room {
    rooms: Rooms,
    person: String,
}

impl Rooms {
    /// None: there is none now.
    pub fn room(&self, person: &str) -> Option<Room> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= MOST || !taken.insert(person.to_owned()) {
            return None;
        }
        Some(Room { rooms: self.clone(), person: person.to_owned() })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = self.rooms.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.remove(&self.person);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_person_and_eight_of_all() {
        let rooms = Rooms::default();
        let first = rooms.room("people/1").unwrap();
        assert!(rooms.room("people/1").is_none());
        let others: Vec<_> = (2..=8).map(|n| rooms.room(&format!("people/{n}")).unwrap()).collect();
        assert!(rooms.room("people/9").is_none());
        drop(first);
        assert!(rooms.room("people/9").is_some());
        assert_eq!(others.len(), 7);
    }
}
