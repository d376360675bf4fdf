-- The person's own statement: a note whose author is the person, final at once. An older instance runs on beside:
-- to it the author is nobody, and what it would do wrongly is refused.

ALTER TABLE note
    ADD CONSTRAINT note_person_statement_check CHECK ((note_type = 10) = (author = 'person')
        AND (note_type <> 10
            OR (class = 0 AND state = 2 AND version = 1 AND release_block_until IS NULL)));
COMMENT ON COLUMN note.author IS
    'agency/practitioner; of the person''s own statement "person", which has no slash and so is no practitioner.';
COMMENT ON COLUMN note.custodian_id IS
    'The agency unit that holds it: its author''s; of the person''s own statement the one that they named.';
COMMENT ON COLUMN note_version.author IS 'Who wrote this version, as note.author.';

-- It is signed when it is written, and told as what is signed later.
CREATE CONSTRAINT TRIGGER note_told_at_once AFTER INSERT ON note
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.note_type = 10 AND NEW.signed_at IS NOT NULL)
    EXECUTE FUNCTION tell_of_note();
