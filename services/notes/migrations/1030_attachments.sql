-- Files that go with a note. Their bytes are in the object store, in parts; here is what they are, and which of
-- them are whole.

CREATE TABLE attachment (
    id uuid PRIMARY KEY,
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    author text NOT NULL,
    content bytea NOT NULL,
    media_type smallint NOT NULL CHECK (media_type > 0),
    size integer NOT NULL CHECK (size BETWEEN 1 AND 26214400),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    stored_as uuid NOT NULL UNIQUE,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz,
    parts bytea CHECK (octet_length(parts) = 32 * ((size + 1048575) / 1048576)),
    discarded_at timestamptz,
    removed_at timestamptz,
    CONSTRAINT attachment_whole_check CHECK ((finished_at IS NULL) = (parts IS NULL)),
    CONSTRAINT attachment_ended_once_check CHECK (finished_at IS NULL OR discarded_at IS NULL),
    CONSTRAINT attachment_removed_check CHECK (removed_at IS NULL OR discarded_at IS NOT NULL)
);
COMMENT ON TABLE attachment IS 'A file that goes with a note.';
COMMENT ON COLUMN attachment.id IS 'attachments/{id}; UUIDv7.';
COMMENT ON COLUMN attachment.note_id IS 'Of which note.';
COMMENT ON COLUMN attachment.person_id IS 'Whom the note is about: for the wall.';
COMMENT ON COLUMN attachment.author IS 'Who sends it: agency/practitioner.';
COMMENT ON COLUMN attachment.content IS 'The file''s name, through the Sealed codec.';
COMMENT ON COLUMN attachment.media_type IS 'MediaType of the contract.';
COMMENT ON COLUMN attachment.size IS 'Bytes in all.';
COMMENT ON COLUMN attachment.sha256 IS 'Of all its bytes.';
COMMENT ON COLUMN attachment.stored_as IS 'Under what its parts are in the object store: random.';
COMMENT ON COLUMN attachment.begun_at IS 'When its author began to send it.';
COMMENT ON COLUMN attachment.finished_at IS
    'When it was whole and found to be what was stated; null: nobody sees it.';
COMMENT ON COLUMN attachment.parts IS 'SHA-256 of each of its parts, one after the other.';
COMMENT ON COLUMN attachment.discarded_at IS 'When what had arrived was given up: it was never whole.';
COMMENT ON COLUMN attachment.removed_at IS 'When its parts were removed from the object store.';
SELECT protect('attachment');
CREATE INDEX attachment_of_note ON attachment (note_id, id);
CREATE INDEX attachment_unfinished ON attachment (begun_at) WHERE finished_at IS NULL AND removed_at IS NULL;

CREATE FUNCTION locate_attachment(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT a.note_id FROM attachment a WHERE a.id = wanted AND a.finished_at IS NOT NULL
$$;
COMMENT ON FUNCTION locate_attachment IS 'Of which note a file is: an id only.';

CREATE FUNCTION unfinished_attachments(begun_before timestamptz, discarded_before timestamptz, most integer)
    RETURNS TABLE (id uuid, person_id uuid, stored_as uuid, discarded boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT a.id, a.person_id, a.stored_as, a.discarded_at IS NOT NULL FROM attachment a
    WHERE a.finished_at IS NULL AND a.removed_at IS NULL AND CASE
        WHEN a.discarded_at IS NULL THEN a.begun_at < begun_before
        ELSE a.discarded_at < discarded_before END
    ORDER BY a.begun_at LIMIT most
$$;
COMMENT ON FUNCTION unfinished_attachments IS
    'What was begun and not finished in time, and what was discarded and is still stored: ids only.';
