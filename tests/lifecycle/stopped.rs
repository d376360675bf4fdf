//! A store stopped in the middle of its work, a revocation that returns meanwhile, and the work let
//! go on: what is released or committed after that is a violation, whatever was decided before.

use pg::hold::{Hold, Mode};
use tonic::{Code, Status};
use trellis_tests::{BOUND, Person, Processes, World, reached, request_id, until};
use wire::{
    notes::v1::{GetNoteRequest, ListNotesRequest},
    referrals::v1::{AcceptReferralRequest, GetReferralRequest, ReferralState},
};

use crate::rounds;

/// Rounds of each kind, of `TRELLIS_ROUNDS` a fiftieth: each takes a quarter of a second.
fn some() -> usize {
    (rounds(400) / 50).max(4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_served_whose_release_begins_after_a_revocation_has_returned() {
    let processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    let note = world.note(&person).await.name;
    let (mut lists, mut gets) = (0, 0);
    for _ in 0..some() {
        let consent = world.consent(&person, &world.agencies.housing).await;
        let list = || ListNotesRequest { person: person.name.clone(), ..Default::default() };
        let before = world.manager.notes().list_notes(list()).await.unwrap().into_inner();
        assert_eq!(before.notes.len(), 1, "the consent opens it");
        // Both have been let in by now; the list's first decision has been made.
        let url = processes.admin_url();
        let mut hold = Hold::table(&url, "notes", "note_version", Mode::Everything).await.unwrap();
        let (mut lister, mut getter) = (world.manager.notes(), world.manager.notes());
        let (list, name) = (list(), note.clone());
        let listing = tokio::spawn(async move { lister.list_notes(list).await });
        let getting =
            tokio::spawn(async move { getter.get_note(GetNoteRequest { name, version: 0 }).await });
        reached(&mut hold).await;
        world.revoke(&person, &consent).await;
        hold.let_go().await.unwrap();
        // On a busy machine the table is held for too long, and nothing is released for that reason.
        let too_long = |status: Status| {
            let reason = client::reason(&status).map(|told| told.reason);
            assert_eq!(reason.as_deref(), Some("OVERLOADED"), "{status:?}");
        };
        match listing.await.unwrap() {
            Ok(listed) => {
                let none = listed.into_inner().notes.is_empty();
                assert!(none, "a list was released after the revocation had returned");
                lists += 1;
            }
            Err(status) => too_long(status),
        }
        match getting.await.unwrap().expect_err("a note was released after it") {
            status if status.code() == Code::NotFound => gets += 1,
            status => too_long(status),
        }
    }
    assert!(lists > 0 && gets > 0, "{lists} lists and {gets} notes: not all was tested");
    // Services that ask themselves whether all stands still do so by connections of their own.
    let beside = trellis_tests::beside(&processes.admin_url()).await;
    assert_eq!(beside, ["trellis-people-beside", "trellis-recovery-beside"]);
}

async fn sent(world: &World, person: &Person) -> String {
    world.referral(person, true).await.name
}

/// What the referral's source sees of its moves.
async fn moves(world: &World, name: &str) -> Vec<i32> {
    let get = GetReferralRequest { name: name.to_owned() };
    let referral = world.clinician.referrals().get_referral(get).await.unwrap().into_inner();
    referral.referral.unwrap().moves.iter().map(|m| m.state).collect()
}

async fn no_write_commits(table: &str, mode: Mode) {
    let processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    for _ in 0..some() {
        let consent = world.consent(&person, &world.agencies.housing).await;
        let name = sent(&world, &person).await;
        let url = processes.admin_url();
        let mut hold = Hold::table(&url, "referrals", table, mode).await.unwrap();
        let mut desk = world.manager.referrals();
        let accept = AcceptReferralRequest {
            request_id: request_id(),
            name: name.clone(),
            etag: String::new(),
        };
        let accepting = tokio::spawn(async move { desk.accept_referral(accept).await });
        reached(&mut hold).await;
        world.revoke(&person, &consent).await;
        hold.let_go().await.unwrap();
        accepting.await.unwrap().expect_err("a write committed after the revocation had returned");
        let on_hold = i32::from(ReferralState::OnHold);
        until("the referral is on hold", BOUND, || async {
            (moves(&world, &name).await.last() == Some(&on_hold)).then_some(())
        })
        .await;
        let accepted = i32::from(ReferralState::Accepted);
        assert!(!moves(&world, &name).await.contains(&accepted), "it was accepted all the same");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_commits_that_was_permitted_before_a_revocation_and_stopped_before_its_change() {
    no_write_commits("referral", Mode::Changes).await;
}

// The narrower window: the consent service has said "still live", and COMMIT has not begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_commits_that_was_asked_about_before_a_revocation_and_stopped_before_its_commit() {
    no_write_commits("ledger_head", Mode::Everything).await;
}
