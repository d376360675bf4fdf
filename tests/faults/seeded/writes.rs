//! Writes, each by whoever may, so that the same one can be sent again.

use tonic::Status;
use trellis_tests::World;
use wire::{
    common::v1::Disclosure,
    consent::v1::{DraftConsentRequest, RevokeConsentRequest, SignConsentRequest},
    notes::v1::{AppendNoteRequest, CreateNoteRequest, SignNoteRequest},
    people::v1::RegisterPersonRequest,
    referrals::v1::{
        AcceptReferralRequest, CompleteReferralRequest, CreateReferralRequest, Referral,
    },
};

use super::{
    book::{Answer, Book, DEADLINE},
    lane::Lane,
};

#[derive(Debug, Clone)]
pub enum Write {
    Create(CreateNoteRequest),
    Sign(SignNoteRequest),
    Append(AppendNoteRequest),
    Refer(CreateReferralRequest),
    Accept(AcceptReferralRequest),
    Complete(CompleteReferralRequest),
    Draft(Box<DraftConsentRequest>, usize),
    Grant(SignConsentRequest, usize),
    Revoke(RevokeConsentRequest, usize),
    Register(RegisterPersonRequest),
}

impl Write {
    /// As the contract calls it.
    pub fn rpc(&self) -> &'static str {
        match self {
            Self::Create(_) => "CreateNote",
            Self::Sign(_) => "SignNote",
            Self::Append(_) => "AppendNote",
            Self::Refer(_) => "CreateReferral",
            Self::Accept(_) => "AcceptReferral",
            Self::Complete(_) => "CompleteReferral",
            Self::Draft(..) => "DraftConsent",
            Self::Grant(..) => "SignConsent",
            Self::Revoke(..) => "RevokeConsent",
            Self::Register(_) => "RegisterPerson",
        }
    }

    pub fn request_id(&self) -> &str {
        match self {
            Self::Create(r) => &r.request_id,
            Self::Sign(r) => &r.request_id,
            Self::Append(r) => &r.request_id,
            Self::Refer(r) => &r.request_id,
            Self::Accept(r) => &r.request_id,
            Self::Complete(r) => &r.request_id,
            Self::Draft(r, _) => &r.request_id,
            Self::Grant(r, _) => &r.request_id,
            Self::Revoke(r, _) => &r.request_id,
            Self::Register(r) => &r.request_id,
        }
    }

    /// Sends it, once.
    pub async fn send(&self, book: &Book, world: &World, lanes: &[Lane]) -> Result<Answer, Status> {
        let clinician = world.clinician.with_deadline(DEADLINE);
        // Every purpose that is asserted must be covered, and the consent does not name TREAT.
        let sender = clinician.with_purposes(["COC"]);
        let manager = world.manager.with_deadline(DEADLINE);
        let grantor = |lane: usize| lanes[lane].person.actor.with_deadline(DEADLINE);
        macro_rules! sent {
            ($service:literal, $client:expr, $method:ident, $request:expr, $what:ident) => {
                sent!($service, $client, $method, $request, $what, as_it_is)
            };
            ($service:literal, $client:expr, $method:ident, $request:expr, $what:ident, $bare:expr) => {{
                let (mut client, request) = ($client, $request.clone());
                let reply = book.call($service, client.$method(request)).await?;
                disclosed(book, $service, reply.disclosure.as_ref());
                let mut what = reply.$what.unwrap();
                $bare(&mut what);
                let text = format!("{what:?}");
                let text_sha256 = String::new();
                Ok(Answer { name: what.name, etag: what.etag, text_sha256, text })
            }};
        }
        macro_rules! agreed {
            ($client:expr, $method:ident, $request:expr) => {{
                let (mut client, request) = ($client, $request.clone());
                let reply = book.call("consent", client.$method(request)).await?;
                let what = reply.consent.unwrap();
                let text = format!("{what:?}");
                let etag = String::new();
                Ok(Answer { name: what.name, etag, text_sha256: what.text_sha256, text })
            }};
        }
        match self {
            Self::Create(r) => sent!("notes", clinician.notes(), create_note, r, note),
            Self::Sign(r) => sent!("notes", clinician.notes(), sign_note, r, note),
            Self::Append(r) => sent!("notes", clinician.notes(), append_note, r, note),
            Self::Refer(r) => {
                sent!("referrals", sender.referrals(), create_referral, r, referral, bare)
            }
            Self::Accept(r) => {
                sent!("referrals", manager.referrals(), accept_referral, r, referral, bare)
            }
            Self::Complete(r) => {
                sent!("referrals", manager.referrals(), complete_referral, r, referral, bare)
            }
            Self::Draft(r, lane) => agreed!(grantor(*lane).consents(), draft_consent, (**r)),
            Self::Grant(r, lane) => agreed!(grantor(*lane).consents(), sign_consent, r),
            Self::Revoke(r, lane) => agreed!(grantor(*lane).consents(), revoke_consent, r),
            Self::Register(r) => {
                let (mut client, request) = (clinician.people(), r.clone());
                let reply = book.call("people", client.register_person(request)).await?;
                let person = reply.person.unwrap();
                let text = format!("{person:?}");
                let (etag, text_sha256) = (String::new(), String::new());
                Ok(Answer { name: person.name, etag, text_sha256, text })
            }
        }
    }
}

fn as_it_is<T>(_: &mut T) {}

/// What the person prefers is asked for whenever a referral is shown, and is no part of the answer that is
/// kept.
fn bare(referral: &mut Referral) {
    referral.contact_rule = 0;
}

fn disclosed(book: &Book, by: &'static str, disclosure: Option<&Disclosure>) {
    book.given(by, disclosure.map_or("", |d| d.decision_id.as_str()));
}
