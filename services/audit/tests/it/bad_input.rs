//! Bad input names every field at once.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::audit::v1::ListDisclosuresRequest;

use crate::world::*;

async fn fields(client: &Client, request: ListDisclosuresRequest) -> Vec<String> {
    named(&client.list(request).await.unwrap_err())
}

/// The fields that a refusal names.
pub fn named(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    let mut fields: Vec<String> = violations.iter().map(|v| v.field.clone()).collect();
    fields.sort_unstable();
    fields
}

#[tokio::test]
async fn all_fields_that_are_wrong_are_named_at_once() {
    let world = World::new().await;
    let audit = world.audit().await;
    let jane = world.jane(&audit);
    let wrong = ListDisclosuresRequest {
        page_size: -1,
        page_token: "x".repeat(1001),
        person: "people/jane".into(),
        include_custodian_access: false,
        include_audit_events: false,
    };
    assert_eq!(fields(&jane, wrong).await, ["page_size", "page_token", "person"]);
    let many = ListDisclosuresRequest { page_size: 201, ..asking(JANE) };
    assert_eq!(fields(&jane, many).await, ["page_size"]);
    for odd in [
        String::new(),
        format!("people/{}", JANE.to_string().to_uppercase() + "A"),
        format!("people/{}", JANE.simple()),
        format!("notes/{JANE}"),
        format!("people/{JANE}\n"),
        format!("people/{JANE}' OR ''='"),
        format!("people/{}", Uuid::nil()),
        "people/\u{0}".into(),
        "x".repeat(1_000_000),
    ] {
        let request = ListDisclosuresRequest { person: odd.clone(), ..asking(JANE) };
        assert_eq!(fields(&jane, request).await, ["person"], "{odd:.60}");
    }
    assert!(jane.of(JANE).await.is_ok(), "and the next good request works");
}
