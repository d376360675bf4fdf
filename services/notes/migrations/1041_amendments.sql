-- Requests for amendment and statements of the person (45 CFR 164.526). An older instance runs on beside: it shows
-- none of them, and takes none.

ALTER TABLE note
    ADD COLUMN beside_bytes integer NOT NULL DEFAULT 0 CHECK (beside_bytes >= 0);
COMMENT ON COLUMN note.beside_bytes IS
    'About how long is what is shown beside its words: statements and requests that were decided.';

CREATE TABLE amendment_request (
    id uuid PRIMARY KEY,
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    custodian_id uuid NOT NULL,
    words bytea NOT NULL,
    at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    extended_at timestamptz,
    extender text,
    extension bytea,
    state smallint NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 3),
    decided_at timestamptz,
    decider text,
    version integer CHECK (version > 1),
    ground smallint CHECK (ground BETWEEN 1 AND 4),
    answer bytea,
    -- 60 days, and once 30 more: 45 CFR 164.526(b)(2).
    CHECK (due_at = at + CASE WHEN extended_at IS NULL THEN interval '1440 hours' ELSE interval '2160 hours' END),
    CHECK ((extended_at IS NULL) = (extender IS NULL) AND (extended_at IS NULL) = (extension IS NULL)),
    CHECK ((state = 1) = (decided_at IS NULL) AND (state = 1) = (decider IS NULL)),
    CHECK ((state = 2) = (version IS NOT NULL)),
    CHECK ((state = 3) = (ground IS NOT NULL) AND (state = 3) = (answer IS NOT NULL))
);
COMMENT ON TABLE amendment_request IS 'That the person asks for a note to be amended, and what came of it.';
COMMENT ON COLUMN amendment_request.id IS 'amendments/{id}; UUIDv7.';
COMMENT ON COLUMN amendment_request.note_id IS 'Of which note.';
COMMENT ON COLUMN amendment_request.person_id IS 'Whom it is about, and who asks.';
COMMENT ON COLUMN amendment_request.custodian_id IS 'The agency unit that holds the note.';
COMMENT ON COLUMN amendment_request.words IS 'What is asked, through the Sealed codec.';
COMMENT ON COLUMN amendment_request.at IS 'When it was asked.';
COMMENT ON COLUMN amendment_request.due_at IS 'By when it must be decided.';
COMMENT ON COLUMN amendment_request.extended_at IS 'When it was extended; null: it was not.';
COMMENT ON COLUMN amendment_request.extender IS 'Who extended it: agency/practitioner.';
COMMENT ON COLUMN amendment_request.extension IS 'Why it was extended, through the Sealed codec.';
COMMENT ON COLUMN amendment_request.state IS 'AmendmentState of the contract: 1 requested, 2 accepted, 3 denied.';
COMMENT ON COLUMN amendment_request.decided_at IS 'When it was decided; null: it was not.';
COMMENT ON COLUMN amendment_request.decider IS 'Who decided it: agency/practitioner.';
COMMENT ON COLUMN amendment_request.version IS 'Accepted: the version of the note that its addendum made.';
COMMENT ON COLUMN amendment_request.ground IS 'Denied: AmendmentDenialGround of the contract.';
COMMENT ON COLUMN amendment_request.answer IS 'Denied: why, through the Sealed codec.';
CREATE INDEX amendment_request_of_note ON amendment_request (note_id);
CREATE INDEX amendment_request_of_person ON amendment_request (person_id, due_at, id);
CREATE INDEX amendment_request_open ON amendment_request (custodian_id, due_at, id) WHERE state = 1;
SELECT protect('amendment_request');
-- What was asked stays as it was asked.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON amendment_request FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (due_at, extended_at, extender, extension, state, '
        'decided_at, decider, version, ground, answer) ON amendment_request TO %I', login_role());
END $$;

CREATE TABLE note_statement (
    id uuid PRIMARY KEY,
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    words bytea NOT NULL,
    at timestamptz NOT NULL,
    amendment_id uuid REFERENCES amendment_request (id)
);
COMMENT ON TABLE note_statement IS 'What the person has written into the record about a note, never changed.';
COMMENT ON COLUMN note_statement.id IS 'statements/{id}; UUIDv7.';
COMMENT ON COLUMN note_statement.note_id IS 'About which note.';
COMMENT ON COLUMN note_statement.person_id IS 'Whom it is about, and who wrote it.';
COMMENT ON COLUMN note_statement.words IS 'Their words, through the Sealed codec.';
COMMENT ON COLUMN note_statement.at IS 'When.';
COMMENT ON COLUMN note_statement.amendment_id IS 'The denied request that it disagrees with; null: none.';
CREATE INDEX note_statement_of_note ON note_statement (note_id);
SELECT protect('note_statement');
SELECT append_only('note_statement');

CREATE FUNCTION locate_amendments(custodian uuid, own text, counsels boolean, after_at timestamptz,
        after_id uuid, most bigint)
    RETURNS TABLE (id uuid, person_id uuid, at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY
    SELECT a.id, a.person_id, a.due_at
    FROM amendment_request a JOIN note n ON n.id = a.note_id
    WHERE a.custodian_id = custodian AND a.state = 1 AND (n.class = 0 OR counsels OR n.author = own) AND (a.due_at, a.id) > (after_at, after_id)
    ORDER BY a.due_at, a.id LIMIT most;
END $$;
COMMENT ON FUNCTION locate_amendments IS
    'Requests that wait at an agency, the one that is due first first: ids and whose they are, no content.';

CREATE OR REPLACE FUNCTION locate_note_of(right_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN COALESCE((SELECT r.note_id FROM block_review r WHERE r.id = right_id),
        (SELECT a.note_id FROM amendment_request a WHERE a.id = right_id));
END $$;
COMMENT ON FUNCTION locate_note_of IS
    'About which note a review or a request for amendment is: its id; null: there is none.';

-- What writes on record have made, as their records name it: see the ledger's migration 0104.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM note
    UNION ALL SELECT id FROM review_request
    UNION ALL SELECT id FROM amendment_request
    UNION ALL SELECT id FROM note_statement;
