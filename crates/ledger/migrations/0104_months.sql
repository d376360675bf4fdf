-- Records by months, so that what is past its time goes at once and leaves its place in the tree: number,
-- id and commitment. An id begins with its time (UUID version 7), and so a month is a range of ids.

CREATE FUNCTION retention_role() RETURNS name LANGUAGE sql STABLE
    RETURN (login_role() || '_retention')::name;
COMMENT ON FUNCTION retention_role() IS
    'May let records go that are past their time; no service is a member. Known while migrating.';

CREATE FUNCTION month_begin(first date) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN (lpad(to_hex((extract(epoch FROM first::timestamp) * 1000)::bigint), 12, '0')
        || repeat('0', 20))::uuid;
COMMENT ON FUNCTION month_begin(date) IS 'The first id of a month.';

CREATE FUNCTION month_table(first date) RETURNS text LANGUAGE sql STABLE
    RETURN 'audit_event_' || to_char(first, 'YYYY_MM');
COMMENT ON FUNCTION month_table(date) IS 'The table of a month''s records.';

-- 1. The table, anew ------------------------------------------------------------------------

ALTER TABLE audit_event RENAME TO audit_event_before;
ALTER TABLE audit_event_before RENAME CONSTRAINT audit_event_id_once TO audit_event_before_once;
ALTER TABLE audit_event_before NO FORCE ROW LEVEL SECURITY;

CREATE TABLE audit_event (
    seq bigint NOT NULL CHECK (seq > 0),
    event_id uuid NOT NULL,
    salt bytea NOT NULL CHECK (octet_length(salt) = 16),
    commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
    detail text NOT NULL,
    CONSTRAINT audit_event_id_once UNIQUE (event_id),
    PRIMARY KEY (seq, event_id)
) PARTITION BY RANGE (event_id);
COMMENT ON TABLE audit_event IS
    'Who asked for what of whom, and what was decided. Never content. A table a month.';
COMMENT ON COLUMN audit_event.seq IS
    'Place in this ledger: 1, 2, 3 and so on, in commit order. Given under the head''s lock.';
COMMENT ON COLUMN audit_event.event_id IS 'Made by the writer; writing it twice keeps one.';
COMMENT ON COLUMN audit_event.salt IS '122 random bits, and 6 that are always the same.';
COMMENT ON COLUMN audit_event.commitment IS 'SHA-256 of the salt and the detail.';
COMMENT ON COLUMN audit_event.detail IS 'The whole event in JSON, as the ledger crate spells it.';

CREATE TABLE audit_purged (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    event_id uuid NOT NULL UNIQUE,
    salt bytea CHECK (octet_length(salt) = 16),
    commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
    detail text,
    CHECK ((salt IS NULL) = (detail IS NULL))
);
COMMENT ON TABLE audit_purged IS
    'What stays of records that are past their time; those under a legal hold stay whole.';
COMMENT ON COLUMN audit_purged.seq IS 'Place in this ledger.';
COMMENT ON COLUMN audit_purged.event_id IS 'The event.';
COMMENT ON COLUMN audit_purged.salt IS 'As it was; null: gone.';
COMMENT ON COLUMN audit_purged.commitment IS 'SHA-256 of the salt and the detail that were.';
COMMENT ON COLUMN audit_purged.detail IS 'As it was, under a legal hold; null: gone.';

CREATE TABLE audit_purge (
    month date PRIMARY KEY,
    purged_at timestamptz NOT NULL,
    records bigint NOT NULL,
    held bigint NOT NULL
);
COMMENT ON TABLE audit_purge IS 'The months whose records have gone.';
COMMENT ON COLUMN audit_purge.month IS 'The month''s first day.';
COMMENT ON COLUMN audit_purge.purged_at IS 'When.';
COMMENT ON COLUMN audit_purge.records IS 'How many there were.';
COMMENT ON COLUMN audit_purge.held IS 'How many of them stayed whole, under a legal hold.';

-- 2. The walls ------------------------------------------------------------------------------

