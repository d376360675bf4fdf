//! What the type of a note asks of who writes it and of what it says.

use kernel::{Class, CodeSet, Role};
use rpc::{Denial, Error, Violation};
use wire::{
    convert::{instant, timestamp},
    notes::v1 as pb,
};

use crate::domain::{
    CONTACT_CHARS, CONTACT_SECTIONS, Contact, Labels, Note, Sent, Type, of_health,
};

/// Who writes at all writes some types alone.
pub(super) fn may_write(roles: CodeSet<Role>, of: Type) -> Result<(), Error> {
    if of.written_by(roles) { Ok(()) } else { Err(Error::Denied(Denial::ActionNotPermitted)) }
}

/// What a draft of this type can't be.
pub(super) fn fits(
    of: Type,
    (field, class): (&str, Class),
    (said, sent): (Option<Labels>, &[Sent]),
    contact: Option<&pb::SupervisionContact>,
) -> Result<Option<Contact>, Error> {
    let mut wrong = sections(of, 0, sent);
    if class == Class::CounselingNote && !of.counsels() {
        let what =
            "peer support, housing stability and supervision contacts are no counselling notes";
        wrong.push(Violation::new(field, what));
    }
    wrong.extend(said.and_then(|said| health(of, "labels", said)));
    let facts = match (of == Type::SupervisionContact, contact) {
        (true, None) => Err(violation("supervision_contact", "must be given for this type")),
        (false, Some(_)) => Err(violation("supervision_contact", "must be left out for this type")),
        (_, contact) => contact.map(facts).transpose(),
    };
    match facts {
        Ok(facts) if wrong.is_empty() => return Ok(facts),
        Ok(_) => {}
        Err(violation) => wrong.push(violation),
    }
    Err(Error::Invalid(wrong))
}

/// What may be added to a signed note, or stand in its words' stead, by somebody with these roles.
pub(super) fn more(
    roles: CodeSet<Role>,
    note: &Note,
    already: usize,
    sent: &[Sent],
) -> Result<(), Error> {
    let of = Type::of(note.note_type);
    may_write(roles, of)?;
    match sections(of, already, sent) {
        wrong if wrong.is_empty() => Ok(()),
        wrong => Err(Error::Invalid(wrong)),
    }
}

fn violation(field: &str, what: &str) -> Violation {
    Violation::new(field, what)
}

/// Sections of a note that has so many already.
fn sections(of: Type, already: usize, sent: &[Sent]) -> Vec<Violation> {
    if of != Type::SupervisionContact {
        return Vec::new();
    }
    let many = format!("at most {CONTACT_SECTIONS} in a supervision contact");
    let many = (already + sent.len() > CONTACT_SECTIONS).then(|| violation("sections", &many));
    let each = sent.iter().enumerate().flat_map(|(place, (section, own))| {
        let long = format!("at most {CONTACT_CHARS} characters in a supervision contact");
        let long = (section.body.chars().count() > CONTACT_CHARS)
            .then(|| violation(&format!("sections[{place}].body"), &long));
        let field = format!("sections[{place}].labels");
        long.into_iter().chain(own.and_then(|own| health(of, &field, own)))
    });
    many.into_iter().chain(each).collect()
}

fn health(of: Type, field: &str, labels: Labels) -> Option<Violation> {
    let what = "a supervision contact holds nothing of health: what does is another type of note";
    (of == Type::SupervisionContact && of_health(labels)).then(|| violation(field, what))
}

fn facts(of: &pb::SupervisionContact) -> Result<Contact, Violation> {
    let time = |field: &str, at: &_| {
        let odd = violation(field, "must be a time of the years 1 to 9999");
        instant(at).ok_or(odd)
    };
    let unset = violation("supervision_contact.contact_time", "must be given");
    let at = of.contact_time.as_ref().ok_or(unset)?;
    let at = time("supervision_contact.contact_time", at)?;
    let next = of.next_contact_time.as_ref();
    let field = "supervision_contact.next_contact_time";
    let next = next.map(|next| time(field, next)).transpose()?;
    if next.is_some_and(|next| next <= at) {
        return Err(violation(field, "must be after contact_time"));
    }
    Ok(Contact { kind: of.kind, outcome: of.outcome, at, next })
}

pub(super) fn contact(of: &Contact) -> pb::SupervisionContact {
    pb::SupervisionContact {
        kind: of.kind,
        outcome: of.outcome,
        contact_time: Some(timestamp(of.at)),
        next_contact_time: of.next.map(timestamp),
    }
}
