//! What notes belong with, looked at when it is said.

use kernel::{AgencyId, Class};
use permit::{Call, Disclosure};
use policy::Record;
use rpc::{Error, Outage, Violation};
use uuid::Uuid;

use super::{change::Opened, get_note, linked::derived, reading};
use crate::{
    App,
    domain::{self, Irreconcilable, Labels, Links, State},
};

/// Whatever else it is, it is refused in the same words.
const UNFIT: &str = "must be a signed note about this person of which you may read all";

/// What looking at the notes came to that a draft belongs with.
#[derive(Debug)]
pub(super) struct Looked {
    /// What comes with the words of those from which it is derived, or what is wrong with them: to be said once it
    /// is clear that the draft is the caller's to write, and not to a repeat.
    pub(super) carried: Result<Option<Labels>, Vec<Violation>>,
    /// What of them was decided on, to be decided on once more when the draft is written, and why it was opened.
    pub(super) from: Opened,
}

/// Of a draft that belongs with no others.
impl Default for Looked {
    fn default() -> Self {
        Self { carried: Ok(None), from: Opened::default() }
    }
}

/// A note that can be named.
struct Source {
    custodian: AgencyId,
    labels: Labels,
    read: Vec<Record>,
}

/// Looks at the notes that a draft belongs with, each by a decision of its own that is on record. `had`: those that
/// it belongs with already, which may have been hidden since: then it stays what it is.
pub(super) async fn sources(
    app: &App,
    call: &Call,
    (links, had): (&Links, &Links),
    about: &Record,
) -> Result<Looked, Error> {
    let fields = links.answers.iter().map(|id| ("links.answers".to_owned(), *id));
    let fields =
        fields.chain(links.derived_from.iter().enumerate().map(|(n, id)| (derived(n), *id)));
    let fields: Vec<_> = fields.collect();
    let looked = fields.iter().map(|(_, id)| source(app, call, *id, about));
    let looked = futures::future::try_join_all(looked).await?;
    let (looked, why): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
    let disclosure = why.into_iter().flatten().reduce(Disclosure::and);
    let kept = |id: &Uuid| had.notes().any(|had| had == *id);
    let as_it_is = || {
        let own = about.custodian.clone();
        own.map(|custodian| Source { custodian, labels: Labels::of(about), read: Vec::new() })
    };
    let looked = fields.iter().zip(looked).map(|((_, id), found)| match found {
        None if kept(id) => as_it_is(),
        found => found,
    });
    let looked: Vec<_> = looked.collect();
    let unfit = fields.iter().zip(&looked).filter(|(_, found)| found.is_none());
    let unfit: Vec<_> = unfit.map(|((field, _), _)| Violation::new(field, UNFIT)).collect();
    let records = looked.iter().flatten().flat_map(|source| source.read.iter().cloned()).collect();
    let taken = looked.into_iter().skip(links.answers.iter().count()).flatten().collect();
    let carried = match unfit.is_empty() {
        true => carried(app, taken, about.custodian.as_ref())?,
        false => Err(unfit),
    };
    Ok(Looked { carried, from: Opened { records, disclosure } })
}

/// No source: it is not one that can be named. And why it was opened, if it was.
async fn source(
    app: &App,
    call: &Call,
    id: Uuid,
    about: &Record,
) -> Result<(Option<Source>, Option<Disclosure>), Error> {
    let (note, why) = match get_note::whole(app, call, id).await {
        Ok(opened) => opened,
        Err(Error::NotFound) => return Ok((None, None)),
        Err(away) => return Err(away),
    };
    let of = &note.record;
    let signed = matches!(note.state, State::Final | State::Amended | State::Appended);
    // A counselling note is answered, and its words are taken, inside its own unit and class alone.
    let counsels = |record: &Record| record.class == Class::CounselingNote;
    let within = counsels(about) && about.custodian == of.custodian;
    // Words that are kept from the person for a time are not brought to them by another note.
    let now = app.deps.clock.now();
    let blocked = of.release_block.as_ref().is_some_and(|block| block.lasts_beyond(now));
    let fits = of.person == about.person && signed && !blocked && (!counsels(of) || within);
    let source = of.custodian.clone().filter(|_| fits).map(|custodian| {
        let read = note.in_parts().into_iter().chain([of.clone()]).collect();
        Source { custodian, labels: Labels::of(of), read }
    });
    Ok((source, Some(why)))
}

/// What is of a Part 2 programme or of a victim service stays so, wherever its words go.
fn carried(
    app: &App,
    from: Vec<Source>,
    by: Option<&AgencyId>,
) -> Result<Result<Option<Labels>, Vec<Violation>>, Error> {
    if from.is_empty() {
        return Ok(Ok(None));
    }
    let agencies = reading::agencies(app)?;
    let part2 = by.and_then(|by| agencies.get(by)).is_some_and(|by| by.part2_program);
    let flagged = from.into_iter().map(|Source { custodian, labels, .. }| {
        let agency = agencies.get(&custodian).ok_or(Error::Unavailable(Outage::Directory))?;
        Ok(Labels {
            part2: labels.part2 || agency.part2_program,
            victim_service: labels.victim_service || agency.victim_service_provider,
            ..labels
        })
    });
    let flagged = flagged.collect::<Result<Vec<_>, Error>>()?;
    Ok(domain::carried(&flagged, part2).map_err(|Irreconcilable| {
        let what = "notes of which one states no labels can't be taken together with others, with V, or into Part 2";
        vec![Violation::new("links.derived_from", what)]
    }))
}

/// The contract's number, which the annotations have checked.
pub(super) fn column(note_type: i32) -> i16 {
    i16::try_from(note_type).unwrap_or_default()
}
