//! What a migration forgot is found.

use crate::stage::{Stage, sql};

const WORDS: &str = "stage.f(): acts as its owner (SECURITY DEFINER) and gives words";

async fn breaches(stage: &Stage) -> Vec<String> {
    pg::breaches(&stage.admin_url(), &stage.service).await.unwrap()
}

#[tokio::test]
async fn what_every_schema_has_stands() {
    assert_eq!(breaches(&Stage::set().await).await, Vec::<String>::new());
}

#[tokio::test]
async fn each_thing_that_a_migration_may_forget_is_named() {
    let begin = "SET search_path = stage, pg_temp; SET ROLE trellis_stage_owner; \
        SET trellis.login_role = 'trellis_stage';";
    let table = "CREATE TABLE seen (person_id uuid, words text);";
    for (forgotten, named) in [
        (table.to_owned(), "seen: has a person's data and does not force"),
        (
            format!("{table} SELECT protect('seen'); ALTER TABLE seen NO FORCE ROW LEVEL SECURITY"),
            "seen: has a person's data and does not force",
        ),
        (
            format!(
                "{table} ALTER TABLE seen ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
            ),
            "seen: has a person's data and no policy",
        ),
        (
            format!("{table} SELECT protect('seen'); CREATE POLICY more ON seen USING (true)"),
            "seen.more: has a policy for the service that asks for no person",
        ),
        (
            format!(
                "{table} SELECT protect('seen'); CREATE POLICY moved ON seen FOR UPDATE TO \
                 trellis_stage USING (person_id = ANY (current_people())) WITH CHECK (true)"
            ),
            "seen.moved: has a policy for the service that asks for no person",
        ),
        (
            format!(
                "{table} SELECT protect('seen'); CREATE POLICY wide ON seen TO trellis_stage \
                 USING (true OR person_id = ANY ((SELECT current_people())::uuid[]))"
            ),
            "seen.wide: has a policy for the service that asks for no person",
        ),
        (
            format!(
                "{table} SELECT protect('seen'); CREATE POLICY office ON seen TO trellis_stage USING \
                 (person_id::text = COALESCE(current_setting('trellis.office', true), '') OR true)"
            ),
            "seen.office: has a policy for the service that asks for no person",
        ),
        (
            format!(
                "{table} ALTER TABLE seen ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; \
                 CREATE POLICY alone ON seen TO trellis_stage \
                 USING (true OR person_id = ANY ((SELECT current_people())::uuid[]))"
            ),
            "seen: has a person's data and no policy",
        ),
        // Another function of that name, and another column than whose row it is.
        (
            format!(
                "{table} SELECT protect('seen'); RESET ROLE; CREATE SCHEMA beside; \
                 CREATE FUNCTION beside.current_people() RETURNS uuid[] LANGUAGE sql \
                 AS 'SELECT NULL::uuid[]'; CREATE POLICY far ON seen TO trellis_stage \
                 USING (person_id = ANY ((SELECT beside.current_people())::uuid[]))"
            ),
            "seen.far: has a policy for the service that asks for no person",
        ),
        (
            "CREATE TABLE seen (person_id uuid, writer uuid); SELECT protect('seen'); \
             CREATE POLICY wrote ON seen TO trellis_stage \
             USING (writer = ANY ((SELECT current_people())::uuid[]))"
                .to_owned(),
            "seen.wrote: has a policy for the service that asks for no person",
        ),
        (
            format!("{table} SELECT protect('seen'); SELECT allow_delete('seen')"),
            "seen: has a person's data, and the service may delete it",
        ),
        (
            "CREATE TABLE open (n int); GRANT SELECT ON open TO PUBLIC".to_owned(),
            "open: may be reached by everybody",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
             GRANT EXECUTE ON FUNCTION f() TO PUBLIC"
                .to_owned(),
            "stage.f(): may be reached by everybody",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'".to_owned(),
            "stage.f(): acts as its owner",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public \
             AS 'SELECT 1'"
                .to_owned(),
            "stage.f(): acts as its owner",
        ),
        (
            "CREATE FUNCTION f() RETURNS TABLE (id uuid, person uuid, body bytea) LANGUAGE sql \
             SECURITY DEFINER SET search_path FROM CURRENT \
             AS 'SELECT NULL::uuid, NULL::uuid, NULL::bytea'"
                .to_owned(),
            WORDS,
        ),
        (
            "CREATE FUNCTION f() RETURNS jsonb LANGUAGE sql SECURITY DEFINER \
             SET search_path FROM CURRENT AS 'SELECT NULL::jsonb'"
                .to_owned(),
            WORDS,
        ),
        (
            format!(
                "{table} SELECT protect('seen'); CREATE FUNCTION f() RETURNS SETOF seen LANGUAGE sql \
                 SECURITY DEFINER SET search_path FROM CURRENT AS 'SELECT * FROM seen'"
            ),
            WORDS,
        ),
        ("CREATE VIEW v AS SELECT 1 AS n".to_owned(), "v: is a view that reads as its owner"),
        (
            "RESET ROLE; CREATE TABLE alien (n int)".to_owned(),
            "alien: is owned by somebody else",
        ),
        (
            "RESET ROLE; GRANT CREATE ON SCHEMA public TO trellis_stage".to_owned(),
            "public: is what the service's role may make things in",
        ),
        (
            "RESET ROLE; CREATE SCHEMA beside; CREATE TABLE beside.t (n int); \
             GRANT USAGE ON SCHEMA beside TO trellis_stage; GRANT SELECT ON beside.t TO trellis_stage"
                .to_owned(),
            "beside.t: is another schema's",
        ),
    ] {
        let stage = Stage::set().await;
        sql(&mut stage.admin().await, &format!("{begin} {forgotten}")).await;
        let found = breaches(&stage).await;
        assert!(found.iter().any(|breach| breach.starts_with(named)), "{forgotten}: {found:?}");
    }
}
