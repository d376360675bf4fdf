//! What is sensitive in a note, section by section.

use kernel::{CodeSet, Confidentiality, Sensitivity};
use permit::Sight;
use policy::Record;

use super::Section;

/// The labels of a section, or of a note: those of all its sections together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels {
    pub confidentiality: Option<Confidentiality>,
    pub sensitivities: CodeSet<Sensitivity>,
    pub part2: bool,
    pub victim_service: bool,
}

impl Labels {
    pub fn of(record: &Record) -> Self {
        Self {
            confidentiality: record.confidentiality,
            sensitivities: record.sensitivities,
            part2: record.part2,
            victim_service: record.victim_service,
        }
    }

    /// The record with these labels instead of its own.
    pub fn on(self, record: &Record) -> Record {
        Record {
            confidentiality: self.confidentiality,
            sensitivities: self.sensitivities,
            part2: self.part2,
            victim_service: self.victim_service,
            ..record.clone()
        }
    }

    /// Who states neither confidentiality nor sensitivities has said nothing.
    pub fn stated(self) -> bool {
        self.confidentiality.is_some() || !self.sensitivities.is_empty()
    }

    /// All that either is, and the higher confidentiality.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        // Not stated counts as R.
        let rank = |labels: Self| labels.confidentiality.unwrap_or(Confidentiality::Restricted);
        let silent = self.confidentiality.is_none() && other.confidentiality.is_none();
        Self {
            confidentiality: (!silent).then(|| rank(self).max(rank(other))),
            sensitivities: self.sensitivities.union(other.sensitivities),
            part2: self.part2 || other.part2,
            victim_service: self.victim_service || other.victim_service,
        }
    }

    /// What both are.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        let flags = Self {
            part2: self.part2 && other.part2,
            victim_service: self.victim_service && other.victim_service,
            ..Self::default()
        };
        if !self.stated() || !other.stated() {
            return flags;
        }
        let rank = |labels: Self| labels.confidentiality.unwrap_or(Confidentiality::Restricted);
        Self {
            confidentiality: Some(rank(self).min(rank(other))),
            sensitivities: self.sensitivities.intersection(other.sensitivities),
            ..flags
        }
    }

    /// Whether there is nothing in the other that is not in these.
    fn cover(self, other: Self) -> bool {
        self.and(other) == self
    }

    /// Of all these together; none of none.
    pub fn union(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().reduce(Self::and)
    }

    /// Each once.
    pub fn distinct(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut kinds = Vec::new();
        for labels in all {
            if !kinds.contains(&labels) {
                kinds.push(labels);
            }
        }
        kinds
    }
}

/// What is decided on in a record's stead, section by section; none: all of them are labelled as it is.
pub fn in_parts(record: &Record, sections: &[Labels]) -> Vec<Record> {
    if *sections == [Labels::of(record)] {
        return Vec::new();
    }
    sections.iter().map(|labels| labels.on(record)).collect()
}

/// What becomes of the sections with these labels; the last are the note's own, of all that it ever had.
pub type Sights = Vec<(Labels, Sight)>;

/// Of sections whose labels were not decided on there is nothing to see.
pub fn sight(sights: &Sights, labels: Labels) -> Sight {
    sights.iter().find(|(of, _)| *of == labels).map_or(Sight::Absent, |(_, sight)| *sight)
}

/// A section as it was sent, and its labels if it states any.
pub type Sent = (Section, Option<Labels>);

/// Why sections can't be labelled so; which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mislabelled {
    /// Others state theirs, and this one states none and has none of the note.
    Unstated(usize),
    /// Words that are there already would be less sensitive than they were.
    Lowered(usize),
    /// The note states none, which is stricter than what it says.
    Unlabelled(usize),
    /// A note that it is derived from states none, and this section does; none: the note itself.
    Silenced(Option<usize>),
    /// The note says that it has none, and what it is derived from has some.
    Silent,
}

/// Sections, and all that they are together with what the note was labelled with.
pub type Labelled = (Vec<Section>, Labels);

fn together(
    sections: impl Iterator<Item = Result<Section, Mislabelled>>,
    note: Option<Labels>,
) -> Result<Labelled, Mislabelled> {
    let sections = sections.collect::<Result<Vec<_>, _>>()?;
    let all = sections.iter().map(|section| section.labels).chain(note);
    let labels = Labels::union(all).unwrap_or_default();
    Ok((sections, labels))
}

/// The sections of a draft: without labels of their own they have the note's.
pub fn drafted(stated: Option<Labels>, sent: Vec<Sent>) -> Result<Labelled, Mislabelled> {
    let theirs = sent.iter().any(|(_, own)| own.is_some());
    let note = stated.unwrap_or_default();
    let labelled = sent.into_iter().enumerate().map(|(place, (section, own))| {
        let labels = own.unwrap_or(note);
        if theirs && !labels.stated() {
            return Err(Mislabelled::Unstated(place));
        }
        Ok(Section { labels, ..section })
    });
    together(labelled, stated)
}

