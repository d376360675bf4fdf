//! Secrets that are kept nowhere: derived from one of the network's, by webhook and generation.

use aws_lc_rs::hmac;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use uuid::Uuid;

/// What all secrets and ids come from.
#[derive(Clone)]
pub struct Secrets(hmac::Key);

impl Secrets {
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn derived(&self, what: &str, id: Uuid, number: i64) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(what.as_bytes());
        context.update(id.as_bytes());
        context.update(&number.to_be_bytes());
        context.sign()
    }

    fn key(&self, id: Uuid, generation: i32) -> hmac::Tag {
        self.derived("trellis webhook secret v1 ", id, i64::from(generation))
    }

    /// As whose it is is shown it.
    pub fn shown(&self, id: Uuid, generation: i32) -> String {
        format!("whsec_{}", STANDARD.encode(self.key(id, generation)))
    }

    /// The same in every delivery of one event to one webhook, and tells nothing of the event's number.
    pub fn message_id(&self, id: Uuid, event: i64) -> String {
        let tag = self.derived("trellis webhook message v1 ", id, event);
        let short = tag.as_ref().get(..18).unwrap_or_default();
        format!("msg_{}", URL_SAFE_NO_PAD.encode(short))
    }

    /// Any number up to 255, another one for each failure.
    pub fn jitter(&self, id: Uuid, failures: i32) -> u8 {
        let tag = self.derived("trellis webhook jitter v1 ", id, i64::from(failures));
        tag.as_ref().first().copied().unwrap_or_default()
    }

    /// The header `webhook-signature`, with each of these generations.
    pub(super) fn signature(
        &self,
        id: Uuid,
        generations: impl IntoIterator<Item = i32>,
        signed: &str,
    ) -> String {
        let one = |generation| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, self.key(id, generation).as_ref());
            format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
        };
        generations.into_iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_ids_are_each_webhooks_own_and_stay_the_same() {
        let (secrets, other) = (Secrets::new(&[7; 32]), Secrets::new(&[8; 32]));
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(secrets.shown(a, 1), Secrets::new(&[7; 32]).shown(a, 1));
        let all = [
            secrets.shown(a, 1),
            secrets.shown(a, 2),
            secrets.shown(b, 1),
            other.shown(a, 1),
            secrets.message_id(a, 1),
            secrets.message_id(a, 2),
            secrets.message_id(b, 1),
        ];
        let set: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(set.len(), all.len());
        assert!(secrets.shown(a, 1).starts_with("whsec_"));
        assert!(!secrets.message_id(a, 1).contains('.'));
        let both = secrets.signature(a, [2, 1], "x");
        let each = [2, 1].map(|generation| secrets.signature(a, [generation], "x"));
        assert_eq!(both, each.join(" "));
    }
}
