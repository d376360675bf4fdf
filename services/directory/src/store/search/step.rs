//! The steps of a search, and places in them.

use uuid::Uuid;

use crate::domain::Search;

/// Rings around a place: each begins where the last ends, at these parts of the radius.
const RINGS: [f64; 4] = [0.125, 0.25, 0.5, 1.0];
/// Between two ranks of steps that differ in more than the ring.
const APART: i32 = 10_000;

/// One part of the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// All that was asked is stated; else something is not.
    pub stated: bool,
    /// With a text: whether names and needs say all of it.
    pub titled: Option<bool>,
    /// More than so many kilometres away, and at most so many, of how many in all.
    pub ring: Option<(f64, f64, f64)>,
}

/// In their order.
pub(super) fn steps(search: &Search, text: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let stated: &[bool] =
        if search.open() && !search.only_stated { &[true, false] } else { &[true] };
    let titled: &[Option<bool>] = if text { &[Some(true), Some(false)] } else { &[None] };
    for &stated in stated {
        for &titled in titled {
            match search.near.filter(|_| stated) {
                None => steps.push(Step { stated, titled, ring: None }),
                Some(near) => {
                    // What is exactly there, too.
                    let mut from = -1.0;
                    for part in RINGS {
                        let to = near.radius_km * part;
                        let ring = Some((from, to, near.radius_km));
                        steps.push(Step { stated, titled, ring });
                        from = to;
                    }
                }
            }
        }
    }
    steps
}

impl Step {
    /// `measure`: kilometres in a ring, else the room.
    pub(super) fn rank(&self, measure: f64) -> i32 {
        let base = 2 * i32::from(self.stated) + i32::from(self.titled == Some(true));
        let within = match self.ring {
            Some((_, _, radius)) => 9_000.0 * (1.0 - (measure / radius).clamp(0.0, 1.0)),
            None => 100.0 * (2.0 - measure.clamp(0.0, 2.0)),
        };
        base * APART + within as i32
    }
}

/// Where a page ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub step: u8,
    pub measure: f64,
    pub id: Uuid,
    pub name: String,
}

impl Place {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let head = [&[self.step][..], &self.measure.to_be_bytes(), self.id.as_bytes()].concat();
        [&head, self.name.as_bytes()].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (step, rest) = bytes.split_first()?;
        let (measure, rest) = rest.split_first_chunk()?;
        let (id, name) = rest.split_first_chunk::<16>()?;
        Some(Self {
            step: *step,
            measure: f64::from_be_bytes(*measure),
            id: Uuid::from_bytes(*id),
            name: std::str::from_utf8(name).ok()?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Near;

    #[test]
    fn a_place_goes_through_a_token_and_a_short_one_is_none() {
        let place =
            Place { step: 3, measure: 2.25, id: Uuid::from_u128(7), name: "caf\u{e9}".into() };
        assert_eq!(Place::from_bytes(&place.to_bytes()), Some(place));
        assert_eq!(Place::from_bytes(&[1; 24]), None);
    }

    #[test]
    fn ranks_fall_from_step_to_step_and_within_one() {
        let near = Some(Near { latitude: 0.0, longitude: 0.0, radius_km: 8.0 });
        let search = Search { near, ..Search::default() };
        let ranks: Vec<i32> = steps(&search, true)
            .iter()
            .flat_map(|step| match step.ring {
                Some((from, to, _)) => [step.rank(from.max(0.0) + 0.1), step.rank(to)],
                None => [step.rank(0.0), step.rank(2.0)],
            })
            .collect();
        assert_eq!(ranks.len(), 2 * (4 + 4 + 1 + 1));
        assert!(ranks.is_sorted_by(|a, b| a > b), "{ranks:?}");
    }

    #[test]
    fn what_nobody_asked_needs_no_step() {
        assert_eq!(steps(&Search::default(), false).len(), 1);
        assert_eq!(steps(&Search { age: Some(9), ..Search::default() }, false).len(), 2);
        let only = Search { age: Some(9), only_stated: true, ..Search::default() };
        assert_eq!(steps(&only, false).len(), 1);
    }
}
