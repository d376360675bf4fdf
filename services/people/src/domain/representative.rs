//! An appointment: who acts for a person, by what, from when until when. It has no Debug: the evidence
//! is content.

use kernel::{CodeSet, Instant, Sensitivity};
use policy::Relationship;

/// What is recorded of a representative.
#[derive(Clone)]
pub struct Terms {
    pub relationship: Relationship,
    /// The evidence of their authority.
    pub authority: String,
    pub document_sha256: Option<Vec<u8>>,
    pub from: Instant,
    pub until: Option<Instant>,
    /// Withheld from them.
    pub excluded: CodeSet<Sensitivity>,
}

impl Terms {
    /// What is wrong with them, by field. `by_person`: the person records them, not an agency.
    pub fn lacking(&self, by_person: bool, now: Instant) -> Vec<(&'static str, &'static str)> {
        let mut lacking = Vec::new();
        let relative = self.relationship == Relationship::Relative;
        if relative && !by_person {
            lacking.push(("relationship", "a relative is for the person alone to record"));
        }
        if kernel::is_blank(&self.authority) && !relative {
            lacking.push(("authority", "must say what shows their authority"));
        }
        match self.until {
            Some(until) if until <= self.from || until <= now => {
                lacking.push(("until_time", "must be in the future and after from_time"));
            }
            // A minor comes of age: what a parent may do ends by itself.
            None if self.relationship == Relationship::Parent => {
                lacking.push(("until_time", "must be the day on which the minor comes of age"));
            }
            _ => {}
        }
        lacking
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    const NOW: Instant = datetime!(2040-03-01 12:00 UTC);

    fn guardian() -> Terms {
        Terms {
            relationship: Relationship::Guardian,
            authority: "Letters of guardianship".to_owned(),
            document_sha256: None,
            from: NOW,
            until: None,
            excluded: CodeSet::EMPTY,
        }
    }

    fn fields(terms: &Terms, by_person: bool) -> Vec<&'static str> {
        terms.lacking(by_person, NOW).into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn authority_is_evidenced_by_all_but_a_relative_whom_the_person_alone_records() {
        assert!(fields(&guardian(), false).is_empty());
        let bare = Terms { authority: " \u{a0}".to_owned(), ..guardian() };
        assert_eq!(fields(&bare, false), ["authority"]);
        assert_eq!(fields(&bare, true), ["authority"]);
        let relative = Terms { relationship: Relationship::Relative, ..bare };
        assert!(fields(&relative, true).is_empty());
        assert_eq!(fields(&relative, false), ["relationship"]);
    }

    #[test]
    fn an_end_is_in_the_future_and_after_the_beginning_and_a_parents_is_there() {
        let until = |until| Terms { until: Some(until), ..guardian() };
        assert!(fields(&until(NOW + Duration::SECOND), false).is_empty());
        assert_eq!(fields(&until(NOW), false), ["until_time"]);
        let past = Terms { from: NOW - Duration::DAY, ..until(NOW - Duration::SECOND) };
        assert_eq!(fields(&past, false), ["until_time"]);
        let later = Terms { from: NOW + Duration::DAY, ..until(NOW + Duration::SECOND) };
        assert_eq!(fields(&later, false), ["until_time"]);
        let parent = Terms { relationship: Relationship::Parent, ..guardian() };
        assert_eq!(fields(&parent, false), ["until_time"]);
        assert!(fields(&Terms { until: Some(NOW + Duration::DAY), ..parent }, false).is_empty());
    }
}
