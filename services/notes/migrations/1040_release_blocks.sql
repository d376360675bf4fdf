-- Lawful blocks of release: who decided them and why, and the person's request for a review (45 CFR 164.524(a)(3)
-- and (4)). An older instance runs on beside: it decides by release_block_until as ever.

ALTER TABLE note
    ADD COLUMN release_block_id uuid,
    ADD CONSTRAINT note_release_block_check
        CHECK ((release_block_id IS NULL) = (release_block_until IS NULL));
COMMENT ON COLUMN note.release_block_id IS
    'The decision behind release_block_until: release_decision.id; null: none.';

CREATE TABLE release_decision (
    id uuid PRIMARY KEY,
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
    block_id uuid REFERENCES release_decision (id),
    exception smallint CHECK (exception BETWEEN 1 AND 3),
    until_at timestamptz,
    words bytea,
    decider text NOT NULL,
    at timestamptz NOT NULL,
    CHECK ((kind = 1) = (block_id IS NULL)),
    CHECK ((kind = 1) = (exception IS NOT NULL) AND (kind = 1) = (until_at IS NOT NULL)),
    CHECK ((kind = 2) = (words IS NULL)),
    -- In hours: days would hang on the time zone.
    CHECK (until_at > at AND until_at <= at + interval '2160 hours')
);
COMMENT ON TABLE release_decision IS 'What was decided about the release of notes to the person, never changed.';
COMMENT ON COLUMN release_decision.id IS 'UUIDv7; of kind 1 the block.';
COMMENT ON COLUMN release_decision.note_id IS 'Of which note.';
COMMENT ON COLUMN release_decision.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN release_decision.kind IS '1 blocked, 2 lifted, 3 upheld in a review, 4 lifted in a review.';
COMMENT ON COLUMN release_decision.block_id IS 'Which block was lifted or reviewed; null: this is one.';
COMMENT ON COLUMN release_decision.exception IS 'ReleaseException of the contract; null: this is no block.';
COMMENT ON COLUMN release_decision.until_at IS 'When the block ends; null: this is no block.';
COMMENT ON COLUMN release_decision.words IS
    'The grounds, or why it was upheld or lifted in a review, through the Sealed codec; null: lifted without one.';
COMMENT ON COLUMN release_decision.decider IS 'Who decided: agency/practitioner.';
COMMENT ON COLUMN release_decision.at IS 'When.';
CREATE INDEX release_decision_of_note ON release_decision (note_id);
-- A block is reviewed once, and lifted once.
CREATE UNIQUE INDEX release_decision_once ON release_decision (block_id, (kind = 2))
    WHERE block_id IS NOT NULL;
SELECT protect('release_decision');
SELECT append_only('release_decision');

CREATE TABLE review_request (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE review_request IS
    'That the person asked for a review of what is withheld from them, whether or not anything was.';
COMMENT ON COLUMN review_request.id IS 'UUIDv7.';
COMMENT ON COLUMN review_request.person_id IS 'Who asked.';
COMMENT ON COLUMN review_request.at IS 'When.';
SELECT protect('review_request');
SELECT append_only('review_request');

CREATE TABLE block_review (
    id uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES review_request (id),
    block_id uuid NOT NULL UNIQUE REFERENCES release_decision (id),
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    custodian_id uuid NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE block_review IS 'A block of which the person has asked a review: once a block.';
COMMENT ON COLUMN block_review.id IS 'blockReviews/{id}; UUIDv7.';
COMMENT ON COLUMN block_review.request_id IS 'By which request.';
COMMENT ON COLUMN block_review.block_id IS 'Of which block.';
COMMENT ON COLUMN block_review.note_id IS 'Of which note.';
COMMENT ON COLUMN block_review.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN block_review.custodian_id IS 'The agency unit that holds the note.';
COMMENT ON COLUMN block_review.at IS 'When it was asked.';
CREATE INDEX block_review_of_custodian ON block_review (custodian_id, at, id);
SELECT protect('block_review');
SELECT append_only('block_review');

-- Counselling notes for their author and, where `counsels`, for others: before the page is cut.
CREATE FUNCTION locate_block_reviews(custodian uuid, own text, counsels boolean, now_at timestamptz,
        after_at timestamptz, after_id uuid, most bigint)
    RETURNS TABLE (id uuid, person_id uuid, at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY
    SELECT r.id, r.person_id, r.at
    FROM block_review r JOIN note n ON n.id = r.note_id AND n.release_block_id = r.block_id
    WHERE r.custodian_id = custodian AND n.release_block_until > now_at
        AND (n.class = 0 OR counsels OR n.author = own)
        AND NOT EXISTS (SELECT FROM release_decision d WHERE d.block_id = r.block_id)
        AND (r.at, r.id) > (after_at, after_id)
    ORDER BY r.at, r.id LIMIT most;
END $$;
COMMENT ON FUNCTION locate_block_reviews IS
    'Reviews that wait at an agency, the oldest first: ids and whose they are, no content.';

CREATE FUNCTION locate_note_of(right_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN (SELECT r.note_id FROM block_review r WHERE r.id = right_id);
END $$;
COMMENT ON FUNCTION locate_note_of IS 'About which note a review is: its id; null: there is none.';

-- What writes on record have made, as their records name it: see the ledger's migration 0104.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM note
    UNION ALL SELECT id FROM review_request;
