//! Requests of the person's rights over their notes.

use kernel::Role;
use trellis_tests::{Person, request_id, served};
use wire::notes::v1 as notes;

use crate::scene::{Stage, in_seconds, one};

impl Stage<'_> {
    /// Lists have two to list: a page of one has a next one.
    pub async fn rights(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let request_id = request_id();
        match rpc {
            "BlockRelease" => one(block_release(self.world.note(person).await.name)),
            "LiftBlock" => {
                let name = self.blocked(person).await;
                one(notes::LiftBlockRequest { request_id, name })
            }
            "RequestBlockReview" => {
                self.blocked(person).await;
                let person = person.name.clone();
                one(notes::RequestBlockReviewRequest { request_id, person })
            }
            "ListBlockReviews" => {
                self.reviewed(person).await;
                self.reviewed(person).await;
                one(notes::ListBlockReviewsRequest::default())
            }
            "DecideBlockReview" => one(notes::DecideBlockReviewRequest {
                request_id,
                name: self.reviewed(person).await,
                outcome: notes::BlockReviewOutcome::Upheld.into(),
                words: "As the chart says.".to_owned(),
            }),
            "RequestAmendment" => one(amendment(self.world.note(person).await.name)),
            "ListAmendmentRequests" => {
                self.asked(person).await;
                self.asked(person).await;
                let person = person.name.clone();
                one(notes::ListAmendmentRequestsRequest { person, ..Default::default() })
            }
            "ExtendAmendment" => one(notes::ExtendAmendmentRequest {
                request_id,
                name: self.asked(person).await,
                reason: "The author is away.".to_owned(),
            }),
            "DecideAmendment" => one(notes::DecideAmendmentRequest {
                request_id,
                name: self.asked(person).await,
                outcome: notes::AmendmentState::Denied.into(),
                ground: notes::AmendmentDenialGround::AccurateAndComplete.into(),
                words: "As the log says.".to_owned(),
                title: String::new(),
            }),
            "AddStatement" => one(notes::AddStatementRequest {
                request_id,
                note: self.world.note(person).await.name,
                words: "I see it otherwise.".to_owned(),
                ..notes::AddStatementRequest::default()
            }),
            _ => self.reading(rpc, person).await,
        }
    }

    /// A request of the person's that a note of the clinic be amended.
    async fn asked(&self, person: &Person) -> String {
        let ask = amendment(self.world.note(person).await.name);
        let reply = served!(person.actor.notes(), request_amendment, ask);
        reply.amendment.unwrap().name
    }

    /// A note that a doctor of the clinic keeps from the person.
    async fn blocked(&self, person: &Person) -> String {
        let name = self.world.note(person).await.name;
        let doctor = self.of_clinic("dr-yew", Role::Medical);
        served!(doctor.notes(), block_release, block_release(name.clone()));
        name
    }

    /// The review of such a block, which the person has asked for.
    async fn reviewed(&self, person: &Person) -> String {
        let note = self.blocked(person).await;
        let ask = notes::RequestBlockReviewRequest {
            request_id: request_id(),
            person: person.name.clone(),
        };
        served!(person.actor.notes(), request_block_review, ask);
        let officer = self.of_clinic("po-yew", Role::PrivacyOfficer);
        let mut page = notes::ListBlockReviewsRequest { page_size: 200, ..Default::default() };
        loop {
            let all = served!(officer.notes(), list_block_reviews, page.clone());
            let mut reviews = all.reviews.into_iter();
            if let Some(review) = reviews.find(|review| review.note == note) {
                return review.name;
            }
            assert!(!all.next_page_token.is_empty(), "the review is listed");
            page.page_token = all.next_page_token;
        }
    }
}

fn amendment(note: String) -> notes::RequestAmendmentRequest {
    let words = "I came on Tuesdays, too.".to_owned();
    notes::RequestAmendmentRequest { request_id: request_id(), note, words }
}

fn block_release(name: String) -> notes::BlockReleaseRequest {
    notes::BlockReleaseRequest {
        request_id: request_id(),
        name,
        exception: notes::ReleaseException::Endangers.into(),
        grounds: "Names who told us.".to_owned(),
        until_time: Some(in_seconds(86_400)),
        ..notes::BlockReleaseRequest::default()
    }
}
