//! Numbers without people.

use kernel::{Clock as _, Role};
use pg::hold::{Hold, Mode};
use testkit::fakes::{Staff, bearer, until};
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    convert::name_of,
    referrals::v1::{self as pb, Outcome, ReportSide},
};

use crate::world::{CLINIC, HOUSING, OTHER, REFUGE, Verb, World, fields, fresh, new, refused};

const FOOD: &str = "102-01";

fn person(n: u128) -> Uuid {
    Uuid::from_u128(0xc000_0000_0000_4000_8000_0000_0000_0000 | n)
}

/// Sent by the clinic to housing about one of many people, and accepted an hour times their number later.
async fn referred(world: &World, n: u128, need: &str) -> pb::Referral {
    let who = person(n);
    world.people.register(who, CLINIC);
    world.agree(who, CLINIC, HOUSING);
    let asked = pb::CreateReferralRequest {
        person: name_of("people", who),
        need_category: need.to_owned(),
        send: true,
        ..new(who, HOUSING)
    };
    world.create(CLINIC, asked).await.unwrap()
}

async fn report_as(
    world: &World,
    token: &str,
    quarter: &str,
    side: ReportSide,
) -> Result<Vec<pb::ReportRow>, Status> {
    let asked = pb::GetReferralReportRequest { quarter: quarter.to_owned(), side: side.into() };
    let reply = world.client.clone().get_referral_report(bearer(token, asked)).await?.into_inner();
    assert_eq!(reply.quarter, quarter);
    Ok(reply.rows)
}

fn admin(world: &World, agency: Uuid) -> String {
    world.sign_ins.staff(&Staff::of(agency, "ada").roles([Role::AgencyAdmin]))
}

fn network(world: &World) -> String {
    world.sign_ins.mint(&identity::Mint {
        kind: identity::Asserts::Network,
        sub: "ned".to_owned(),
        agency: None,
        client_id: None,
        roles: [Role::DataSteward].into(),
        purposes: kernel::CodeSet::EMPTY,
        ttl: time::Duration::HOUR,
        proofed: false,
    })
}

fn told(count: &Option<pb::ReportCount>) -> Option<i64> {
    let count = count.as_ref().expect("every count is there");
    assert!(!count.withheld || count.count == 0);
    (!count.withheld).then_some(count.count)
}

