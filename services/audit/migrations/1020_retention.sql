-- How long the accounting is kept, and what is kept for a matter beyond that.

CREATE TABLE legal_hold (
    hold_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    agency_id uuid,
    matter text NOT NULL CHECK (char_length(matter) BETWEEN 1 AND 200),
    placed_at timestamptz NOT NULL
);
COMMENT ON TABLE legal_hold IS 'Whose audit records stay, whatever their age.';
COMMENT ON COLUMN legal_hold.hold_id IS 'legalHolds/{uuid}.';
COMMENT ON COLUMN legal_hold.person_id IS 'Whose records; nobody has looked whether there is such a person.';
COMMENT ON COLUMN legal_hold.agency_id IS 'Which agency placed it; null: the network.';
COMMENT ON COLUMN legal_hold.matter IS 'The matter''s number or name.';
COMMENT ON COLUMN legal_hold.placed_at IS 'When.';
CREATE INDEX legal_hold_of_agency ON legal_hold (agency_id, placed_at DESC, hold_id DESC);
SELECT append_only('legal_hold');

CREATE TABLE legal_hold_lifted (
    hold_id uuid PRIMARY KEY REFERENCES legal_hold,
    lifted_at timestamptz NOT NULL
);
COMMENT ON TABLE legal_hold_lifted IS 'The holds that stand no more.';
COMMENT ON COLUMN legal_hold_lifted.hold_id IS 'Which.';
COMMENT ON COLUMN legal_hold_lifted.lifted_at IS 'Since when.';
SELECT append_only('legal_hold_lifted');

-- An officer's list is of many people; who placed a hold may see whom it is about. No other row of theirs
-- is to be seen by it.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE legal_hold ENABLE ROW LEVEL SECURITY';
    EXECUTE 'ALTER TABLE legal_hold FORCE ROW LEVEL SECURITY';
    EXECUTE format('CREATE POLICY placed ON legal_hold TO %I
        USING (COALESCE(agency_id::text, ''network'')
            = COALESCE(current_setting(''trellis.office'', true), ''''))', login_role());
    EXECUTE format('CREATE POLICY owner_reads ON legal_hold FOR SELECT TO %I USING (true)',
        current_user);
END $$;

-- The copy goes as the records themselves do (the ledger's migration 0104).
DO $$
BEGIN
    EXECUTE format('CREATE POLICY owner_purges ON disclosure FOR DELETE TO %I '
        'USING (occurred_at < now() - interval ''36 months'')', current_user);
END $$;

CREATE FUNCTION purge_disclosures(before date, held uuid[], most bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM disclosure d USING (
        SELECT service, sequence FROM disclosure
        WHERE occurred_at < before::timestamp AT TIME ZONE 'UTC' AND NOT person_id = ANY (held)
        LIMIT most) old
    WHERE (d.service, d.sequence) = (old.service, old.sequence)
        AND d.occurred_at < now() - interval '36 months';
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION purge_disclosures(date, uuid[], bigint) IS
    'Lets go so many rows from before a day, but for those about people who are held.';
CREATE INDEX disclosure_by_time ON disclosure (occurred_at);

DO $$
BEGIN
    EXECUTE format('REVOKE EXECUTE ON FUNCTION purge_disclosures(date, uuid[], bigint) FROM %I',
        login_role());
    EXECUTE format('GRANT EXECUTE ON FUNCTION purge_disclosures(date, uuid[], bigint) TO %I',
        retention_role());
END $$;
