//! Two agencies, their staff, and a table to write to.

use std::sync::Arc;

use kernel::{
    Action, AgencyId, Class, Clock as _, CodeSet, Kind, ManualClock, PersonId, Purpose, RecordId,
};
use ledger::{Event, Ledger, Outcome};
use permit::{Act, Call, Guard, Permit, ReadNotes, Refusal, Written};
use pg::{StoreError, TxError};
use policy::Record;
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};
use testkit::fakes::{Consents, People, SignIns, Staff, Stage, consent, permitting};
use uuid::Uuid;

pub const CLINIC: Uuid = Uuid::from_u128(0xc11);
pub const HOUSING: Uuid = Uuid::from_u128(0xc12);
pub const GET: &str = "trellis.notes.v1.NotesService/GetNote";
pub const WRITE: &str = "trellis.notes.v1.NotesService/AmendNote";

pub struct World {
    pub stage: Stage,
    pub consents: Consents,
    pub people: People,
    pub clock: ManualClock,
    pub guard: Guard,
    pub sign_ins: SignIns,
}

/// What is written, who wrote it, and the moment at which its COMMIT was under way.
const TABLE: &str = "
    CREATE TABLE thing (id uuid PRIMARY KEY, person_id uuid NOT NULL, words text NOT NULL);
    SELECT protect('thing');
    CREATE TABLE committing (person_id uuid NOT NULL, at timestamptz NOT NULL);
    CREATE FUNCTION committing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path FROM CURRENT AS $$ BEGIN
        INSERT INTO committing VALUES (new.person_id, clock_timestamp());
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER committing AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION committing();";

impl World {
    pub async fn new() -> Self {
        let stage = Stage::set(async |admin, service| {
            pg::migrate(admin, service, &[&ledger::MIGRATIONS]).await?;
            let mut conn = owner(admin.expose_secret(), &service.schema).await;
            sql(&mut conn, TABLE).await;
            Ok(())
        })
        .await;
        let clock = ManualClock::at(time::macros::datetime!(2040-03-01 12:00 UTC));
        let shared: Arc<dyn kernel::Clock> = Arc::new(clock.clone());
        let (consents, people) = (Consents::default(), People::default());
        consents.agency(CLINIC);
        consents.agency(HOUSING);
        let guard = Guard::new(
            Arc::new(consents.clone()),
            Arc::new(people.clone()),
            stage.ledger.clone(),
            Arc::clone(&shared),
        );
        let sign_ins = SignIns::new(&["notes"], shared).await;
        Self { stage, consents, people, clock, guard, sign_ins }
    }

    /// The same guard with a ledger whose database is away.
    pub async fn without_ledger(&self) -> Guard {
        let db = pg::connect(&self.stage.config()).await.unwrap();
        let ledger = Ledger::start(db.clone(), ledger::Config::default());
        db.close().await;
        Guard::new(
            Arc::new(self.consents.clone()),
            Arc::new(self.people.clone()),
            ledger,
            Arc::new(self.clock.clone()),
        )
    }

    pub async fn clinic(&self, rpc: &'static str) -> Call {
        self.staff(&Staff::of(CLINIC, "dr-c"), rpc).await
    }

    pub async fn housing(&self, rpc: &'static str) -> Call {
        self.staff(&Staff::of(HOUSING, "ms-h"), rpc).await
    }

    pub async fn staff(&self, staff: &Staff, rpc: &'static str) -> Call {
        self.sign_ins.call(&self.sign_ins.staff(staff), rpc).await
    }

    /// A note of the clinic's about a person.
    pub fn note(&self, person: Uuid) -> Record {
        Record {
            id: RecordId::from(Uuid::new_v4()),
            person: PersonId::from(person),
            kind: Kind::Note,
            class: Class::General,
            custodian: Some(AgencyId::from(CLINIC)),
            author: None,
            episode: None,
            authored_on: Some(self.clock.now()),
            confidentiality: None,
            sensitivities: CodeSet::EMPTY,
            part2: false,
            victim_service: false,
            release_block: None,
        }
    }

    /// The person lets the housing agency do this with what the clinic holds.
    pub fn consent(&self, person: Uuid, actions: impl Into<CodeSet<Action>>) -> Uuid {
        let id = Uuid::new_v4();
        let rule = permitting(CLINIC, HOUSING, [Purpose::Treat], actions);
        self.consents.give(consent(person, id, rule));
        id
    }

    pub fn revoke(&self, person: Uuid) {
        self.consents.revoke(person, self.clock.now());
    }

    pub async fn write<A: Act>(&self, permit: Permit<A>) -> Result<Written<()>, Stopped> {
        self.guard
            .commit(&self.stage.db, "test.write", permit, |tx, permit| {
                Box::pin(async move { insert(tx, &permit).await })
            })
            .await
    }

    pub async fn owner(&self) -> PgConnection {
        owner(self.stage.admin_url().expose_secret(), &self.stage.service.schema).await
    }

    /// How many things are there, seen past every wall.
    pub async fn things(&self) -> i64 {
        let mut conn = self.owner().await;
        sqlx::query_scalar("SELECT count(*) FROM thing").fetch_one(&mut conn).await.unwrap()
    }

    /// The one event, and nothing else.
    pub async fn one_event(&self) -> Event {
        let mut events = self.stage.events().await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    pub async fn outcomes(&self) -> Vec<Outcome> {
        self.stage.events().await.into_iter().map(|event| event.outcome).collect()
    }
}

pub async fn insert<A: Act>(tx: &mut PgConnection, permit: &Permit<A>) -> Result<(), Stopped> {
    sqlx::query("INSERT INTO thing VALUES ($1, $2, 'words')")
        .bind(permit.record_id())
        .bind(permit.person_id())
        .execute(tx)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

async fn owner(admin: &str, schema: &str) -> PgConnection {
    let mut conn = PgConnection::connect(admin).await.unwrap();
    let text = format!(
        "SET search_path = {schema}; SET ROLE trellis_{schema}_owner; \
         SET trellis.login_role = 'trellis_{schema}'"
    );
    sql(&mut conn, &text).await;
    conn
}

pub async fn sql(conn: &mut PgConnection, text: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(conn).await.unwrap();
}

/// Why a write did not happen.
#[derive(Debug, PartialEq)]
pub enum Stopped {
    Refused(Refusal),
    Store(StoreError),
    Domain,
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
impl TxError for Stopped {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Reads one note at release, as a point read does.
pub async fn read(
    guard: &Guard,
    call: &Call,
    id: Uuid,
    found: Option<&Record>,
) -> Result<&'static str, Refusal> {
    let deferred = guard.defer::<ReadNotes>(call).await?;
    let sealed = deferred.seal(id, found.map(|record| (record.clone(), "words")));
    guard.release(sealed).await.map(|(words, _)| words)
}
