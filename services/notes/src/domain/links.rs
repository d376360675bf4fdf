//! What a note belongs with, and what it takes from the notes that it is derived from.

use kernel::Confidentiality;
use uuid::Uuid;

use super::{Labelled, Labels, Mislabelled, Sent, Type, drafted};

/// What a note belongs with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    pub referral: Option<Uuid>,
    pub goal: Option<Uuid>,
    /// The note that it answers.
    pub answers: Option<Uuid>,
    /// The notes from which its words are taken.
    pub derived_from: Vec<Uuid>,
}

impl Links {
    /// The notes among them.
    pub fn notes(&self) -> impl Iterator<Item = Uuid> {
        self.answers.into_iter().chain(self.derived_from.iter().copied())
    }
}

/// A source without labels is refused to whom any sensitivity is refused, one labelled V to whom R alone is open: no
/// labels are both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Irreconcilable;

/// What comes with words from notes that are labelled so: all that they are together; where one of them states nothing, nothing, which is stricter.
pub fn carried(sources: &[Labels]) -> Result<Option<Labels>, Irreconcilable> {
    let Some(all) = Labels::union(sources.iter().copied()) else { return Ok(None) };
    if sources.iter().all(|source| source.stated()) {
        return Ok(Some(all));
    }
    if all.confidentiality == Some(Confidentiality::VeryRestricted) {
        return Err(Irreconcilable);
    }
    let Labels { part2, victim_service, .. } = all;
    Ok(Some(Labels { part2, victim_service, ..Labels::default() }))
}

/// The sections of a draft of this type, with what comes with words of other notes.
pub fn drafted_from(
    carried: Option<Labels>,
    of: Type,
    said: Option<Labels>,
    sent: Vec<Sent>,
) -> Result<Labelled, Mislabelled> {
    match carried {
        None => drafted(of.stated(said, &sent), sent),
        Some(carried) => derived(carried, of, said, sent),
    }
}

/// As [`drafted_from`], of notes that are labelled so together.
fn derived(
    carried: Labels,
    of: Type,
    said: Option<Labels>,
    sent: Vec<Sent>,
) -> Result<Labelled, Mislabelled> {
    if !carried.stated() {
        // Whatever it said would be less strict than to say nothing; what its type says is not said by itself.
        if let Some(place) = sent.iter().position(|(_, own)| own.is_some()) {
            return Err(Mislabelled::Silenced(Some(place)));
        }
        let said = said.unwrap_or_default();
        return match said.stated() {
            true => Err(Mislabelled::Silenced(None)),
            false => drafted(Some(said.and(carried)), sent),
        };
    }
    if said.is_some_and(|said| !said.stated()) {
        return Err(Mislabelled::Silent);
    }
    let note = of.stated(said, &sent).map_or(carried, |said| said.and(carried));
    let both = |own: Labels| if own.stated() { own.and(carried) } else { own };
    let sent = sent.into_iter().map(|(section, own)| (section, own.map(both))).collect();
    drafted(Some(note), sent)
}

#[cfg(test)]
mod tests {
    use kernel::Sensitivity;

    use super::*;
    use crate::domain::Section;

    fn labels(confidentiality: Option<Confidentiality>, codes: &[Sensitivity]) -> Labels {
        let sensitivities = codes.iter().copied().collect();
        Labels { confidentiality, sensitivities, ..Labels::default() }
    }

    const N: Option<Confidentiality> = Some(Confidentiality::Normal);
    const V: Option<Confidentiality> = Some(Confidentiality::VeryRestricted);

    #[test]
    fn all_is_carried_and_what_states_nothing_silences_the_rest() {
        let (hiv, plain) = (labels(N, &[Sensitivity::Hiv]), labels(N, &[]));
        let part2 = Labels { part2: true, ..labels(V, &[Sensitivity::Sud]) };
        assert_eq!(carried(&[]), Ok(None));
        let all = carried(&[plain, hiv, part2]).unwrap().unwrap();
        assert_eq!(all, Labels { part2: true, ..labels(V, &[Sensitivity::Hiv, Sensitivity::Sud]) });
        let refuge = Labels { victim_service: true, ..Labels::default() };
        assert_eq!(carried(&[hiv, refuge]), Ok(Some(refuge)));
        assert_eq!(carried(&[refuge, part2]), Err(Irreconcilable));
    }

    #[test]
    fn every_section_is_what_its_sources_are() {
        let (hiv, plain) = (labels(N, &[Sensitivity::Hiv]), labels(N, &[]));
        let mh = labels(N, &[Sensitivity::Mh]);
        let section = || Section { body: "words".to_owned(), ..Section::default() };
        let of = |(sections, note): Labelled| {
            (sections.iter().map(|s| s.labels).collect::<Vec<_>>(), note)
        };
        let sent = |own: [Option<Labels>; 2]| own.map(|own| (section(), own)).to_vec();
        let both = labels(N, &[Sensitivity::Hiv, Sensitivity::Mh]);
        let done = derived(hiv, Type::Clinical, Some(plain), sent([None, Some(mh)])).map(of);
        assert_eq!(done, Ok((vec![hiv, both], both)));
        assert_eq!(
            derived(hiv, Type::Clinical, None, sent([None, None])).map(of),
            Ok((vec![hiv; 2], hiv))
        );
        let silent = Labels::default();
        assert_eq!(
            derived(hiv, Type::Clinical, Some(silent), sent([None, None])),
            Err(Mislabelled::Silent)
        );
        // What its type says counts where nothing else is said, but beside what says nothing it does not.
        let housing = derived(hiv, Type::HousingStability, None, sent([None, None])).map(of);
        assert_eq!(housing, Ok((vec![hiv; 2], hiv)));
        let peer = derived(silent, Type::PeerSupport, None, sent([None, None])).map(of);
        assert_eq!(peer, Ok((vec![silent; 2], silent)));
        let unstated = derived(hiv, Type::Clinical, None, sent([Some(silent), None]));
        assert_eq!(unstated, Err(Mislabelled::Unstated(0)));
        let flagged = Labels { part2: true, ..silent };
        let done = derived(flagged, Type::Clinical, None, sent([None, None])).map(of);
        assert_eq!(done, Ok((vec![flagged; 2], flagged)));
        assert_eq!(
            derived(silent, Type::Clinical, Some(plain), sent([None, None])),
            Err(Mislabelled::Silenced(None))
        );
        let place = Mislabelled::Silenced(Some(1));
        assert_eq!(derived(silent, Type::Clinical, None, sent([None, Some(hiv)])), Err(place));
    }
}
