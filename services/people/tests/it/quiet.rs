use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use kernel::Role;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{MakeWriter, format::FmtSpan},
    layer::SubscriberExt as _,
};
use uuid::Uuid;
use wire::people::v1::AddRepresentativeRequest;

use crate::world::{CLINIC, HOUSING, MEDICAID, World, guardian, identifier, jane, whole};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Planted in every field.
const CANARY: &str = "Qzcanary";

#[tokio::test]
async fn nothing_of_a_person_is_in_a_log_or_an_error() {
    let lines = Lines::default();
    // For the whole process: the service's tasks run on other threads than the test's.
    // The transport is left out: the client of this test would log what it sends.
    let transport = ["h2", "hyper", "hyper_util", "tower"].map(|t| (t, LevelFilter::OFF));
    let all = Targets::new().with_default(LevelFilter::TRACE).with_targets(transport);
    let written =
        tracing_subscriber::fmt::layer().with_span_events(FmtSpan::FULL).with_writer(lines.clone());
    let subscriber = tracing_subscriber::registry().with(written).with(all);
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world = World::new().await;
    let staff = world.staff_named(CLINIC, &format!("{CANARY}-staff"));
    let mut request = jane(CLINIC);
    request.identifiers = vec![
        identifier(&format!("urn:{CANARY}"), &format!("{CANARY}-1")),
        identifier(MEDICAID, &format!("{CANARY}-2")),
    ];
    request.given_name = format!("{CANARY} Jane");
    request.family_name = format!("{CANARY} Roe");
    request.birth_date = "1931-07-19".into();
    let person = crate::world::id(&staff.register(request.clone()).await.unwrap());
    let mut errors = Vec::new();

    let mut other = request.clone();
    other.request_id = Uuid::new_v4().to_string();
    other.birth_date = "1932-08-20".into();
    errors.push(staff.register(other.clone()).await.unwrap_err());
    other.request_id = request.request_id.clone();
    errors.push(staff.register(other.clone()).await.unwrap_err());
    other.family_name = format!("{CANARY}\u{202e}");
    other.birth_date = format!("{CANARY}-08-20");
    other.preferred_language = format!("{CANARY} {CANARY}");
    errors.push(staff.register(other).await.unwrap_err());
    errors.push(world.staff(HOUSING).get(person).await.unwrap_err());
    errors.push(world.staff(HOUSING).invite(person).await.err().unwrap());
    staff.find(&format!("urn:{CANARY}"), &format!("{CANARY}-1")).await.unwrap();
    let code = staff.invite(person).await.unwrap().code;
    let caller = world.person(&format!("{CANARY}-sub"));
    caller.accept(&code).await.unwrap();
    errors.push(caller.accept(&code).await.unwrap_err());
    errors.push(
        world.person("thief").accept(&format!("{CANARY}{CANARY}{CANARY}")).await.unwrap_err(),
    );
    caller.get(person).await.unwrap();
    let renewed = caller.code(person, "").await.unwrap();
    errors.push(staff.confirm(person, &code[..20]).await.unwrap_err());
    staff.confirm(person, &renewed).await.unwrap();

    let request = AddRepresentativeRequest {
        authority: format!("{CANARY} County Court"),
        ..guardian(person)
    };
    let added = staff.add_representative(request.clone()).await.unwrap();
    let acting = world.individual(&format!("{CANARY}-aunt"), Role::Representative);
    acting.accept(&added.code).await.unwrap();
    errors.push(acting.accept(&added.code).await.unwrap_err());
    errors.push(staff.add_representative(request).await.err().unwrap());
    let hostile =
        AddRepresentativeRequest { authority: format!("{CANARY}\u{202e}"), ..guardian(person) };
    errors.push(staff.add_representative(hostile).await.err().unwrap());
    acting.get(person).await.unwrap();
    caller.representatives(person).await.unwrap();
    let name = added.representative.unwrap().name;
    errors.push(world.staff(HOUSING).end_representative(&name).await.unwrap_err());
    caller.end_representative(&name).await.unwrap();

    for error in &errors {
        let shown = whole(error);
        let details = String::from_utf8_lossy(error.details()).into_owned();
        for said in [&shown, &details] {
            assert!(!said.contains(CANARY) && !said.contains("1931"), "{said}");
        }
    }
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("person.register"), "the log was on");
    for line in logged.lines() {
        for told in [CANARY, "1931-07-19", &code, &added.code, &renewed] {
            assert!(!line.contains(told), "{line}");
        }
    }
}
