//! What the messages of the moves have in common.

use prost::Message;
use wire::{common::v1 as common, referrals::v1 as pb};

/// A request that moves a referral.
pub trait Moves: Message {
    /// What is wrong with it.
    fn check(&self) -> rpc::Check;
    fn request_id(&self) -> &str;
    fn name(&self) -> &str;
    fn etag(&self) -> &str;
}

/// A reply that holds a referral.
pub trait Shows: Message + Default + 'static {
    fn of(referral: pb::Referral) -> Self;
    fn referral(&mut self) -> Option<&mut pb::Referral>;
    fn disclose(&mut self, disclosure: common::Disclosure);
}

macro_rules! moves {
    ($($request:ident),+ $(,)?) => {$(
        impl Moves for pb::$request {
            fn check(&self) -> rpc::Check {
                let ids = [("request_id", &*self.request_id), ("name", &*self.name)];
                rpc::check(self).ids(&ids)
            }
            fn request_id(&self) -> &str {
                &self.request_id
            }
            fn name(&self) -> &str {
                &self.name
            }
            fn etag(&self) -> &str {
                &self.etag
            }
        }
    )+};
}
moves!(
    SendReferralRequest,
    AcceptReferralRequest,
    RejectReferralRequest,
    StartReferralRequest,
    HoldReferralRequest,
    ResumeReferralRequest,
    CompleteReferralRequest,
    FailReferralRequest,
    CancelReferralRequest,
    ReopenReferralRequest,
    MarkEnteredInErrorRequest,
);

macro_rules! shows {
    ($($reply:ident),+ $(,)?) => {$(
        impl Shows for pb::$reply {
            fn of(referral: pb::Referral) -> Self {
                Self { referral: Some(referral), disclosure: None }
            }
            fn referral(&mut self) -> Option<&mut pb::Referral> {
                self.referral.as_mut()
            }
            fn disclose(&mut self, disclosure: common::Disclosure) {
                self.disclosure = Some(disclosure);
            }
        }
    )+};
}
shows!(
    CreateReferralResponse,
    CreateSubReferralResponse,
    SendReferralResponse,
    AcceptReferralResponse,
    RejectReferralResponse,
    StartReferralResponse,
    HoldReferralResponse,
    ResumeReferralResponse,
    CompleteReferralResponse,
    FailReferralResponse,
    CancelReferralResponse,
    ReopenReferralResponse,
    MarkEnteredInErrorResponse,
    RespondToReferralResponse,
    RecordContactResponse,
    AddFeedbackResponse,
);
