-- Almost every event is new. Looking each up and numbering those that remain is for the append that
-- is repeated; one question finds out whether it is, and the head is locked by its own update.
CREATE OR REPLACE FUNCTION append_audit(event_ids uuid[], details text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    n CONSTANT bigint := cardinality(event_ids);
    last bigint;
    added bigint;
BEGIN
    UPDATE ledger_head h SET seq = h.seq + n WHERE h.one RETURNING h.seq - n INTO STRICT last;
    -- On a snapshot that begins after the lock was had: an append that was still committing is seen.
    IF NOT EXISTS (SELECT FROM audit_event a WHERE a.event_id = ANY (event_ids)) THEN
        INSERT INTO audit_event (seq, event_id, detail)
        SELECT last + e.place, e.event_id, e.detail
        FROM unnest(event_ids, details) WITH ORDINALITY AS e (event_id, detail, place);
        RETURN last + n;
    END IF;
    -- OFFSET 0 keeps the look-up from becoming a join, which might read all of a ledger that has
    -- grown since the plan was made.
    INSERT INTO audit_event (seq, event_id, detail)
    SELECT last + row_number() OVER (ORDER BY e.place), e.event_id, e.detail
    FROM unnest(event_ids, details) WITH ORDINALITY AS e (event_id, detail, place)
    WHERE NOT EXISTS (SELECT FROM audit_event a WHERE a.event_id = e.event_id OFFSET 0);
    GET DIAGNOSTICS added = ROW_COUNT;
    UPDATE ledger_head SET seq = last + added WHERE one;
    RETURN last + added;
END $$;
COMMENT ON FUNCTION append_audit IS
    'Appends the events that are not there yet, in the order given; returns the head.';
