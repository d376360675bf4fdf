//! Instruments and check-ins as the contract tells them.

use prost::Message as _;
use rpc::Error;
use wire::{
    convert::{name_of, timestamp},
    recovery::v1 as pb,
};

use crate::{
    App,
    domain::{Answer, Content, Instrument, OwnRecord, Subject},
};

/// The instrument of this code.
pub(super) fn instrument<'a>(app: &'a App, code: &str) -> Result<&'a Instrument, Error> {
    let wrong = || Error::field("instrument", "must be one that ListInstruments has");
    app.instruments.get(code).ok_or_else(wrong)
}

pub(super) fn shown(instrument: &Instrument, language: &str) -> pb::Instrument {
    let language = instrument.language(language);
    let scale = &instrument.scale;
    let item = |item: &crate::domain::Item| pb::InstrumentItem {
        code: item.code.clone(),
        text: item.text.in_language(&language),
        min: scale.min,
        max: scale.max,
        min_label: scale.min_label.in_language(&language),
        max_label: scale.max_label.in_language(&language),
    };
    let mark = |mark: &crate::domain::Mark| pb::InstrumentMark {
        total: mark.total,
        meaning: mark.meaning.in_language(&language),
    };
    pb::Instrument {
        code: instrument.code.clone(),
        title: instrument.title.in_language(&language),
        subject: match instrument.subject {
            Subject::Person => pb::InstrumentSubject::Person,
            Subject::Caregiver => pb::InstrumentSubject::Caregiver,
        }
        .into(),
        source: instrument.source.clone(),
        license: instrument.license.clone(),
        instructions: instrument.instructions.in_language(&language),
        items: instrument.items.iter().map(item).collect(),
        totalled: instrument.totalled,
        marks: instrument.marks.iter().map(mark).collect(),
        language,
    }
}

pub(super) fn given(answers: &[pb::CheckInAnswer]) -> Vec<Answer> {
    answers.iter().map(|answer| (answer.item.clone(), answer.value)).collect()
}

pub(super) fn answers(answers: Vec<Answer>) -> Vec<pb::CheckInAnswer> {
    answers.into_iter().map(|(item, value)| pb::CheckInAnswer { item, value }).collect()
}

/// What is kept of a check-in: all but what its row says.
pub(super) fn content(
    instrument: &Instrument,
    given: &[Answer],
    words: Option<&pb::PlanItem>,
) -> Content {
    let ordered = instrument.ordered(given);
    let kept = pb::CheckIn {
        instrument: instrument.code.clone(),
        total: instrument.total(&ordered),
        answers: answers(ordered),
        words: words.cloned(),
        ..pb::CheckIn::default()
    };
    Content(kept.encode_to_vec())
}

pub(super) fn check_in(record: &OwnRecord) -> Result<pb::CheckIn, Error> {
    let kept = pb::CheckIn::decode(&*record.content.0);
    Ok(pb::CheckIn {
        name: name_of("checkIns", record.id),
        person: name_of("people", record.person),
        time: Some(timestamp(record.created_at)),
        ..kept.map_err(|_| Error::Internal("a check-in's content"))?
    })
}
