-- Disclosures to law enforcement that a person is not told of for a time, on its statement
-- (45 CFR 164.528(a)(2)).

CREATE TABLE accounting_suspension (
    suspension_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    office_id uuid NOT NULL,
    official text NOT NULL CHECK (char_length(official) BETWEEN 1 AND 200),
    oral boolean NOT NULL,
    document_sha256 text CHECK (document_sha256 ~ '^[0-9a-f]{64}$'),
    stated_at timestamptz NOT NULL,
    begun_at timestamptz NOT NULL CHECK (begun_at >= stated_at),
    until_at timestamptz NOT NULL CHECK (until_at > begun_at),
    CONSTRAINT of_another CHECK (agency_id <> office_id),
    CONSTRAINT written_is_kept CHECK (oral = (document_sha256 IS NULL)),
    CONSTRAINT oral_is_short CHECK (NOT oral OR until_at <= stated_at + interval '720 hours')
);
COMMENT ON TABLE accounting_suspension IS
    'Whose accounting leaves out what a court order opened to an agency, and until when.';
COMMENT ON COLUMN accounting_suspension.suspension_id IS 'accountingSuspensions/{uuid}.';
COMMENT ON COLUMN accounting_suspension.person_id IS
    'Whose accounting; nobody has looked whether there is such a person.';
COMMENT ON COLUMN accounting_suspension.agency_id IS 'Disclosures to this agency.';
COMMENT ON COLUMN accounting_suspension.office_id IS 'The custodian that recorded the statement.';
COMMENT ON COLUMN accounting_suspension.official IS 'Who made it.';
COMMENT ON COLUMN accounting_suspension.oral IS 'By word of mouth: 30 days at most.';
COMMENT ON COLUMN accounting_suspension.document_sha256 IS 'Of the written statement; null: oral.';
COMMENT ON COLUMN accounting_suspension.stated_at IS 'When it was made.';
COMMENT ON COLUMN accounting_suspension.begun_at IS 'When it was recorded.';
COMMENT ON COLUMN accounting_suspension.until_at IS 'Until when, at the latest.';
CREATE INDEX accounting_suspension_of_office
    ON accounting_suspension (office_id, begun_at DESC, suspension_id DESC);
CREATE INDEX accounting_suspension_of_person ON accounting_suspension (person_id);
SELECT append_only('accounting_suspension');

CREATE TABLE accounting_suspension_ended (
    suspension_id uuid PRIMARY KEY REFERENCES accounting_suspension,
    ended_at timestamptz NOT NULL
);
COMMENT ON TABLE accounting_suspension_ended IS 'The suspensions that ended before their time.';
COMMENT ON COLUMN accounting_suspension_ended.suspension_id IS 'Which.';
COMMENT ON COLUMN accounting_suspension_ended.ended_at IS 'Since when.';
SELECT append_only('accounting_suspension_ended');

-- As legal holds (migration 1020): an office sees and ends what it recorded, and no other row. So now with
-- the holds that were lifted.
DO $$
DECLARE
    ended record;
BEGIN
    EXECUTE 'ALTER TABLE accounting_suspension ENABLE ROW LEVEL SECURITY';
    EXECUTE 'ALTER TABLE accounting_suspension FORCE ROW LEVEL SECURITY';
    EXECUTE format('CREATE POLICY recorded ON accounting_suspension TO %I
        USING (office_id::text = COALESCE(current_setting(''trellis.office'', true), ''''))',
        login_role());
    EXECUTE format('CREATE POLICY owner_reads ON accounting_suspension FOR SELECT TO %I USING (true)',
        current_user);
    FOR ended IN SELECT * FROM (VALUES
        ('accounting_suspension_ended', 'accounting_suspension', 'suspension_id'),
        ('legal_hold_lifted', 'legal_hold', 'hold_id')) AS v (of, what, id)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', ended.of);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', ended.of);
        EXECUTE format('CREATE POLICY own ON %1$I TO %2$I USING (EXISTS (
            SELECT FROM %3$I w WHERE w.%4$I = %1$I.%4$I))', ended.of, login_role(), ended.what, ended.id);
        EXECUTE format('CREATE POLICY owner_reads ON %I FOR SELECT TO %I USING (true)', ended.of,
            current_user);
    END LOOP;
END $$;

-- A person's own reading must not see the rows, only be cut by them: of the people in scope alone.
CREATE FUNCTION accounting_suspended(whose uuid, recipient uuid, held_by uuid[], at timestamptz)
    RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT whose = ANY (current_people()) AND held_by <> '{}' AND NOT EXISTS (
        SELECT FROM unnest(held_by) AS custodian WHERE NOT EXISTS (
            SELECT FROM accounting_suspension s
                LEFT JOIN accounting_suspension_ended e USING (suspension_id)
            WHERE s.person_id = whose AND s.agency_id = recipient AND s.office_id = custodian
                AND at < s.until_at AND (e.ended_at IS NULL OR at < e.ended_at)))
$$;
COMMENT ON FUNCTION accounting_suspended IS
    'Whether disclosures of these custodians'' records to an agency are left out at an instant.';

-- Whether an accounting tells of an event at an instant: the one place for the list, the recipients and the
-- proofs. Only what a court order opened, to who read it, can be suspended.
CREATE FUNCTION told_now(event disclosure, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN event.bases = '{COURT_ORDER}' AND event.recipient_id IS NULL
        THEN NOT accounting_suspended(event.person_id, event.agency_id, event.custodians, at)
        ELSE true END
$$;
COMMENT ON FUNCTION told_now IS 'Whether an accounting tells of an event at an instant.';

CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT hold_id AS record_id FROM legal_hold
    UNION ALL SELECT suspension_id FROM accounting_suspension;
