//! Who, by which consent, gets which code of each RPC, as a table that reads as a diff.
//!
//! The table is `matrix.txt`. When it differs, the test writes what it saw beside it and fails;
//! `UPDATE=1` accepts.

use std::fmt::Write as _;

use futures::StreamExt as _;
use prost_reflect::DynamicMessage;
use tonic::{Code, transport::Channel};
use trellis_tests::{Network, Person, Up, World, project, request_id, rows_of_people, verified};
use wire::referrals::v1::RegisterWebhookRequest;

use crate::{
    alike::told_apart,
    bad_input::AT_ONCE,
    callers::Who,
    contract::{Rpc, rpcs},
    raw,
    scene::{Consented, Stage},
};

/// Who sees nothing of the person: an empty list of theirs hides what there is.
const OUTSIDE: [Who; 6] = [
    Who::Officer,
    Who::Unrelated,
    Who::OtherPerson,
    Who::Supporter,
    Who::OtherPrivacyOfficer,
    Who::OtherAgencyAdmin,
];

const LEGEND: &str = "\
# Who may do what, by which consent. Written by tests/access/matrix.rs: UPDATE=1 rewrites it.
#
# Each cell is the answer to a real request about things that exist. The records are a clinic's (an
# SUD program); the consent, where there is one, lets the housing agency read them, move its
# referrals and be sent them, for TREAT, COC, HOUSING_PLACEMENT and SUPERVISION.
#
# clinician, peer, medic, privacy, ag.admin: staff of the clinic. housing: case manager of the agency that the
# consent names; purpose: the same for EMPLOYMENT_SUPPORT. officer, school: staff of agencies that it
# does not name. person: whom the records are about; represent: who acts for them, recorded by the
# clinic; other: another person. o.privacy, o.admin: of the school's staff.
# admin, steward: of the network. service: another service. none: no token.
# expired: the clinician's token of yesterday.
#
# ok       OK
# absent   NOT_FOUND, the same for what does not exist
# role     PERMISSION_DENIED: no role of the caller is admitted to the RPC
# denied   PERMISSION_DENIED for another reason
# state    FAILED_PRECONDITION
# token    UNAUTHENTICATED
# invalid  INVALID_ARGUMENT: here, a referral to the caller's own agency; a revocation by staff that
#          does not say how the person said it
# empty    OK, and nothing in it
";

fn cell(rpc: &Rpc, answer: &Result<Vec<u8>, tonic::Status>, what: &str) -> String {
    let status = match answer {
        Ok(bytes) if holds_nothing(rpc, bytes) => return "empty".to_owned(),
        Ok(_) => return "ok".to_owned(),
        Err(status) => status,
    };
    let reason = raw::reason(status, what);
    match status.code() {
        Code::NotFound => "absent".to_owned(),
        Code::PermissionDenied if reason == "ROLE_NOT_ADMITTED" => "role".to_owned(),
        Code::PermissionDenied => "denied".to_owned(),
        Code::FailedPrecondition => "state".to_owned(),
        Code::Unauthenticated => "token".to_owned(),
        Code::InvalidArgument if reason == "INVALID_ARGUMENT" => "invalid".to_owned(),
        other => format!("{other:?}!{reason}"),
    }
}

/// Whether what was looked for came back without anything in it. The accounting follows the
/// services' ledgers in its own time, so it is left out.
pub fn holds_nothing(rpc: &Rpc, reply: &[u8]) -> bool {
    let looks = ["List", "Search", "Find"].iter().any(|verb| rpc.method.name().starts_with(verb));
    let reply = DynamicMessage::decode(rpc.method.output(), reply).unwrap();
    looks && rpc.service() != "audit" && !reply.has_field_by_number(1)
}

