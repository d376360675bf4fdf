//! Those who write: each lane has a person of its own, and does with their referrals all that moves them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tonic::{Code, Status};
use trellis_tests::{Actor, BOUND, Network, referral_of, registration, request_id, terms};
use uuid::Uuid;
use wire::{
    consent::v1::{DraftConsentRequest, RevokeConsentRequest, SignConsentRequest},
    people::v1::{AcceptInvitationRequest, InvitePersonRequest},
    referrals::v1::{self as pb, ContactChannel, ContactResult, Outcome, PersonAnswer},
};

const WHY: &str = "As agreed";
/// Of one person: what a change of their consents concerns is all that was ever sent about them.
const CYCLES: usize = 16;
const PAUSE: Duration = Duration::from_millis(20);

/// An agency and one of its staff.
#[derive(Clone)]
pub struct Side {
    pub agency: String,
    pub staff: Actor,
}

/// Who writes, until it is enough.
pub struct Lane {
    pub network: Arc<Network>,
    pub source: Side,
    pub targets: [Side; 2],
    /// Changes that were acknowledged.
    pub written: Arc<AtomicUsize>,
    pub enough: Arc<AtomicBool>,
}

struct Person {
    name: String,
    actor: Actor,
}

enum Verb {
    Send,
    Accept,
    Start,
    Hold,
    Resume,
    Complete,
    Fail,
    Cancel,
    Reopen,
    Contact,
}

