//! Requests of those who read notes together.

use trellis_tests::{Person, request_id, served};
use wire::notes::v1 as notes;

use crate::scene::{Stage, one};

impl Stage<'_> {
    /// Lists have two to list: a page of one has a next one.
    pub async fn reading(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let name = self.world.note(person).await.name;
        match rpc {
            "AcknowledgeNote" => one(acknowledge(name)),
            "ListAcknowledgements" => {
                // The caller's own agency is always among them.
                for actor in [&self.world.clinician, &person.actor] {
                    served!(actor.notes(), acknowledge_note, acknowledge(name.clone()));
                }
                one(notes::ListAcknowledgementsRequest { note: name, ..Default::default() })
            }
            "AskQuestion" => one(ask(name)),
            "AnswerQuestion" => {
                let asked = served!(person.actor.notes(), ask_question, ask(name));
                one(notes::AnswerQuestionRequest {
                    request_id: request_id(),
                    name: asked.question.unwrap().name,
                    words: "On Tuesdays.".to_owned(),
                })
            }
            "ListQuestions" => {
                for _ in 0..2 {
                    served!(person.actor.notes(), ask_question, ask(name.clone()));
                }
                one(notes::ListQuestionsRequest { note: name, ..Default::default() })
            }
            "ListUnread" => {
                self.world.note(person).await;
                let people = vec![person.name.clone()];
                one(notes::ListUnreadRequest { people, ..Default::default() })
            }
            _ => self.missing(rpc),
        }
    }
}

fn acknowledge(name: String) -> notes::AcknowledgeNoteRequest {
    notes::AcknowledgeNoteRequest { request_id: request_id(), name, version: 1 }
}

fn ask(note: String) -> notes::AskQuestionRequest {
    let words = "When do I come?".to_owned();
    notes::AskQuestionRequest { request_id: request_id(), note, words, roles: Vec::new() }
}