#[tokio::test]
async fn an_agency_reads_what_became_of_its_own_and_nothing_about_fewer_than_eleven() {
    let world = World::new().await;
    let mut food = Vec::new();
    for n in 1..=24 {
        food.push(referred(&world, n, FOOD).await);
    }
    // Twenty about one person are about one person.
    for _ in 0..20 {
        referred(&world, 99, "103-02").await;
    }
    for n in 1..=11 {
        referred(&world, n, "").await;
    }
    world.clock.advance(time::Duration::minutes(61));
    for (n, one) in food.iter().enumerate() {
        match n {
            0..12 => {
                world.go(Verb::Accept, HOUSING, &one.name).await.unwrap();
                world.go(Verb::Complete, HOUSING, &one.name).await.unwrap();
            }
            12..23 => {
                let asked = crate::world::Move {
                    outcome: if n < 15 { Outcome::NoCapacity } else { Outcome::NotEligible }.into(),
                    ..crate::world::Move::of(&one.name)
                };
                Verb::Reject.ask(&world, &world.staff(HOUSING), asked).await.unwrap();
            }
            _ => {}
        }
    }
    world.clock.advance(time::Duration::days(20));
    referrals::look_for_unanswered(&world.app).await.unwrap();
    let clinic = admin(&world, CLINIC);
    // The quarter is not over.
    let early = report_as(&world, &clinic, "2041-Q1", ReportSide::Sent).await.unwrap_err();
    assert_eq!(fields(&early), ["quarter"]);
    // Nor a day ago.
    world.clock.advance(time::Duration::days(11));
    let clinic = admin(&world, CLINIC);
    let early = report_as(&world, &clinic, "2041-Q1", ReportSide::Sent).await.unwrap_err();
    assert_eq!(fields(&early), ["quarter"]);
    world.clock.advance(time::Duration::days(9));
    let clinic = admin(&world, CLINIC);

    let rows = report_as(&world, &clinic, "2041-Q1", ReportSide::Sent).await.unwrap();
    let needs: Vec<_> = rows.iter().map(|row| &*row.need_category).collect();
    assert_eq!(needs, ["", "102", "103"]);
    let [unsaid, food, other] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((told(&unsaid.sent), told(&unsaid.accepted)), (Some(11), Some(0)));
    assert_eq!((told(&unsaid.overdue), told(&unsaid.unmet)), (Some(11), Some(0)));
    assert_eq!(
        (told(&other.sent), told(&other.overdue), told(&other.unmet)),
        (None, None, Some(0))
    );
    assert_eq!(told(&food.sent), Some(24));
    assert_eq!((told(&food.accepted), told(&food.completed)), (Some(12), Some(12)));
    assert_eq!((told(&food.rejected), told(&food.failed)), (None, Some(0)));
    assert_eq!(food.median_hours_to_acceptance, 2, "61 minutes");
    // One was not answered: without what was rejected nobody can tell.
    assert_eq!((told(&food.overdue), told(&food.unmet)), (None, None));
    let outcomes: Vec<_> = food.outcomes.iter().map(|o| (o.outcome(), told(&o.count))).collect();
    let expected =
        [(Outcome::GotHelp, None), (Outcome::NotEligible, None), (Outcome::NoCapacity, None)];
    assert_eq!(outcomes, expected, "they add up to what was rejected");
    let housing: Vec<_> =
        food.housing_results.iter().map(|h| (h.housing_result(), told(&h.count))).collect();
    let (client, provider) =
        (pb::HousingResult::ClientAccepted, pb::HousingResult::ProviderRejected);
    assert_eq!(housing, [(client, None), (provider, None)]);
    let enrolled: Vec<_> =
        food.enrollments.iter().map(|e| (e.enrollment(), told(&e.count))).collect();
    assert_eq!(enrolled, [(pb::Enrollment::Enrolled, None)]);

    // What one sent the other was sent; and neither is the third's.
    let theirs = report_as(&world, &admin(&world, HOUSING), "2041-Q1", ReportSide::Received).await;
    assert_eq!(theirs.unwrap(), rows);
    for (agency, side) in
        [(HOUSING, ReportSide::Sent), (CLINIC, ReportSide::Received), (OTHER, ReportSide::Sent)]
    {
        let none = report_as(&world, &admin(&world, agency), "2041-Q1", side).await.unwrap();
        assert_eq!(none, []);
    }
    // The network's is of all.
    let network = network(&world);
    let all = report_as(&world, &network, "2041-Q1", ReportSide::Unspecified).await.unwrap();
    assert_eq!(all, rows);
    let side = report_as(&world, &network, "2041-Q1", ReportSide::Sent).await.unwrap_err();
    assert_eq!(fields(&side), ["side"]);
    let before = report_as(&world, &clinic, "2040-Q4", ReportSide::Sent).await.unwrap();
    assert_eq!(before, []);
    // It is on record that it was read, and by whom.
    let events = world.stage.events().await;
    let read = events.iter().filter(|e| e.rpc.ends_with("/GetReferralReport"));
    assert!(read.clone().count() == 7 && read.clone().all(|e| e.person.is_none()));
}

#[tokio::test]
async fn a_provider_of_victim_services_is_told_no_numbers_not_even_its_own() {
    let world = World::new().await;
    for n in 1..=12 {
        let who = person(n);
        world.people.register(who, REFUGE);
        world.create(REFUGE, new(who, HOUSING)).await.unwrap();
    }
    // As if each had been sent, and without its label: who holds it says what it is.
    let moves = "ALTER TABLE referral_move DISABLE TRIGGER ALL; UPDATE referral_move SET state = 2;
        UPDATE referral SET victim_service = false";
    sqlx::raw_sql(moves).execute(&mut world.admin().await).await.unwrap();
    world.clock.advance(time::Duration::days(40));
    let sides = [
        (admin(&world, REFUGE), ReportSide::Sent),
        (admin(&world, REFUGE), ReportSide::Received),
        (network(&world), ReportSide::Unspecified),
    ];
    for (token, side) in &sides {
        assert_eq!(report_as(&world, token, "2041-Q1", *side).await.unwrap(), [], "{side:?}");
    }
    // The same, of another agency.
    let theirs = sqlx::query("UPDATE referral SET custodian_id = $1").bind(CLINIC);
    theirs.execute(&mut world.admin().await).await.unwrap();
    let all = report_as(&world, &sides[2].0, "2041-Q1", ReportSide::Unspecified).await.unwrap();
    assert_eq!((all.len(), told(&all[0].sent)), (1, Some(12)));
}