/// Sections that come to a signed note whose labels are these. Words that it has already are what they were or
/// more, and what states nothing is as sensitive as the whole of it.
pub fn added(note: Labels, present: &[Section], sent: Vec<Sent>) -> Result<Labelled, Mislabelled> {
    let labelled = sent.into_iter().enumerate().map(|(place, (section, own))| {
        let same = present.iter().filter(|s| s.title == section.title && s.body == section.body);
        let was = Labels::union(same.map(|s| s.labels));
        let labels = match (own, was) {
            (Some(own), _) if !own.stated() => return Err(Mislabelled::Unstated(place)),
            (Some(_), _) if !note.stated() => return Err(Mislabelled::Unlabelled(place)),
            (Some(own), Some(was)) if !own.cover(was) => return Err(Mislabelled::Lowered(place)),
            (Some(own), _) => own,
            (None, was) => was.unwrap_or(note),
        };
        Ok(Section { labels, ..section })
    });
    together(labelled, Some(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(confidentiality: Option<Confidentiality>, codes: &[Sensitivity]) -> Labels {
        let sensitivities = codes.iter().copied().collect();
        Labels { confidentiality, sensitivities, ..Labels::default() }
    }

    fn section(body: &str, labels: Labels) -> Section {
        Section { body: body.to_owned(), labels, ..Section::default() }
    }

    const NORMAL: Option<Confidentiality> = Some(Confidentiality::Normal);

    #[test]
    fn a_union_has_all_that_is_sensitive_and_the_highest() {
        let (plain, hiv) = (labels(NORMAL, &[]), labels(None, &[Sensitivity::Hiv]));
        let both = plain.and(hiv);
        assert_eq!(both, labels(Some(Confidentiality::Restricted), &[Sensitivity::Hiv]));
        assert_eq!(hiv.and(plain), both);
        assert!(both.cover(plain) && both.cover(hiv) && !plain.cover(hiv) && !hiv.cover(plain));
        assert_eq!(hiv.and(hiv), hiv);
        let flagged = Labels { part2: true, ..plain };
        assert!(flagged.cover(plain) && !plain.cover(flagged));
        let refuge = Labels { victim_service: true, ..plain };
        assert!(plain.and(refuge).victim_service && !flagged.cover(refuge));
    }

    #[test]
    fn a_draft_labels_all_or_leaves_it_to_the_note() {
        let (plain, hiv) = (labels(NORMAL, &[]), labels(NORMAL, &[Sensitivity::Hiv]));
        let sent = |own: [Option<Labels>; 2]| {
            own.map(|own| (section("words", Labels::default()), own)).to_vec()
        };
        let of = |(sections, _): Labelled| sections.iter().map(|s| s.labels).collect::<Vec<_>>();
        assert_eq!(drafted(None, sent([None, None])).map(of), Ok(vec![Labels::default(); 2]));
        assert_eq!(drafted(Some(plain), sent([None, Some(hiv)])).map(of), Ok(vec![plain, hiv]));
        assert_eq!(drafted(None, sent([Some(plain), Some(hiv)])).map(of), Ok(vec![plain, hiv]));
        assert_eq!(drafted(None, sent([Some(hiv), None])), Err(Mislabelled::Unstated(1)));
        let flag = Labels { part2: true, ..Labels::default() };
        assert_eq!(drafted(None, sent([Some(flag), Some(hiv)])), Err(Mislabelled::Unstated(0)));
    }

    #[test]
    fn what_is_signed_grows_no_less_sensitive() {
        let (plain, hiv) = (labels(NORMAL, &[]), labels(NORMAL, &[Sensitivity::Hiv]));
        let note = plain.and(hiv);
        let present = [section("open", plain), section("secret", hiv)];
        let one = |body: &str, own| vec![(section(body, Labels::default()), own)];
        let of = |sent| added(note, &present, sent).map(|(sections, _)| sections[0].labels);
        // The same words are what they were; others all that the note is.
        assert_eq!(of(one("open", None)), Ok(plain));
        assert_eq!(of(one("secret", None)), Ok(hiv));
        assert_eq!(of(one("other", None)), Ok(note));
        assert_eq!(of(one("other", Some(plain))), Ok(plain));
        assert_eq!(of(one("open", Some(hiv))), Ok(hiv));
        assert_eq!(of(one("secret", Some(plain))), Err(Mislabelled::Lowered(0)));
        assert_eq!(of(one("other", Some(Labels::default()))), Err(Mislabelled::Unstated(0)));
        let silent = [section("words", Labels::default())];
        let refused = added(Labels::default(), &silent, one("other", Some(plain)));
        assert_eq!(refused, Err(Mislabelled::Unlabelled(0)));
        let kept = added(Labels::default(), &silent, one("other", None)).unwrap();
        assert_eq!((kept.0[0].labels, kept.1), (Labels::default(), Labels::default()));
    }
}
