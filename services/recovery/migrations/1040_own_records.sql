-- What a person keeps beside their plan: goals and check-ins.

CREATE TABLE own_record (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES plan,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 2),
    instrument text,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL,
    written_at timestamptz NOT NULL CHECK (written_at >= created_at),
    CHECK ((kind = 2) = (instrument IS NOT NULL))
);
COMMENT ON TABLE own_record IS 'A record of the person''s own beside the plan, without custodian.';
COMMENT ON COLUMN own_record.id IS 'goals/{id} or checkIns/{id}; random.';
COMMENT ON COLUMN own_record.person_id IS 'Whose.';
COMMENT ON COLUMN own_record.kind IS '1: a goal; 2: a check-in.';
COMMENT ON COLUMN own_record.instrument IS 'Of a check-in: the code of what was answered.';
COMMENT ON COLUMN own_record.version IS 'The present version.';
COMMENT ON COLUMN own_record.created_at IS 'When it was made.';
COMMENT ON COLUMN own_record.written_at IS 'When the present version was written.';
CREATE INDEX own_record_of_person ON own_record (person_id, kind, created_at, id);
SELECT protect('own_record');
-- A record stays whose and what it is.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON own_record FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (version, written_at) ON own_record TO %I', login_role());
END $$;

CREATE TABLE own_version (
    record_id uuid NOT NULL REFERENCES own_record (id),
    person_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    content bytea NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (record_id, version)
);
COMMENT ON TABLE own_version IS 'What such a record has said, never changed.';
COMMENT ON COLUMN own_version.record_id IS 'Which record.';
COMMENT ON COLUMN own_version.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN own_version.version IS 'From 1.';
COMMENT ON COLUMN own_version.content IS
    'The person''s words or answers: GoalContent or CheckIn of the contract, through the Sealed codec.';
COMMENT ON COLUMN own_version.written_at IS 'When.';
SELECT protect('own_version');
SELECT append_only('own_version');

CREATE FUNCTION locate_own_record(record uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.person_id FROM own_record r WHERE r.id = record
$$;
COMMENT ON FUNCTION locate_own_record IS 'Whose such a record is: the person''s id; null: there is none.';

-- What writes on record have made, as their records name it: see the ledger's migration 0104.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM section_version
    UNION ALL SELECT id FROM share WHERE crisis_id IS NULL
    UNION ALL SELECT id FROM supporter
    UNION ALL SELECT id FROM contribution
    UNION ALL SELECT id FROM crisis_rules
    UNION ALL SELECT id FROM crisis_step
    UNION ALL SELECT id FROM own_record;
