-- Questions about notes and their answers, to the author or to roles of the custodian. An older instance runs on
-- beside: it shows none of them, and takes none.

CREATE TABLE note_question (
    id uuid PRIMARY KEY,
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    asker text,
    agency_id uuid,
    roles smallint[] NOT NULL,
    words bytea NOT NULL,
    at timestamptz NOT NULL,
    answer bytea,
    answerer text,
    answered_at timestamptz,
    CHECK ((asker IS NULL) = (agency_id IS NULL)),
    CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answerer IS NULL)),
    -- The care roles of the contract, as its Role numbers them.
    CHECK (roles <@ '{1,2,3,4,5,6}'::smallint[] AND cardinality(roles) <= 5)
);
COMMENT ON TABLE note_question IS 'What is asked about a note, and what was answered.';
COMMENT ON COLUMN note_question.id IS 'questions/{id}; UUIDv7.';
COMMENT ON COLUMN note_question.note_id IS 'About which note.';
COMMENT ON COLUMN note_question.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN note_question.asker IS 'Who asks: agency/practitioner; null: the person themself.';
COMMENT ON COLUMN note_question.agency_id IS 'The asker''s agency unit; null: the person themself.';
COMMENT ON COLUMN note_question.roles IS
    'Role of the contract: the custodian''s that should look at it; none: the note''s author.';
COMMENT ON COLUMN note_question.words IS 'What is asked, through the Sealed codec.';
COMMENT ON COLUMN note_question.at IS 'When it was asked.';
COMMENT ON COLUMN note_question.answer IS 'The answer, through the Sealed codec; null: there is none.';
COMMENT ON COLUMN note_question.answerer IS 'Who answered: agency/practitioner; null: nobody.';
COMMENT ON COLUMN note_question.answered_at IS 'When it was answered; null: it was not.';
CREATE INDEX note_question_of_note ON note_question (note_id, at, id);
CREATE INDEX note_question_open ON note_question (note_id) WHERE answered_at IS NULL;
SELECT protect('note_question');
-- What was asked stays as it was asked.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON note_question FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (answer, answerer, answered_at) ON note_question TO %I',
        login_role());
END $$;

CREATE OR REPLACE FUNCTION locate_note_of(right_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN COALESCE((SELECT r.note_id FROM block_review r WHERE r.id = right_id),
        (SELECT a.note_id FROM amendment_request a WHERE a.id = right_id),
        (SELECT q.note_id FROM note_question q WHERE q.id = right_id));
END $$;
COMMENT ON FUNCTION locate_note_of IS
    'About which note a review, a request for amendment or a question is: its id; null: there is none.';

-- What writes on record have made, as their records name it: see the ledger's migration 0104. Of a question of
-- staff the record names the note.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM note
    UNION ALL SELECT id FROM review_request
    UNION ALL SELECT id FROM amendment_request
    UNION ALL SELECT id FROM note_statement
    UNION ALL SELECT id FROM note_question WHERE asker IS NULL;
