//! A consent that names a care team: what it opens, to whom, and that it ends with the membership.

use kernel::{Action, Kind, PersonId, Purpose};
use permit::{Ask, Call, Located, ReadNotes, Refusal, WriteNotes};
use policy::{Recipients, Rule};
use testkit::fakes::{Staff, consent, permitting};
use uuid::Uuid;

use crate::world::{CLINIC, GET, HOUSING, Stopped, WRITE, World, read};

const TEAM: Uuid = Uuid::from_u128(0x7ea);
const OTHER: Uuid = Uuid::from_u128(0x7eb);

/// The person lets this team do this with what the clinic holds.
fn to_team(world: &World, person: Uuid, team: Uuid) {
    let rule = permitting(CLINIC, HOUSING, [Purpose::Treat], [Action::Read, Action::Write]);
    let recipients = Recipients { care_teams: vec![team.into()], ..Recipients::default() };
    let rule = Rule { recipients: Some(recipients), ..rule };
    world.consents.give(consent(person, Uuid::new_v4(), rule));
}

async fn colleague(world: &World, rpc: &'static str) -> Call {
    world.staff(&Staff::of(HOUSING, "ms-g"), rpc).await
}

#[tokio::test]
async fn it_opens_to_a_member_and_to_nobody_else() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    to_team(&world, jane, TEAM);
    let note = world.note(jane);
    let reads =
        async |call: &Call| read(&world.guard, call, note.id.uuid().unwrap(), Some(&note)).await;
    let listed = async |call: &Call| {
        let ask = Ask::<ReadNotes>::people(vec![PersonId::from(jane)]);
        let permit = world.guard.permit(call, ask).await.unwrap();
        let rows = vec![(note.clone(), ())];
        let (opened, _) = world.guard.release_page(permit.seal(rows)).await.unwrap();
        // What a store is asked for, and what is opened of it.
        (permit.visibility().to_string().contains(&jane.to_string()), opened.len())
    };
    let (member, other) = (world.housing(GET).await, colleague(&world, GET).await);
    for (teams, opens) in [
        // Nobody has heard of it.
        (&[][..], false),
        (&[(TEAM, HOUSING, &["ms-g", "ms-h"][..])][..], true),
        // Another team; another agency's people of the same name; another spelling of the name.
        (&[(OTHER, HOUSING, &["ms-h"][..])][..], false),
        (&[(TEAM, CLINIC, &["ms-h"][..])][..], false),
        (&[(TEAM, HOUSING, &["MS-H", "ms-h ", "ms-", "c12/ms-h"][..])][..], false),
        (&[(TEAM, HOUSING, &["ms-h"][..]), (OTHER, HOUSING, &["ms-g"][..])][..], true),
    ] {
        world.consents.care_teams(teams);
        let expected = if opens { Ok("words") } else { Err(Refusal::NotFound) };
        assert_eq!(reads(&member).await, expected, "{teams:?}");
        assert_eq!(listed(&member).await, (opens, usize::from(opens)), "{teams:?}");
    }
    assert_eq!(reads(&other).await, Err(Refusal::NotFound));
    assert_eq!(listed(&other).await, (false, 0));
}

#[tokio::test]
async fn whoever_is_taken_out_meanwhile_gets_nothing_and_writes_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    to_team(&world, jane, TEAM);
    let note = world.note(jane);
    let call = world.housing(GET).await;
    let within = || world.consents.care_teams(&[(TEAM, HOUSING, &["ms-h"])]);
    within();
    let ask = || Ask::<ReadNotes>::people(vec![PersonId::from(jane)]);
    let page = world.guard.permit(&call, ask()).await.unwrap();
    world.consents.care_teams(&[(TEAM, HOUSING, &[])]);
    let (opened, _) = world.guard.release_page(page.seal(vec![(note.clone(), ())])).await.unwrap();
    assert_eq!(opened, []);
    within();
    let about = Located::of(Kind::Note, note.id.uuid().unwrap(), Some(note));
    let call = world.housing(WRITE).await;
    let writing = world.guard.permit(&call, Ask::<WriteNotes>::about(about)).await.unwrap();
    world.consents.care_teams(&[]);
    let written = world.write(writing).await;
    assert_eq!(written.unwrap_err(), Stopped::Refused(Refusal::NotFound));
    assert_eq!(world.things().await, 0);
}
