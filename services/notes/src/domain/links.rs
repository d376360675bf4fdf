//! What a note belongs with, and what it takes from the notes that it is derived from.

use kernel::{Confidentiality, Sensitivity};
use uuid::Uuid;

use super::{Labelled, Labels, Mislabelled, Section, Sent, Type, drafted};

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

/// What comes with words from notes that are labelled so: all that they are together; where one of them states
/// nothing, nothing, which is stricter. `part2`: whoever takes them is a Part 2 programme.
pub fn carried(sources: &[Labels], part2: bool) -> Result<Option<Labels>, Irreconcilable> {
    let implied = sources.iter().copied().map(with_implied);
    let Some(all) = Labels::union(implied) else { return Ok(None) };
    if sources.iter().all(|source| source.stated()) {
        return Ok(Some(all));
    }
    // What states nothing and is of Part 2 counts as SUD and nothing else: a permit of SUD alone opens it.
    let silent = |source: &Labels| !source.stated() && source.part2;
    let opens = (part2 || all.part2) && !sources.iter().all(silent);
    if opens || all.confidentiality == Some(Confidentiality::VeryRestricted) {
        return Err(Irreconcilable);
    }
    let Labels { part2, victim_service, .. } = all;
    Ok(Some(Labels { part2, victim_service, ..Labels::default() }))
}

/// A Part 2 record that names no code counts as SUD; beside other codes it would not any more.
fn with_implied(labels: Labels) -> Labels {
    if !labels.part2 || !labels.stated() || !labels.sensitivities.is_empty() {
        return labels;
    }
    Labels { sensitivities: [Sensitivity::Sud].into(), ..labels }
}

/// Parts that come to a signed note with these links and parts: what is said of one that is derived from others
/// adds to what all of its parts have.
pub fn still_derived(links: &Links, present: &[Section], sent: Vec<Sent>) -> Vec<Sent> {
    let labels = present.iter().map(|section| section.labels);
    let Some(least) = labels.reduce(Labels::common).filter(|_| !links.derived_from.is_empty())
    else {
        return sent;
    };
    let more = |own: Labels| if own.stated() { own.and(least) } else { own };
    sent.into_iter().map(|(section, own)| (section, own.map(more))).collect()
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
    use super::*;

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
        assert_eq!(carried(&[], false), Ok(None));
        let all = carried(&[plain, hiv, part2], false).unwrap().unwrap();
        assert_eq!(all, Labels { part2: true, ..labels(V, &[Sensitivity::Hiv, Sensitivity::Sud]) });
        let refuge = Labels { victim_service: true, ..Labels::default() };
        assert_eq!(carried(&[hiv, refuge], false), Ok(Some(refuge)));
        assert_eq!(carried(&[refuge, part2], false), Err(Irreconcilable));
        // SUD is implied where a programme's note names no code, and stays said beside other codes.
        let programme = Labels { part2: true, ..plain };
        let sud = Labels { part2: true, ..labels(N, &[Sensitivity::Sud]) };
        assert_eq!(carried(&[programme], false), Ok(Some(sud)));
        let both = Labels { part2: true, ..labels(N, &[Sensitivity::Hiv, Sensitivity::Sud]) };
        assert_eq!(carried(&[programme, hiv], false), Ok(Some(both)));
        // And where nothing is stated nothing but what is of Part 2, too, goes with it.
        let silent = Labels { part2: true, ..Labels::default() };
        assert_eq!(carried(&[silent, silent], true), Ok(Some(silent)));
        assert_eq!(carried(&[silent, hiv], false), Err(Irreconcilable));
        assert_eq!(carried(&[Labels::default(), programme], false), Err(Irreconcilable));
        assert_eq!(carried(&[Labels::default()], true), Err(Irreconcilable));
        assert_eq!(carried(&[Labels::default(), hiv], false), Ok(Some(Labels::default())));
    }

    #[test]
    fn what_comes_to_a_derived_note_has_what_all_of_it_has() {
        let (hiv, plain) = (labels(N, &[Sensitivity::Hiv]), labels(N, &[]));
        let both = Labels { part2: true, ..labels(V, &[Sensitivity::Hiv, Sensitivity::Mh]) };
        let section = |labels| Section { labels, ..Section::default() };
        let present = [section(both), section(Labels { part2: true, ..hiv })];
        let sent = || vec![(section(plain), Some(plain)), (section(plain), None)];
        let from = Links { derived_from: vec![Uuid::nil()], ..Links::default() };
        let own = |sent: Vec<Sent>| sent.into_iter().map(|(_, own)| own).collect::<Vec<_>>();
        let kept = own(still_derived(&from, &present, sent()));
        assert_eq!(kept, [Some(Labels { part2: true, ..hiv }), None]);
        assert_eq!(own(still_derived(&Links::default(), &present, sent())), [Some(plain), None]);
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
