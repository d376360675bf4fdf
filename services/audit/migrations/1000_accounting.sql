-- The accounting of disclosures: every service's ledger as far as it has been read, event by event,
-- so that one person's are together. Nothing here is ever changed but how far a ledger was read.

CREATE TABLE ledger_position (
    service text PRIMARY KEY CHECK (service ~ '^[a-z]{1,30}$'),
    sequence bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    heard_at timestamptz
);
COMMENT ON TABLE ledger_position IS
    'How far each ledger has been read; locked by whoever adds events of it until it commits.';
COMMENT ON COLUMN ledger_position.service IS 'Whose ledger.';
COMMENT ON COLUMN ledger_position.sequence IS 'Every event up to this number is here.';
COMMENT ON COLUMN ledger_position.heard_at IS 'When the ledger was last heard; null: never yet.';

CREATE TABLE disclosure (
    service text NOT NULL REFERENCES ledger_position (service),
    sequence bigint NOT NULL CHECK (sequence > 0),
    event_id uuid NOT NULL CONSTRAINT disclosure_event_once UNIQUE,
    occurred_at timestamptz NOT NULL,
    person_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('PERMIT', 'DENY')),
    caller_kind text NOT NULL,
    agency_id uuid,
    recipient_id uuid,
    subject text NOT NULL,
    roles integer NOT NULL,
    purposes integer NOT NULL,
    rpc text NOT NULL,
    action text NOT NULL,
    records uuid[] NOT NULL,
    record_kinds integer NOT NULL,
    custodians uuid[] NOT NULL,
    bases text[] NOT NULL,
    consents uuid[] NOT NULL,
    obligations text[] NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (service, sequence)
);
COMMENT ON TABLE disclosure IS 'One event of one ledger: who asked for what of whom, and why.';
COMMENT ON COLUMN disclosure.service IS 'In whose ledger it stands.';
COMMENT ON COLUMN disclosure.sequence IS 'Its number there.';
COMMENT ON COLUMN disclosure.event_id IS 'The event''s own id: there once, whatever is repeated.';
COMMENT ON COLUMN disclosure.occurred_at IS 'When it was decided.';
COMMENT ON COLUMN disclosure.person_id IS 'Whose records; nil: nobody''s, and never shown.';
COMMENT ON COLUMN disclosure.decision_id IS 'Joins the events of one decision.';
COMMENT ON COLUMN disclosure.outcome IS 'PERMIT or DENY; a refusal discloses nothing.';
COMMENT ON COLUMN disclosure.caller_kind IS 'What kind of caller.';
COMMENT ON COLUMN disclosure.agency_id IS 'The caller''s agency, if it has one.';
COMMENT ON COLUMN disclosure.recipient_id IS 'The agency to which records were sent, if so.';
COMMENT ON COLUMN disclosure.subject IS 'The practitioner within the agency, or the sign-in.';
COMMENT ON COLUMN disclosure.roles IS 'The caller''s: bit i is the i-th role code.';
COMMENT ON COLUMN disclosure.purposes IS 'Those asserted: bit i is the i-th purpose code.';
COMMENT ON COLUMN disclosure.rpc IS 'The RPC, as package.Service/Method.';
COMMENT ON COLUMN disclosure.action IS 'READ, WRITE, TRANSITION or REFER.';
COMMENT ON COLUMN disclosure.records IS 'Which records.';
COMMENT ON COLUMN disclosure.record_kinds IS 'Of what kinds: bit i is the i-th kind code.';
COMMENT ON COLUMN disclosure.custodians IS 'The agencies that hold them.';
COMMENT ON COLUMN disclosure.bases IS 'What opened them; none: nothing was opened.';
COMMENT ON COLUMN disclosure.consents IS 'The consents and the like that were relied on.';
COMMENT ON COLUMN disclosure.obligations IS 'What the recipient had to get or do.';
COMMENT ON COLUMN disclosure.detail IS 'The whole event, as its ledger spells it.';
CREATE INDEX disclosure_of_person ON disclosure (person_id, occurred_at DESC, event_id DESC);
SELECT protect('disclosure');
SELECT append_only('disclosure');

CREATE FUNCTION locate_disclosures(ledger text, numbers bigint[])
    RETURNS TABLE (sequence bigint, event_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.sequence, d.event_id
    FROM disclosure d WHERE d.service = ledger AND d.sequence = ANY (numbers)
$$;
COMMENT ON FUNCTION locate_disclosures IS
    'The one door without a person: which events stand at these numbers, ids only.';