-- The login role is known while migrating only, and a month's table is made at any time: whoever was
-- given something by default loses it.
CREATE FUNCTION wall_records(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given oid;
BEGIN
    FOR given IN SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = target AND a.grantee NOT IN (0, c.relowner)
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %I', target, pg_get_userbyid(given));
    END LOOP;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY owner_reads ON %s FOR SELECT TO %I USING (true)',
        target, current_user);
    EXECUTE format('CREATE POLICY owner_appends ON %s FOR INSERT TO %I WITH CHECK (true)',
        target, current_user);
END $$;
COMMENT ON FUNCTION wall_records(regclass) IS
    'The owner reads and appends, by its functions; nobody else, and nobody changes or deletes.';

DO $$
DECLARE
    target regclass;
BEGIN
    FOREACH target IN ARRAY ARRAY['audit_event'::regclass, 'audit_purged'::regclass] LOOP
        PERFORM wall_records(target);
        -- Seen only by a transaction that says it follows the ledger.
        EXECUTE format('GRANT SELECT ON %s TO %I', target, login_role());
        EXECUTE format('CREATE POLICY follow ON %s FOR SELECT TO %I '
            'USING ((SELECT follows_ledger()))', target, login_role());
    END LOOP;
    PERFORM read_only('audit_purge');
    -- What a hold kept may be forgotten.
    EXECUTE format('CREATE POLICY owner_forgets ON audit_purged FOR UPDATE TO %I '
        'USING (detail IS NOT NULL) WITH CHECK (detail IS NULL)', current_user);
END $$;

CREATE VIEW audit_record WITH (security_invoker = true) AS
    SELECT seq, event_id, salt, commitment, detail FROM audit_event
    UNION ALL
    SELECT seq, event_id, salt, commitment, detail FROM audit_purged;
COMMENT ON VIEW audit_record IS 'All records, those that are gone with what stays of them.';
COMMENT ON COLUMN audit_record.seq IS 'Place in this ledger.';
COMMENT ON COLUMN audit_record.event_id IS 'The event.';
COMMENT ON COLUMN audit_record.salt IS 'Null: gone.';
COMMENT ON COLUMN audit_record.commitment IS 'SHA-256 of the salt and the detail.';
COMMENT ON COLUMN audit_record.detail IS 'The whole event in JSON; null: gone.';
SELECT read_only('audit_record');

-- 3. Months ---------------------------------------------------------------------------------

