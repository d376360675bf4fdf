-- Notes and their versions. A note's row holds what decisions need; its words are in its versions,
-- which are written once.

CREATE TABLE note (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    class smallint NOT NULL,
    custodian_id uuid NOT NULL,
    author text NOT NULL,
    episode_id uuid,
    authored_at timestamptz NOT NULL,
    confidentiality smallint,
    sensitivities integer NOT NULL,
    part2 boolean NOT NULL,
    victim_service boolean NOT NULL,
    release_block_until timestamptz,
    note_type smallint NOT NULL CHECK (note_type > 0),
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
    version integer NOT NULL CHECK (version > 0),
    signed_at timestamptz,
    row_version bigint NOT NULL
);
COMMENT ON TABLE note IS 'A shared care note: its facets and where it stands.';
COMMENT ON COLUMN note.id IS 'notes/{id}; UUIDv7.';
COMMENT ON COLUMN note.person_id IS 'Whom it is about.';
COMMENT ON COLUMN note.class IS 'Class of record: 0 GENERAL, 1 COUNSELING_NOTE.';
COMMENT ON COLUMN note.custodian_id IS 'The agency unit that holds it: its author''s.';
COMMENT ON COLUMN note.author IS 'agency/practitioner.';
COMMENT ON COLUMN note.episode_id IS 'The episode of care, if any.';
COMMENT ON COLUMN note.authored_at IS 'When it was written.';
COMMENT ON COLUMN note.confidentiality IS 'As stated: rank 0 U to 5 V; null: not stated, so R.';
COMMENT ON COLUMN note.sensitivities IS 'As stated: bit i is the i-th sensitivity code.';
COMMENT ON COLUMN note.part2 IS 'Its own Part 2 flag, which a copy keeps.';
COMMENT ON COLUMN note.victim_service IS 'Its own victim-service flag, which a copy keeps.';
COMMENT ON COLUMN note.release_block_until IS 'Lawful block of release to the person, until then.';
COMMENT ON COLUMN note.note_type IS 'NoteType of the contract.';
COMMENT ON COLUMN note.state IS '1 preliminary, 2 final, 3 amended.';
COMMENT ON COLUMN note.version IS 'The version that is shown.';
COMMENT ON COLUMN note.signed_at IS 'When it was signed.';
COMMENT ON COLUMN note.row_version IS 'Grows with every change; its etag.';
CREATE INDEX note_of_person ON note (person_id, authored_at DESC, id DESC);
SELECT protect('note');

CREATE TABLE note_version (
    note_id uuid NOT NULL REFERENCES note (id),
    version integer NOT NULL CHECK (version > 0),
    person_id uuid NOT NULL,
    body bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    author text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (note_id, version)
);
COMMENT ON TABLE note_version IS 'The words of a note, version by version, never changed.';
COMMENT ON COLUMN note_version.note_id IS 'Of which note.';
COMMENT ON COLUMN note_version.version IS 'From 1.';
COMMENT ON COLUMN note_version.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN note_version.body IS 'The sections, through the Sealed codec.';
COMMENT ON COLUMN note_version.sha256 IS 'Of the sections as they were given.';
COMMENT ON COLUMN note_version.author IS 'Who wrote this version: agency/practitioner.';
COMMENT ON COLUMN note_version.at IS 'When.';
SELECT protect('note_version');
SELECT append_only('note_version');

-- plpgsql keeps its plans with the connection; an SQL function would be planned at every call. The
-- first plan may be made for an empty table: it must not read all of one that has grown since.
CREATE FUNCTION locate_notes(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, state smallint
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until,
        n.state
    FROM note n WHERE n.id = ANY (ids);
END $$;
COMMENT ON FUNCTION locate_notes IS 'The one door without a person: facets, no content.';

-- As current_people() reads it.
CREATE FUNCTION locate_people_of_notes(ids uuid[]) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off AS $$
BEGIN
    RETURN (SELECT string_agg(n.person_id::text, ',') FROM note n WHERE n.id = ANY (ids));
END $$;
COMMENT ON FUNCTION locate_people_of_notes IS 'Whose notes these are: ids only.';

-- Point reads of many callers in one statement. It tells the wall whose notes they are: each is
-- sealed by the caller of this function and opened only by that reader's own decision.
CREATE FUNCTION read_notes(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, note_type smallint,
        state smallint, version integer, signed_at timestamptz, row_version bigint, body bytea,
        sha256 bytea
    )
    LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
BEGIN
    PERFORM set_config('trellis.people', locate_people_of_notes(ids), true);
    RETURN QUERY
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until,
        n.note_type, n.state, n.version, n.signed_at, n.row_version, v.body, v.sha256
    FROM note n CROSS JOIN LATERAL (
        SELECT w.body, w.sha256 FROM note_version w
        -- Each looked up by its key, whatever the plan was made for.
        WHERE w.note_id = n.id AND w.version = n.version OFFSET 0
    ) v
    WHERE n.id = ANY (ids);
END $$;
COMMENT ON FUNCTION read_notes IS 'Notes by id, for readers whose decisions are made at release.';