#[tokio::test]
async fn nothing_of_victim_services_is_counted_and_what_is_wrong_is_named() {
    let world = World::new().await;
    for n in 1..=12 {
        let who = person(n);
        world.people.register(who, CLINIC);
        world.agree(who, CLINIC, HOUSING);
        let mut asked = pb::CreateReferralRequest { send: false, ..new(who, HOUSING) };
        if let Some(labels) = &mut asked.labels {
            labels.victim_service = true;
        }
        world.create(CLINIC, asked).await.unwrap();
    }
    // As if each had been sent.
    let moves = "ALTER TABLE referral_move DISABLE TRIGGER ALL; UPDATE referral_move SET state = 2";
    sqlx::raw_sql(moves).execute(&mut world.admin().await).await.unwrap();
    world.clock.advance(time::Duration::days(40));
    let clinic = admin(&world, CLINIC);
    assert_eq!(report_as(&world, &clinic, "2041-Q1", ReportSide::Sent).await.unwrap(), []);
    let seen = "UPDATE referral SET victim_service = false";
    sqlx::raw_sql(seen).execute(&mut world.admin().await).await.unwrap();
    let rows = report_as(&world, &clinic, "2041-Q1", ReportSide::Sent).await.unwrap();
    assert_eq!((rows.len(), told(&rows[0].sent)), (1, Some(12)));

    for (quarter, side, field) in [
        ("2041-Q1", ReportSide::Unspecified, "side"),
        ("2041-Q2", ReportSide::Sent, "quarter"),
        ("2030-Q4", ReportSide::Sent, "quarter"),
        ("2041-Q5", ReportSide::Sent, "quarter"),
        ("2041", ReportSide::Sent, "quarter"),
    ] {
        let refusal = report_as(&world, &clinic, quarter, side).await.unwrap_err();
        assert_eq!(fields(&refusal), [field], "{quarter}");
    }
    let care = report_as(&world, &world.staff(CLINIC), "2041-Q1", ReportSide::Sent).await;
    assert_eq!(care.unwrap_err().code(), Code::PermissionDenied);
    assert!(world.clock.now().year() == 2041);
}

#[tokio::test]
async fn a_target_is_told_no_number_of_what_it_was_not_told_of() {
    let world = World::new().await;
    for n in 1..=11 {
        referred(&world, n, FOOD).await;
    }
    // A twelfth that housing may be sent and may not read.
    let who = person(12);
    world.people.register(who, CLINIC);
    world.permit(who, CLINIC, HOUSING, &[kernel::Action::Refer]);
    let asked = pb::CreateReferralRequest {
        need_category: FOOD.to_owned(),
        send: true,
        ..new(who, HOUSING)
    };
    world.create(CLINIC, asked).await.unwrap();
    world.clock.advance(time::Duration::days(40));
    for (agency, side, sent) in
        [(CLINIC, ReportSide::Sent, 12), (HOUSING, ReportSide::Received, 11)]
    {
        let rows = report_as(&world, &admin(&world, agency), "2041-Q1", side).await.unwrap();
        assert_eq!(told(&rows[0].sent), Some(sent));
    }
}

#[tokio::test]
async fn an_office_of_an_agency_that_was_suspended_meanwhile_reads_and_writes_nothing() {
    let world = World::new().await;
    let (ada, other) = (admin(&world, CLINIC), admin(&world, HOUSING));
    let suspended = (Code::PermissionDenied, "AGENCY_SUSPENDED");
    // Once it was let in.
    let suspend = world.suspending(CLINIC);
    world.sign_ins.bindings.after(0, move |_| suspend());
    let read = report_as(&world, &ada, "2040-Q4", ReportSide::Sent).await;
    refused(read, suspended.0, suspended.1);
    world.suspend(CLINIC, false);
    let hook = || pb::RegisterWebhookRequest {
        request_id: fresh().to_string(),
        url: "https://example.org/".to_owned(),
    };
    let mut client = world.client.clone();
    // Once all of it is written, but for its record: it waits for those of others.
    let (url, schema) = (world.stage.admin_url(), &world.stage.service.schema);
    let mut hold = Hold::table(&url, schema, "ledger_head", Mode::Everything).await.unwrap();
    let (mut registering, asked) = (client.clone(), bearer(&ada, hook()));
    let written = tokio::spawn(async move { registering.register_webhook(asked).await });
    until("it waits", async || hold.waiting().await.unwrap() > 0).await;
    world.suspend(CLINIC, true);
    hold.let_go().await.unwrap();
    refused(written.await.unwrap().map(drop), suspended.0, suspended.1);
    client.register_webhook(bearer(&other, hook())).await.unwrap();
    world.suspend(CLINIC, false);
    let listed = pb::ListWebhooksRequest::default();
    let listed = client.list_webhooks(bearer(&ada, listed)).await.unwrap().into_inner();
    assert_eq!(listed.webhooks, []);
    let events = world.stage.events().await;
    let told = |rpc: &str| events.iter().filter(|e| e.rpc.ends_with(rpc)).count();
    assert_eq!((told("/GetReferralReport"), told("/RegisterWebhook")), (0, 1));
}
