-- An event is kept as it is spelled, and once. Nobody but the audit service reads it, and that reads
-- the whole of it: to parse it into jsonb, and to keep its fields a second time in columns, was two
-- thirds of the cost of an append.
ALTER TABLE audit_event
    ALTER COLUMN detail TYPE text USING detail::text,
    DROP COLUMN occurred_at, DROP COLUMN outcome, DROP COLUMN rpc, DROP COLUMN decision_id,
    DROP COLUMN person_id, DROP COLUMN action, DROP COLUMN reason, DROP COLUMN caller_kind,
    DROP COLUMN caller_agency, DROP COLUMN revision, DROP COLUMN trace_id;
COMMENT ON COLUMN audit_event.detail IS 'The whole event in JSON, as the ledger crate spells it.';

DROP FUNCTION append_audit(uuid[], timestamptz[], text[], text[], uuid[], uuid[], text[], text[],
    text[], uuid[], bigint[], bytea[], text[]);

-- Events already there are left as they are, so that an append whose commit went unanswered may
-- be repeated. They are looked up under the head's lock, in a statement, and so on a snapshot,
-- that begins after the lock was had: an append that was still committing has been seen.
-- One plan for all, kept with the connection, which may have been made for an empty ledger. It must
-- not read all of one that has grown since: OFFSET 0 keeps the look-up from becoming a join, which
-- might do that, so that each event is looked up by its id.
CREATE FUNCTION append_audit(event_ids uuid[], details text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    last bigint;
    added bigint;
BEGIN
    SELECT h.seq INTO STRICT last FROM ledger_head h WHERE h.one FOR UPDATE;
    INSERT INTO audit_event (seq, event_id, detail)
    SELECT last + row_number() OVER (ORDER BY e.place), e.event_id, e.detail
    FROM unnest(event_ids, details) WITH ORDINALITY AS e (event_id, detail, place)
    WHERE NOT EXISTS (SELECT FROM audit_event a WHERE a.event_id = e.event_id OFFSET 0);
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added > 0 THEN
        UPDATE ledger_head SET seq = last + added WHERE one;
    END IF;
    RETURN last + added;
END $$;
COMMENT ON FUNCTION append_audit IS
    'Appends the events that are not there yet, in the order given; returns the head.';