/// Through kills, too, for as long as it takes: whatever was not refused is asked again, with the same
/// `request_id`. None: refused, as by now it may be.
async fn unless_refused<T, F>(what: &str, mut call: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    let begun = Instant::now();
    loop {
        let refused = match call().await {
            Ok(reply) => return Some(reply.into_inner()),
            Err(status) => status,
        };
        match refused.code() {
            Code::FailedPrecondition | Code::NotFound | Code::PermissionDenied => return None,
            Code::InvalidArgument | Code::Unauthenticated => panic!("{what}: {refused:?}"),
            _ => assert!(begun.elapsed() < BOUND, "{what}: {refused:?}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

macro_rules! kept {
    ($client:expr, $method:ident, $request:expr) => {{
        let request = $request;
        let call = || {
            let (mut client, request) = ($client, request.clone());
            async move { client.$method(request).await }
        };
        unless_refused(stringify!($method), call).await
    }};
}

impl Lane {
    /// Without end, until it is enough.
    pub async fn run(self) {
        loop {
            let person = self.person().await;
            let [one, other] = &self.targets;
            let mut consent = self.agree(&person, one).await;
            self.agree(&person, other).await;
            for cycle in 0..CYCLES {
                if self.enough.load(SeqCst) {
                    return;
                }
                let _ = match cycle % 4 {
                    0 => self.straight(&person).await,
                    1 => self.contested(&person).await,
                    2 => self.together(&person).await,
                    _ => self.withdrawn(&person, &mut consent, cycle).await,
                };
            }
        }
    }

    /// Somebody new, known to the source.
    async fn person(&self) -> Person {
        let staff = &self.source.staff;
        let registered = kept!(staff.people(), register_person, registration()).unwrap();
        let name = registered.person.unwrap().name;
        let invite = InvitePersonRequest { request_id: request_id(), person: name.clone() };
        let code = kept!(staff.people(), invite_person, invite).unwrap().code;
        let sub = format!("person-{}", Uuid::new_v4());
        let actor = self.network.actor(self.network.tokens.person(&sub));
        let accept = AcceptInvitationRequest { request_id: request_id(), code };
        kept!(actor.people(), accept_invitation, accept).unwrap();
        Person { name, actor }
    }

    /// A consent that lets this agency read and be asked; its name.
    async fn agree(&self, person: &Person, to: &Side) -> String {
        let draft = DraftConsentRequest {
            request_id: request_id(),
            person: person.name.clone(),
            terms: Some(terms(&self.source.agency, &to.agency)),
            language: String::new(),
        };
        let draft = kept!(self.source.staff.consents(), draft_consent, draft).unwrap();
        let draft = draft.consent.unwrap();
        let sign = SignConsentRequest {
            request_id: request_id(),
            name: draft.name.clone(),
            text_sha256: draft.text_sha256,
        };
        kept!(person.actor.consents(), sign_consent, sign).unwrap();
        draft.name
    }

    async fn revoke(&self, person: &Person, consent: String) {
        let revoke = RevokeConsentRequest { request_id: request_id(), name: consent, word: 0 };
        kept!(person.actor.consents(), revoke_consent, revoke).unwrap();
    }

    /// One more change, if it was taken up.
    fn counted<T>(&self, done: Option<T>) -> Option<T> {
        if done.is_some() {
            self.written.fetch_add(1, SeqCst);
        }
        done
    }

    async fn create(
        &self,
        person: &Person,
        target: &Side,
        send: bool,
        group: &str,
    ) -> Option<String> {
        let new = pb::CreateReferralRequest {
            group: group.to_owned(),
            ..referral_of(&person.name, &target.agency, send)
        };
        let created = kept!(self.source.staff.referrals(), create_referral, new);
        self.counted(created).map(|reply| reply.referral.unwrap().name)
    }

    async fn answer(&self, person: &Person, name: &str, answer: PersonAnswer) -> Option<()> {
        let said = pb::RespondToReferralRequest {
            request_id: request_id(),
            name: name.to_owned(),
            answer: answer.into(),
            words: String::new(),
        };
        let said = kept!(person.actor.referrals(), respond_to_referral, said);
        self.counted(said).map(|_| ())
    }

    async fn go(&self, by: &Side, verb: Verb, name: &str) -> Option<()> {
        let (referrals, request_id, name) =
            (|| by.staff.referrals(), request_id(), name.to_owned());
        let (etag, reason) = (String::new(), WHY.to_owned());
        let done = match verb {
            Verb::Send => {
                let asked = pb::SendReferralRequest { request_id, name, etag };
                kept!(referrals(), send_referral, asked).map(|_| ())
            }
            Verb::Accept => {
                let asked = pb::AcceptReferralRequest { request_id, name, etag };
                kept!(referrals(), accept_referral, asked).map(|_| ())
            }
            Verb::Start => {
                let asked = pb::StartReferralRequest { request_id, name, etag };
                kept!(referrals(), start_referral, asked).map(|_| ())
            }
            Verb::Resume => {
                let asked = pb::ResumeReferralRequest { request_id, name, etag };
                kept!(referrals(), resume_referral, asked).map(|_| ())
            }
            Verb::Hold => {
                let enrollment = 0;
                let asked = pb::HoldReferralRequest { request_id, name, etag, reason, enrollment };
                kept!(referrals(), hold_referral, asked).map(|_| ())
            }
            Verb::Cancel => {
                let asked = pb::CancelReferralRequest { request_id, name, etag, reason };
                kept!(referrals(), cancel_referral, asked).map(|_| ())
            }
            Verb::Reopen => {
                let asked = pb::ReopenReferralRequest { request_id, name, etag, reason };
                kept!(referrals(), reopen_referral, asked).map(|_| ())
            }
            Verb::Complete => {
                let asked = pb::CompleteReferralRequest {
                    request_id,
                    name,
                    outcome: Outcome::GotHelp.into(),
                    ..pb::CompleteReferralRequest::default()
                };
                kept!(referrals(), complete_referral, asked).map(|_| ())
            }
            Verb::Fail => {
                let asked = pb::FailReferralRequest {
                    request_id,
                    name,
                    reason,
                    outcome: Outcome::CouldNotContact.into(),
                    ..pb::FailReferralRequest::default()
                };
                kept!(referrals(), fail_referral, asked).map(|_| ())
            }
            Verb::Contact => {
                let asked = pb::RecordContactRequest {
                    request_id,
                    name,
                    channel: ContactChannel::Phone.into(),
                    result: ContactResult::NoAnswer.into(),
                    ..pb::RecordContactRequest::default()
                };
                kept!(referrals(), record_contact, asked).map(|_| ())
            }
        };
        self.counted(done)
    }

    /// From its sending to its end.
    async fn straight(&self, person: &Person) -> Option<()> {
        let (source, [target, _]) = (&self.source, &self.targets);
        let name = self.create(person, target, true, "").await?;
        self.go(source, Verb::Contact, &name).await;
        self.go(target, Verb::Accept, &name).await;
        self.go(target, Verb::Start, &name).await;
        self.go(target, Verb::Contact, &name).await;
        self.go(target, Verb::Hold, &name).await;
        self.go(target, Verb::Resume, &name).await;
        self.answer(person, &name, PersonAnswer::Yes).await;
        self.go(target, Verb::Complete, &name).await
    }

    /// Accepted and cancelled at once; and given up again and again.
    async fn contested(&self, person: &Person) -> Option<()> {
        let (source, [_, target]) = (&self.source, &self.targets);
        let name = self.create(person, target, false, "").await?;
        self.go(source, Verb::Send, &name).await;
        tokio::join!(
            self.go(target, Verb::Accept, &name),
            self.go(source, Verb::Cancel, &name),
            self.answer(person, &name, PersonAnswer::Asks),
        );
        self.go(source, Verb::Reopen, &name).await;
        self.go(target, Verb::Accept, &name).await;
        self.go(target, Verb::Fail, &name).await;
        self.go(source, Verb::Reopen, &name).await;
        self.go(source, Verb::Cancel, &name).await
    }

    /// Two are asked for the same: one accepts, the other is cancelled by the network; then the person's no.
    async fn together(&self, person: &Person) -> Option<()> {
        let [one, other] = &self.targets;
        let first = self.create(person, one, true, "").await?;
        let second = self.create(person, other, true, &first).await?;
        tokio::join!(
            self.go(one, Verb::Accept, &first),
            self.go(other, Verb::Accept, &second),
            self.go(&self.source, Verb::Contact, &second),
        );
        self.answer(person, &first, PersonAnswer::No).await;
        self.answer(person, &second, PersonAnswer::No).await
    }

    /// The consent ends under way, and there is a new one, sooner or later.
    async fn withdrawn(&self, person: &Person, consent: &mut String, cycle: usize) -> Option<()> {
        let (source, [target, _]) = (&self.source, &self.targets);
        let name = self.create(person, target, true, "").await?;
        self.go(target, Verb::Accept, &name).await;
        let other = self.create(person, target, true, "").await?;
        self.revoke(person, std::mem::take(consent)).await;
        for _ in 0..cycle % 3 {
            self.go(source, Verb::Contact, &name).await;
        }
        self.go(source, Verb::Cancel, &other).await;
        *consent = self.agree(person, target).await;
        self.go(source, Verb::Contact, &other).await;
        self.go(target, Verb::Start, &name).await;
        self.go(target, Verb::Complete, &name).await
    }
}