fn line(out: &mut String, rpc: &str, consent: &str, cells: &[String]) {
    let mut line = format!("{rpc:<36} {consent:<8}");
    for cell in cells {
        write!(line, " {cell:<9}").unwrap();
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// What one RPC answers to everybody, by each consent; and where what is hidden is answered otherwise than what
/// never was.
async fn rows(
    stage: &Stage<'_>,
    world: &World,
    other: &Person,
    channel: &Channel,
    rpc: &Rpc,
) -> (Vec<(Consented, Vec<String>)>, Vec<String>) {
    let (mut rows, mut apart) = (Vec::new(), Vec::new());
    for consented in Consented::ALL {
        let mut cells = Vec::new();
        let mut scene = None;
        for who in Who::ALL {
            if scene.is_none() {
                scene = Some(stage.scene(&rpc.short(), consented).await);
            }
            let set = scene.as_ref().unwrap();
            let token = who.token(stage.network, world, &set.person, other, rpc);
            let messages = set.messages.clone();
            let answer = raw::call(channel, &rpc.path(), token.as_deref(), messages).await;
            let what = format!("{} {} {}", rpc.short(), consented.title(), who.title());
            cells.push(cell(rpc, &answer, &what));
            // Of what is hidden nobody learns that it is there.
            let cell = cells.last().map(String::as_str);
            let hidden =
                cell == Some("absent") || (cell == Some("empty") && OUTSIDE.contains(&who));
            if rpc.reads() && hidden {
                let told = told_apart(channel, rpc, set, token.as_deref(), &answer).await;
                apart.extend(told.map(|told| format!("{what}: {told}")));
            }
            // What was written is written: the next caller finds things as the first did.
            if answer.is_ok() && !rpc.reads() {
                scene = None;
            }
        }
        rows.push((consented, cells));
    }
    (rows, apart)
}

/// Other rows register more of them at the same time: so what the school lists of its own is there from the beginning.
async fn own_webhook(network: &Network, world: &World) {
    let (roles, coc) = ([kernel::Role::AgencyAdmin], [kernel::Purpose::CoordinationOfCare]);
    let admin = network.tokens.staff("aa-fir", &world.agencies.school, &roles, &coc);
    let url = "https://hooks.invalid/stays".to_owned();
    let register = RegisterWebhookRequest { request_id: request_id(), url };
    network.actor(admin).referrals().register_webhook(register).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_gets_of_every_rpc_what_the_table_says() {
    let up = Up::start().await;
    let network = up.network();
    let world = World::new(network).await;
    let stage = Stage::new(network, &world).await;
    own_webhook(network, &world).await;
    let other = world.person(network).await;
    let channel = raw::connect(network.url("directory")).await;
    let mut table = LEGEND.to_owned();
    let titles: Vec<String> = Who::ALL.iter().map(|who| who.title().to_owned()).collect();
    line(&mut table, "# RPC", "consent", &titles);
    let seen = futures::stream::iter(rpcs().into_iter().map(|rpc| {
        let (stage, world, other, channel) = (&stage, &world, &other, &channel);
        async move {
            let rows = rows(stage, world, other, channel, &rpc).await;
            (rpc, rows)
        }
    }));
    // A request waits for the disk more than it works: several at once.
    let seen: Vec<_> = seen.buffered(AT_ONCE).collect().await;
    let mut apart = Vec::new();
    for (rpc, (rows, told)) in seen {
        apart.extend(told);
        // Where consent makes no difference one line says so.
        if rows.iter().all(|(_, cells)| *cells == rows[0].1) {
            line(&mut table, &rpc.short(), "any", &rows[0].1);
        } else {
            for (consented, cells) in rows {
                line(&mut table, &rpc.short(), consented.title(), &cells);
            }
        }
    }
    let odd: Vec<&str> = table.lines().filter(|line| line.contains('!')).collect();
    assert!(odd.is_empty(), "answers that the table has no word for:\n{}", odd.join("\n"));
    assert!(apart.is_empty(), "told apart from what never was:\n{}", apart.join("\n"));
    compare(&table);
    // Every write of every RPC, and every refusal of one, has its record, and nothing else has.
    let (found, records) = verified(&up).await;
    assert_eq!(found, []);
    assert!(records > 1_000, "{records}");
    // The second wall: of all that was written, the services' own roles see nothing but by a permit.
    let people = rows_of_people(&up).await;
    let seen: Vec<_> = people.iter().filter(|(_, _, seen)| *seen > 0).collect();
    assert!(seen.is_empty(), "seen without a person: {seen:?}");
    let filled = people.iter().filter(|(_, there, _)| *there > 0).count();
    assert!(filled * 4 >= people.len() * 3, "{filled} of {} tables have rows", people.len());
}

fn compare(seen: &str) {
    let folder = project().join("tests/access");
    let (kept, beside) = (folder.join("matrix.txt"), folder.join("matrix.seen.txt"));
    let expected = std::fs::read_to_string(&kept).unwrap_or_default();
    if expected == seen {
        let _ = std::fs::remove_file(&beside);
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&kept, seen).unwrap();
        let _ = std::fs::remove_file(&beside);
        return;
    }
    std::fs::write(&beside, seen).unwrap();
    let mut diff = String::new();
    for line in expected.lines().filter(|line| !seen.lines().any(|other| other == *line)) {
        writeln!(diff, "- {line}").unwrap();
    }
    for line in seen.lines().filter(|line| !expected.lines().any(|other| other == *line)) {
        writeln!(diff, "+ {line}").unwrap();
    }
    panic!("the matrix differs; see {}\n{diff}", beside.display());
}
