//! The table of moves, and the service: whoever tries whatever, from wherever.

use kernel::{Action, Role};
use notes::states::{Hat, MOVES, Refused, State, Verb};
use testkit::fakes::Staff;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::notes::v1 as pb;

use crate::world::{
    CLINIC, Client, HOUSING, World, amend, append, cosign, mark_error, not_found, reason, refusal,
    sign, update,
};

pub const VERBS: [Verb; 6] =
    [Verb::Update, Verb::Sign, Verb::Cosign, Verb::Amend, Verb::Append, Verb::MarkError];

pub async fn go(client: &Client, verb: Verb, note: &pb::Note) -> Result<pb::Note, Status> {
    let done = match verb {
        Verb::Update => client.update(update(note, "Meets daily.")).await?.note,
        Verb::Sign => client.sign(sign(note)).await?.note,
        Verb::Cosign => client.cosign(cosign(note)).await?.note,
        Verb::Amend => client.amend(amend(note, "Meets monthly.")).await?.note,
        Verb::Append => client.append(append(note, "Came late.")).await?.note,
        Verb::MarkError => client.mark_error(mark_error(note, "Another's note.")).await?.note,
    };
    Ok(done.unwrap())
}

/// Somebody, what they are to the author's note, and the roles that they have.
struct Somebody {
    name: String,
    client: Client,
    hats: Vec<Hat>,
    role: Role,
    own: bool,
}

fn everybody(world: &World) -> Vec<Somebody> {
    use Hat::{Author, Keeper, Supervisor, Writer};
    [
        (CLINIC, "author", Role::CaseManager, vec![Author, Writer]),
        (CLINIC, "dr-d", Role::Clinician, vec![Supervisor, Keeper, Writer]),
        (CLINIC, "md", Role::Medical, vec![Supervisor, Writer]),
        (CLINIC, "co", Role::Counselor, vec![Supervisor, Writer]),
        (CLINIC, "cm", Role::CaseManager, vec![Writer]),
        (CLINIC, "po", Role::PrivacyOfficer, vec![Keeper, Writer]),
        // A consent lets them write, and nothing makes them the custodian's.
        (HOUSING, "author", Role::Clinician, vec![Writer]),
    ]
    .map(|(agency, sub, role, hats)| {
        let client = world.client(&Staff::of(agency, sub).roles([role]));
        Somebody { name: format!("{sub} {role:?}"), client, hats, role, own: agency == CLINIC }
    })
    .into()
}

/// A note that stands there, by a path of the table.
async fn standing(all: &[Somebody], person: Uuid, state: State) -> pb::Note {
    let (author, supervisor) = (&all[0].client, &all[1].client);
    match state {
        State::Draft => author.draft(person).await,
        State::SupervisedDraft => author.supervised(person).await,
        State::Awaiting => author.awaiting(person).await,
        State::Final => {
            let note = author.awaiting(person).await;
            go(supervisor, Verb::Cosign, &note).await.unwrap()
        }
        State::Amended => go(author, Verb::Amend, &author.signed(person).await).await.unwrap(),
        State::Appended => go(author, Verb::Append, &author.signed(person).await).await.unwrap(),
        State::EnteredInError => {
            go(author, Verb::MarkError, &author.signed(person).await).await.unwrap()
        }
    }
}

fn admits(verb: Verb, role: Role) -> bool {
    match verb {
        Verb::Cosign => [Role::Clinician, Role::Medical, Role::Counselor].contains(&role),
        Verb::MarkError => true,
        _ => role != Role::PrivacyOfficer,
    }
}

