-- The ledger of one service: one row a person a decision, numbered without gaps. Nobody changes
-- or deletes it: the service appends through a function of the schema's owner, and reads.

CREATE TABLE ledger_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL CHECK (seq >= 0)
-- Updated by every commit, and read by way of its dead versions: they go when a page is a tenth full.
) WITH (fillfactor = 10);
COMMENT ON TABLE ledger_head IS 'One row, locked by whoever appends until it commits.';
COMMENT ON COLUMN ledger_head.one IS 'There is one row.';
COMMENT ON COLUMN ledger_head.seq IS 'The number of the last event.';
INSERT INTO ledger_head (seq) VALUES (0);
SELECT read_only('ledger_head');

CREATE TABLE audit_event (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    event_id uuid NOT NULL CONSTRAINT audit_event_id_once UNIQUE,
    occurred_at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('PERMIT', 'DENY')),
    rpc text NOT NULL,
    decision_id uuid NOT NULL,
    person_id uuid,
    action text NOT NULL,
    reason text,
    caller_kind text NOT NULL,
    caller_agency uuid,
    revision bigint NOT NULL,
    trace_id bytea CHECK (octet_length(trace_id) = 16),
    -- jsonb, which refuses what it can't hold (U+0000): json would take it, and its readers fail.
    detail jsonb NOT NULL
);
COMMENT ON TABLE audit_event IS 'Who asked for what of whom, and what was decided. Never content.';
COMMENT ON COLUMN audit_event.seq IS 'Place in this ledger: 1, 2, 3 and so on, in commit order.';
COMMENT ON COLUMN audit_event.event_id IS 'Made by the writer; writing it twice keeps one.';
COMMENT ON COLUMN audit_event.occurred_at IS 'When it was decided, by the service''s clock.';
COMMENT ON COLUMN audit_event.outcome IS 'PERMIT or DENY.';
COMMENT ON COLUMN audit_event.rpc IS 'The RPC, as package.Service/Method.';
COMMENT ON COLUMN audit_event.decision_id IS 'Joins the events of one decision over many people.';
COMMENT ON COLUMN audit_event.person_id IS 'Whose records; absent where nobody''s were asked for.';
COMMENT ON COLUMN audit_event.action IS 'READ, WRITE, TRANSITION or REFER.';
COMMENT ON COLUMN audit_event.reason IS 'The code of a refusal.';
COMMENT ON COLUMN audit_event.caller_kind IS 'What kind of caller.';
COMMENT ON COLUMN audit_event.caller_agency IS 'The caller''s agency, if it has one.';
COMMENT ON COLUMN audit_event.revision IS 'The person''s consent revision that was decided on.';
COMMENT ON COLUMN audit_event.trace_id IS 'The trace in which it happened.';
COMMENT ON COLUMN audit_event.detail IS 'The whole event, as the ledger crate spells it.';

SELECT append_only('audit_event');

-- A second wall here, too: rows are seen only by a transaction that says it follows the ledger.
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_event FORCE ROW LEVEL SECURITY;

CREATE FUNCTION follows_ledger() RETURNS boolean LANGUAGE sql STABLE
    RETURN COALESCE(current_setting('trellis.ledger', true), '') = 'follow';
COMMENT ON FUNCTION follows_ledger() IS 'Whether this transaction reads the ledger.';

DO $$
BEGIN
    EXECUTE format('CREATE POLICY follow ON audit_event FOR SELECT TO %I '
        'USING ((SELECT follows_ledger()))', login_role());
    EXECUTE format('CREATE POLICY owner_reads ON audit_event FOR SELECT TO %I USING (true)',
        current_user);
    EXECUTE format('CREATE POLICY owner_appends ON audit_event FOR INSERT TO %I WITH CHECK (true)',
        current_user);
    -- The service appends through the function below only: numbers are not its to choose.
    EXECUTE format('REVOKE INSERT ON audit_event FROM %I', login_role());
END $$;

-- Events already there are left as they are, so that an append whose commit went unanswered may
-- be repeated. They are looked up under the head's lock, in a statement, and so on a snapshot,
-- that begins after the lock was had: an append that was still committing has been seen.
-- The plans stay with the connection, and the first may have been made for an empty ledger. It must
-- not read all of one that has grown since: OFFSET 0 keeps the look-up from becoming a join, which
-- might do that, so that each event is looked up by its id.
CREATE FUNCTION append_audit(
    event_ids uuid[], occurred timestamptz[], outcomes text[], rpcs text[], decisions uuid[],
    people uuid[], actions text[], reasons text[], caller_kinds text[], caller_agencies uuid[],
    revisions bigint[], traces bytea[], details text[]
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off AS $$
DECLARE
    last bigint;
    added bigint;
BEGIN
    SELECT h.seq INTO STRICT last FROM ledger_head h WHERE h.one FOR UPDATE;
    INSERT INTO audit_event (seq, event_id, occurred_at, outcome, rpc, decision_id, person_id,
        action, reason, caller_kind, caller_agency, revision, trace_id, detail)
    SELECT last + row_number() OVER (ORDER BY e.place), e.event_id, e.occurred_at, e.outcome,
        e.rpc, e.decision_id, e.person_id, e.action, e.reason, e.caller_kind, e.caller_agency,
        e.revision, e.trace_id, e.detail::jsonb
    FROM unnest(event_ids, occurred, outcomes, rpcs, decisions, people, actions, reasons,
        caller_kinds, caller_agencies, revisions, traces, details)
        WITH ORDINALITY AS e (event_id, occurred_at, outcome, rpc, decision_id, person_id, action,
            reason, caller_kind, caller_agency, revision, trace_id, detail, place)
    WHERE NOT EXISTS (SELECT FROM audit_event a WHERE a.event_id = e.event_id OFFSET 0);
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added > 0 THEN
        UPDATE ledger_head SET seq = last + added WHERE one;
    END IF;
    RETURN last + added;
END $$;
COMMENT ON FUNCTION append_audit IS
    'Appends the events that are not there yet, in the order given; returns the head.';
