//! Pages: newest first, each row once, tokens bound to their list.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::audit::v1::ListDisclosuresRequest;

use crate::world::*;

async fn page(client: &Client, size: i32, token: &str) -> (Vec<String>, String) {
    let request =
        ListDisclosuresRequest { page_size: size, page_token: token.to_owned(), ..asking(JANE) };
    let reply = client.list(request).await.unwrap();
    (decisions(&reply), reply.next_page_token)
}

/// Seven disclosures of Jane's, three of them at one instant, in the order of the accounting.
async fn seven(world: &World) -> Vec<String> {
    let mut events = Vec::new();
    for n in 0..7 {
        events.push(if (2..4).contains(&n) { world.read(JANE) } else { world.next_read(JANE) });
        events.push(world.read(ELSE));
    }
    for event in &events {
        world.notes.record(event.clone()).await.unwrap();
    }
    world.reaches("notes", 14).await;
    events.retain(|e| e.person == Some(JANE));
    events.sort_by_key(|e| std::cmp::Reverse((e.occurred_at, e.event_id)));
    events.iter().map(|e| e.decision_id.to_string()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = World::new().await;
    let audit = world.audit().await;
    let all = seven(&world).await;
    let jane = world.jane(&audit);
    for size in [1, 2, 3, 6, 7, 8, 200] {
        let (mut told, mut token) = page(&jane, size, "").await;
        while !token.is_empty() {
            let (more, next) = page(&jane, size, &token).await;
            assert!(!more.is_empty(), "no page is empty");
            told.extend(more);
            token = next;
        }
        assert_eq!(told, all, "{size} a page");
    }
}

#[tokio::test]
async fn what_happens_meanwhile_does_not_move_a_page() {
    let world = World::new().await;
    let audit = world.audit().await;
    let all = seven(&world).await;
    let jane = world.jane(&audit);
    let (_, token) = page(&jane, 3, "").await;
    world.notes.record(world.next_read(JANE)).await.unwrap();
    world.reaches("notes", 15).await;
    assert_eq!(page(&jane, 3, &token).await.0, all[3..6]);
}

fn refused(status: &Status) {
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn a_token_opens_only_for_its_caller_its_list_and_its_hour() {
    let world = World::new().await;
    let audit = world.audit().await;
    seven(&world).await;
    let jane = world.jane(&audit);
    let (_, token) = page(&jane, 3, "").await;
    let with = |token: &str| ListDisclosuresRequest {
        page_size: 3,
        page_token: token.to_owned(),
        ..asking(JANE)
    };

    // Another sign-in of the same person: nothing but the caller differs.
    world.bind("jane-too", JANE, None);
    let another = world.person(&audit, "jane-too");
    assert!(another.of(JANE).await.is_ok());
    refused(&another.list(with(&token)).await.unwrap_err());
    // Another person's list, and the other filter.
    let other = world.somebody_else(&audit);
    let foreign = ListDisclosuresRequest { page_token: token.clone(), ..asking(ELSE) };
    refused(&other.list(foreign).await.unwrap_err());
    let filtered = ListDisclosuresRequest { include_custodian_access: true, ..with(&token) };
    refused(&jane.list(filtered).await.unwrap_err());
    // Tampered with.
    let flipped: String = token
        .char_indices()
        .map(|(i, c)| if i == 30 { if c == 'A' { 'B' } else { 'A' } } else { c })
        .collect();
    for odd in [&*flipped, &token[..token.len() - 4], "AAAA", "?", " "] {
        refused(&jane.list(with(odd)).await.unwrap_err());
    }
    // It still opens, until it has ended.
    assert!(jane.list(with(&token)).await.is_ok());
    world.clock.advance(time::Duration::minutes(61));
    refused(&world.jane(&audit).list(with(&token)).await.unwrap_err());
}
