//! What is hidden, and the questions about it.

use prost::Message as _;
use prost_reflect::DynamicMessage;
use trellis_tests::{Person, note_about, request_id, served};
use uuid::Uuid;
use wire::{
    audit::v1 as audit, notes::v1 as notes, people::v1 as people, referrals::v1 as referrals,
};

use crate::{
    alike::of_nothing,
    contract::Rpc,
    scene::{Consented, Stage},
};

use super::table::{Hidden, Row};

/// Two questions that are to be told alike: of what is hidden, and of what there never was.
pub struct Question {
    pub person: Person,
    hidden: DynamicMessage,
    nothing: Nothing,
    /// That somebody else is shown by, if another.
    seen: Option<Vec<u8>>,
}

enum Nothing {
    /// The same with ids that are new each time.
    Never,
    This(Vec<u8>),
}

impl Question {
    pub fn hidden(&self) -> Vec<u8> {
        self.hidden.encode_to_vec()
    }

    pub fn nothing(&self) -> Vec<u8> {
        match &self.nothing {
            Nothing::Never => of_nothing(&self.hidden).expect("it names something").encode_to_vec(),
            Nothing::This(asked) => asked.clone(),
        }
    }

    pub fn seen(&self) -> Vec<u8> {
        self.seen.clone().unwrap_or_else(|| self.hidden())
    }
}

/// Sets what is hidden. The person has signed a consent to the housing agency, where that can be.
pub async fn question(stage: &Stage<'_>, row: &Row, rpc: &Rpc) -> Question {
    let set = match row.hidden {
        Hidden::Delivery => "PeopleService/DeleteNoticeDelivery",
        _ => row.rpc,
    };
    let scene = stage.scene(set, Consented::Signed).await;
    let person = scene.person;
    let asked = |bytes: Vec<u8>| rpc.decode(&bytes);
    let (hidden, nothing, seen) = match row.hidden {
        Hidden::Named => (asked(scene.messages[0].clone()), Nothing::Never, None),
        Hidden::LargeNote => {
            let name = stage.world.large_note(&person).await.name;
            let get = notes::GetNoteRequest { name, version: 0 };
            (asked(get.encode_to_vec()), Nothing::Never, None)
        }
        Hidden::Delivery => {
            // The scene's request would take it away; nobody sends that.
            let list = people::ListNoticeDeliveriesRequest { person: person.name.clone() };
            (asked(list.encode_to_vec()), Nothing::Never, None)
        }
        Hidden::OfType => {
            let consult = notes::NoteType::Consult.into();
            let draft = notes::CreateNoteRequest { r#type: consult, ..note_about(&person.name) };
            served!(stage.world.clinician.notes(), create_note, draft);
            let of = |kind: notes::NoteType| notes::ListNotesRequest {
                person: person.name.clone(),
                r#type: kind.into(),
                ..Default::default()
            };
            let none = of(notes::NoteType::PlanOfCare).encode_to_vec();
            (asked(of(notes::NoteType::Consult).encode_to_vec()), Nothing::This(none), None)
        }
        Hidden::InState => {
            stage.world.referral(&person, false).await;
            let of = |state: referrals::ReferralState| referrals::ListReferralsRequest {
                person: person.name.clone(),
                state: state.into(),
                ..Default::default()
            };
            let none = of(referrals::ReferralState::Failed).encode_to_vec();
            let draft = of(referrals::ReferralState::Draft).encode_to_vec();
            (asked(draft), Nothing::This(none), None)
        }
        Hidden::Word => {
            let unknown = stage.world.person(stage.network).await;
            said(stage, &unknown, "She grows cloudberries at home.").await;
            let of = |query: &str| notes::SearchNotesRequest {
                people: vec![person.name.clone(), unknown.name.clone()],
                query: query.to_owned(),
                ..Default::default()
            };
            let none = of("boysenberries").encode_to_vec();
            (asked(of("cloudberries").encode_to_vec()), Nothing::This(none), None)
        }
        Hidden::OthersStaff => {
            // The case manager of the housing agency reads the person's notes.
            let list =
                notes::ListNotesRequest { person: person.name.clone(), ..Default::default() };
            served!(stage.world.manager.notes(), list_notes, list);
            let of = |who: &str| audit::ListAccessEventsRequest {
                scope: audit::AccessScope::ByOwnStaff.into(),
                practitioner: who.to_owned(),
                ..Default::default()
            };
            let none = of(&format!("cm-{}", Uuid::new_v4())).encode_to_vec();
            let own = of("dr-elm").encode_to_vec();
            (asked(of("cm-birch").encode_to_vec()), Nothing::This(none), Some(own))
        }
    };
    Question { person, hidden, nothing, seen }
}

/// A signed note of the clinic's in these words.
async fn said(stage: &Stage<'_>, person: &Person, words: &str) {
    let clinician = &stage.world.clinician;
    let body = words.to_owned();
    let sections = vec![notes::NoteSection { body, ..Default::default() }];
    let draft = notes::CreateNoteRequest { sections, ..note_about(&person.name) };
    let name = served!(clinician.notes(), create_note, draft).note.unwrap().name;
    let sign = notes::SignNoteRequest { request_id: request_id(), name, etag: String::new() };
    served!(clinician.notes(), sign_note, sign);
}