CREATE FUNCTION open_month(first date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name CONSTANT text := month_table(first);
    next CONSTANT date := (first + interval '1 month')::date;
    late boolean;
BEGIN
    IF to_regclass(name) IS NOT NULL
        OR EXISTS (SELECT FROM audit_purge p WHERE p.month = first) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE audit_event INCLUDING ALL)', name);
    PERFORM wall_records(to_regclass(name));
    -- Records that came when their month had no table are in the way, and go to it.
    late := EXISTS (SELECT FROM audit_event_other o
        WHERE o.event_id >= month_begin(first) AND o.event_id < month_begin(next));
    IF late THEN
        ALTER TABLE audit_event DETACH PARTITION audit_event_other;
        ALTER TABLE audit_event_other RENAME TO audit_event_late;
    END IF;
    EXECUTE format('ALTER TABLE audit_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, month_begin(first), month_begin(next));
    IF late THEN
        CREATE TABLE audit_event_other (LIKE audit_event INCLUDING ALL);
        PERFORM wall_records('audit_event_other');
        ALTER TABLE audit_event ATTACH PARTITION audit_event_other DEFAULT;
        INSERT INTO audit_event (seq, event_id, salt, commitment, detail)
            SELECT l.seq, l.event_id, l.salt, l.commitment, l.detail FROM audit_event_late l;
        DROP TABLE audit_event_late;
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION open_month(date) IS 'Makes a month''s table, if it is not there.';

CREATE FUNCTION open_months() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    -- Whoever waits for a lock holds up all that come after; there are two months' time.
    SET lock_timeout = '200ms' AS $$
DECLARE
    this CONSTANT date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
BEGIN
    FOR n IN 0 .. 2 LOOP
        PERFORM open_month((this + n * interval '1 month')::date);
    END LOOP;
END $$;
COMMENT ON FUNCTION open_months() IS 'Makes the tables of this month and of two to come.';

-- What has another kind of id, or comes when its month has no table: it is kept, too.
CREATE TABLE audit_event_other (LIKE audit_event INCLUDING ALL);
SELECT wall_records('audit_event_other');
ALTER TABLE audit_event ATTACH PARTITION audit_event_other DEFAULT;

SELECT open_month(m.first) FROM (
    SELECT DISTINCT date_trunc('month', to_timestamp(
        ('x' || left(replace(event_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
        AT TIME ZONE 'UTC')::date AS first
    FROM audit_event_before WHERE substr(event_id::text, 15, 1) = '7') m;
SELECT open_months();
INSERT INTO audit_event (seq, event_id, salt, commitment, detail)
    SELECT seq, event_id, salt, commitment, detail FROM audit_event_before;
DROP TABLE audit_event_before;

-- 4. Appending ------------------------------------------------------------------------------

-- An id is looked up in its own month's table, one by one. The bounds keep the other months' indexes shut:
-- to open each is most of what an append would cost after some years.
CREATE OR REPLACE FUNCTION append_audit(event_ids uuid[], details text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    n CONSTANT bigint := cardinality(event_ids);
    last bigint;
    added bigint;
    lowest uuid := event_ids[1];
    highest uuid := event_ids[1];
BEGIN
    IF n > 1 THEN
        SELECT (array_agg(e.id ORDER BY e.id))[1], (array_agg(e.id ORDER BY e.id DESC))[1]
        INTO lowest, highest FROM unnest(event_ids) AS e (id);
    END IF;
    UPDATE ledger_head h SET seq = h.seq + n WHERE h.one RETURNING h.seq - n INTO STRICT last;
    -- On a snapshot that begins after the lock was had: an append that was still committing is seen.
    IF NOT EXISTS (SELECT FROM unnest(event_ids) AS e (id)
            JOIN audit_event a ON a.event_id = e.id
            WHERE a.event_id BETWEEN lowest AND highest) THEN
        WITH new AS MATERIALIZED (
            SELECT e.place, e.event_id, e.detail, uuid_send(gen_random_uuid()) AS salt
            FROM unnest(event_ids, details) WITH ORDINALITY AS e (event_id, detail, place)
        )
        INSERT INTO audit_event (seq, event_id, detail, salt, commitment)
        SELECT last + new.place, new.event_id, new.detail, new.salt,
            sha256(new.salt || convert_to(new.detail, 'UTF8'))
        FROM new;
        RETURN last + n;
    END IF;
    WITH new AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY e.place) AS place, e.event_id, e.detail,
            uuid_send(gen_random_uuid()) AS salt
        FROM unnest(event_ids, details) WITH ORDINALITY AS e (event_id, detail, place)
        WHERE NOT EXISTS (SELECT FROM audit_event a WHERE a.event_id = e.event_id
            AND a.event_id BETWEEN lowest AND highest OFFSET 0)
    )
    INSERT INTO audit_event (seq, event_id, detail, salt, commitment)
    SELECT last + new.place, new.event_id, new.detail, new.salt,
        sha256(new.salt || convert_to(new.detail, 'UTF8'))
    FROM new;
    GET DIAGNOSTICS added = ROW_COUNT;
    UPDATE ledger_head SET seq = last + added WHERE one;
    RETURN last + added;
END $$;

-- 5. Letting go -----------------------------------------------------------------------------

CREATE FUNCTION of_people(detail text, people uuid[]) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN COALESCE((detail::jsonb ->> 'person')::uuid = ANY (people), false);
EXCEPTION WHEN data_exception THEN
    -- Nobody can say whom it is about.
    RETURN true;
END $$;
COMMENT ON FUNCTION of_people(text, uuid[]) IS
    'Whether a record is about one of these people, or about nobody knows whom.';

CREATE FUNCTION purge_month(first date, held uuid[]) RETURNS TABLE (records bigint, kept bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '10s' AS $$
DECLARE
    name CONSTANT text := month_table(first);
    -- A disclosure under a consent is told of for three years (42 CFR 2.25): never less.
    ends CONSTANT timestamptz := (first + interval '37 months') AT TIME ZONE 'UTC';
    newest bigint;
BEGIN
    IF first <> date_trunc('month', first)::date OR to_regclass(name) IS NULL THEN
        RAISE EXCEPTION 'there are no records of this month' USING ERRCODE = 'no_data_found';
    END IF;
    IF now() < ends THEN
        RAISE EXCEPTION 'records are kept for 36 months at least' USING ERRCODE = 'check_violation';
    END IF;
    -- Nothing comes in any more, whatever a clock says; the other months' go on.
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', name);
    EXECUTE format('SELECT COALESCE(max(seq), 0) FROM %I', name) INTO newest;
    IF newest > (SELECT COALESCE(max(size), 0) FROM tree_head) THEN
        RAISE EXCEPTION 'there are records of this month that no head is over'
            USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE format('WITH moved AS (
            INSERT INTO audit_purged (seq, event_id, commitment, salt, detail)
            SELECT seq, event_id, commitment, CASE WHEN hold THEN salt END,
                CASE WHEN hold THEN detail END
            FROM (SELECT *, of_people(detail, $1) AS hold FROM %I) r
            RETURNING detail)
        SELECT count(*), count(detail) FROM moved', name) USING held INTO records, kept;
    -- Whoever waits here holds up every append: not for long, and once more another time.
    PERFORM set_config('lock_timeout', '200ms', true);
    EXECUTE format('ALTER TABLE audit_event DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    INSERT INTO audit_purge (month, purged_at, records, held) VALUES (first, now(), records, kept);
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION purge_month(date, uuid[]) IS
    'Lets a month''s records go, but for those about people who are held.';

CREATE FUNCTION purge_held(held uuid[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    gone bigint;
BEGIN
    UPDATE audit_purged SET salt = NULL, detail = NULL
    WHERE detail IS NOT NULL AND NOT of_people(detail, held);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION purge_held(uuid[]) IS
    'Lets go what a hold had kept, but for the records about people who still are held.';

CREATE FUNCTION months_before(keep integer) RETURNS SETOF date
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS first
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_event'::regclass AND c.relname ~ '^audit_event_\d{4}_\d{2}$'
        AND to_date(right(c.relname, 7), 'YYYY_MM') + make_interval(months => keep + 1)
            <= now() AT TIME ZONE 'UTC'
    ORDER BY first
$$;
COMMENT ON FUNCTION months_before(integer) IS
    'The months that ended so many months ago or earlier and whose records are there.';

DO $$
DECLARE
    own text;
BEGIN
    FOREACH own IN ARRAY ARRAY['retention_role()', 'month_begin(date)', 'month_table(date)',
        'wall_records(regclass)', 'open_month(date)', 'of_people(text, uuid[])',
        'purge_month(date, uuid[])', 'purge_held(uuid[])', 'months_before(integer)']
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I', own, login_role());
    END LOOP;
    FOREACH own IN ARRAY ARRAY['purge_month(date, uuid[])', 'purge_held(uuid[])',
        'months_before(integer)']
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', own, retention_role());
    END LOOP;
END $$;

CREATE FUNCTION month_of(id uuid) RETURNS date LANGUAGE sql IMMUTABLE
    RETURN date_trunc('month', to_timestamp(
        ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
        AT TIME ZONE 'UTC')::date;
COMMENT ON FUNCTION month_of(uuid) IS 'The month that an id begins with.';

-- 6. What was written -----------------------------------------------------------------------

-- A service whose data came by writes on record says here which: its own migrations replace this.
CREATE VIEW written_record WITH (security_invoker = true) AS
    SELECT NULL::uuid AS record_id WHERE false;
COMMENT ON VIEW written_record IS
    'Whatever a write on record has made: for verifying that each has its record.';
COMMENT ON COLUMN written_record.record_id IS 'As the record names it.';
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON written_record FROM %I', login_role());
END $$;
