-- What every service's schema has. Runs as the schema's owner, with the service's login role in
-- trellis.login_role and the schema alone in search_path.

-- 1. Words for migrations -----------------------------------------------------------------

CREATE FUNCTION login_role() RETURNS name LANGUAGE sql STABLE
    RETURN current_setting('trellis.login_role')::name;
COMMENT ON FUNCTION login_role() IS 'The role that the service runs as; known while migrating.';

CREATE FUNCTION allow_delete(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT DELETE ON %s TO %I', target, login_role());
END $$;
COMMENT ON FUNCTION allow_delete(regclass) IS
    'Lets the service delete rows of a table; without it, it may not.';

CREATE FUNCTION append_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON %s FROM %I', target, login_role());
    EXECUTE format('GRANT SELECT, INSERT ON %s TO %I', target, login_role());
END $$;
COMMENT ON FUNCTION append_only(regclass) IS 'INSERT and SELECT only, for ever.';

CREATE FUNCTION read_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON %s FROM %I', target, login_role());
    EXECUTE format('GRANT SELECT ON %s TO %I', target, login_role());
END $$;
COMMENT ON FUNCTION read_only(regclass) IS 'SELECT only: changed by functions of the owner.';

-- 2. The wall behind the typed queries ------------------------------------------------------

CREATE FUNCTION current_people() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(
        string_to_array(NULLIF(current_setting('trellis.people', true), ''), ',')::uuid[],
        '{}'::uuid[]);
COMMENT ON FUNCTION current_people() IS
    'The people whose rows this transaction may touch; nobody when it does not say.';

CREATE FUNCTION protect(target regclass, person name DEFAULT 'person_id') RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    -- The sub-select is evaluated once a statement, not once a row, and an index still serves.
    EXECUTE format(
        'CREATE POLICY people ON %s TO %I USING (%I = ANY ((SELECT current_people())::uuid[]))',
        target, login_role(), person);
    -- The owner cannot log in. It reads for the one door without a person: a locate function.
    EXECUTE format('CREATE POLICY facets ON %s FOR SELECT TO %I USING (true)',
        target, current_user);
END $$;
COMMENT ON FUNCTION protect(regclass, name) IS
    'Forces row-level security on a table with a person''s data: rows of current_people() only. '
    'A door without a person is a function of the owner that returns ids and facets, no content: '
    'CREATE FUNCTION locate_note(id uuid) RETURNS TABLE (…) LANGUAGE sql STABLE SECURITY DEFINER '
    'SET search_path FROM CURRENT AS $f$ SELECT … $f$;';

-- 3. Counters that never show a later value before an earlier one ----------------------------

CREATE TABLE counter (
    name text PRIMARY KEY,
    value bigint NOT NULL CHECK (value >= 0)
-- A page of dead versions is read over at every use: they go when it is a tenth full.
) WITH (fillfactor = 10);
COMMENT ON TABLE counter IS
    'Row-locked until commit, so that values become visible in their order; a sequence does not.';
COMMENT ON COLUMN counter.name IS 'What is counted.';
COMMENT ON COLUMN counter.value IS 'The last value given out.';

CREATE FUNCTION next_values(counter_name text, n bigint) RETURNS bigint LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO counter AS c (name, value) VALUES (counter_name, n)
    ON CONFLICT (name) DO UPDATE SET value = c.value + excluded.value
    RETURNING value;
END;
COMMENT ON FUNCTION next_values(text, bigint) IS
    'Takes n values and returns the last of them; others wait until this transaction ends.';

-- 4. The migrations' own table ---------------------------------------------------------------

SELECT read_only('_sqlx_migrations');
COMMENT ON COLUMN _sqlx_migrations.version IS 'Version of the migration.';
COMMENT ON COLUMN _sqlx_migrations.description IS 'Its name.';
COMMENT ON COLUMN _sqlx_migrations.installed_on IS 'When it was applied.';
COMMENT ON COLUMN _sqlx_migrations.success IS 'False only for one left half done.';
COMMENT ON COLUMN _sqlx_migrations.checksum IS 'SHA-384 of its text: a changed one is refused.';
COMMENT ON COLUMN _sqlx_migrations.execution_time IS 'How long it took, in nanoseconds.';

DO $$
DECLARE
    helper text;
BEGIN
    FOREACH helper IN ARRAY ARRAY['login_role()', 'allow_delete(regclass)',
        'append_only(regclass)', 'read_only(regclass)', 'protect(regclass, name)']
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I', helper, login_role());
    END LOOP;
END $$;