fn sees(state: State, who: &Somebody) -> bool {
    match state {
        State::Draft | State::SupervisedDraft => who.hats.contains(&Hat::Author),
        State::Awaiting => {
            who.own && who.hats.iter().any(|hat| matches!(hat, Hat::Author | Hat::Supervisor))
        }
        _ => true,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_tries_whatever_from_wherever_the_table_says_what_comes_of_it() {
    let world = World::new().await;
    let person = world.somebody();
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    let all = everybody(&world);
    let (mut made, mut refused) = (Vec::new(), 0);
    for state in State::ALL {
        let mut note = standing(&all, person, state).await;
        for verb in VERBS {
            for who in &all {
                let case = format!("{verb:?} of {state:?} by {}", who.name);
                let done = go(&who.client, verb, &note).await;
                let denied = |why: &str| (Code::PermissionDenied, why.to_owned());
                let expected = state.after(verb, &who.hats);
                match expected {
                    _ if !admits(verb, who.role) => {
                        assert_eq!(refusal(done), denied("ROLE_NOT_ADMITTED"), "{case}");
                    }
                    _ if !sees(state, who) => assert_eq!(refusal(done), not_found(), "{case}"),
                    Err(Refused::NotTheirs) => {
                        assert_eq!(refusal(done), denied("ACTION_NOT_PERMITTED"), "{case}");
                    }
                    Err(Refused::NotFromHere) => {
                        let status = done.expect_err(&case);
                        assert_eq!(status.code(), Code::FailedPrecondition, "{case}");
                        assert_eq!(reason(&status), "WRONG_STATE", "{case}");
                        let details = status.get_error_details();
                        let told = &details.error_info().unwrap().metadata;
                        assert_eq!(told["state"], state.name(), "{case}");
                        assert_eq!(told["allowed"], state.allowed(&who.hats).join(","), "{case}");
                    }
                    Ok(to) => {
                        let done = done.expect(&case);
                        assert_eq!(done.state, i32::from(to.number()), "{case}");
                        made.push((state, verb, to));
                        note = standing(&all, person, state).await;
                        continue;
                    }
                }
                refused += 1;
                // Nothing of it was done.
                assert_eq!(all[0].client.get(&note).await.unwrap().note.unwrap(), note, "{case}");
            }
        }
    }
    // Every row of the table was gone, and no other.
    for (from, verb, to, _) in MOVES {
        assert!(made.contains(&(*from, *verb, *to)), "{from:?} {verb:?}");
    }
    assert!(refused > 200, "{refused}");
}

#[tokio::test]
async fn nobody_signs_twice_for_what_they_wrote() {
    let world = World::new().await;
    let (trainee, person) = (world.clinician(CLINIC, "dr-new"), world.somebody());
    let note = trainee.awaiting(person).await;
    // With a role that signs for others, and still the author.
    let denied = (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned());
    assert_eq!(refusal(trainee.cosign(cosign(&note)).await), denied);
    let changed = trainee.update(update(&note, "After all.")).await.unwrap_err();
    assert_eq!(reason(&changed), "WRONG_STATE");
    let again = trainee.sign(sign(&note)).await.unwrap_err();
    assert_eq!(reason(&again), "WRONG_STATE");
    // The database holds that, too: an older instance knows no second signer.
    let id = note.name.trim_start_matches("notes/");
    for change in ["state = 2", "cosigner = author, cosigned_at = signed_at, state = 2"] {
        let sql = format!("UPDATE note SET {change} WHERE id = '{id}'");
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut world.admin().await).await;
        assert!(done.unwrap_err().to_string().contains("note_cosigned_check"), "{change}");
    }
}

/// What the document says.
#[test]
fn the_document_has_the_table_of_the_code() {
    let mut lines = Vec::new();
    for (from, verb, to, by) in MOVES {
        let by: Vec<_> = by.iter().map(|hat| format!("{hat:?}").to_lowercase()).collect();
        let (from, to) = (shown(*from), shown(*to));
        lines.push(format!("| {from} | {} | {to} | {} |", rpc(*verb), by.join(", ")));
    }
    let document = include_str!("../../../../docs/notes.md");
    let table: Vec<&str> = document
        .lines()
        .skip_while(|line| !line.starts_with("| from |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(table, lines);
}

fn shown(state: State) -> &'static str {
    match state {
        State::Draft => "preliminary",
        State::SupervisedDraft => "preliminary, under supervision",
        State::Awaiting => "preliminary, signed",
        other => other.name(),
    }
}

fn rpc(verb: Verb) -> &'static str {
    match verb {
        Verb::Update => "UpdateDraft",
        Verb::Sign => "SignNote",
        Verb::Cosign => "CosignNote",
        Verb::Amend => "AmendNote",
        Verb::Append => "AppendNote",
        Verb::MarkError => "MarkEnteredInError",
    }
}
