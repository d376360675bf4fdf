-- Who says that they have read which version of a note. An older instance runs on beside: it shows none of it.

-- The sections of a version: of one that states nothing of its sections, all of it together, labelled as the note.
CREATE FUNCTION note_parts(n note, v note_version)
    RETURNS TABLE (place bigint, c smallint, s integer, f smallint, hash bytea) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT u.place, u.c, u.s, u.f, substr(v.hashes, 1 + 32 * (u.place::integer - 1), 32)
    FROM unnest(v.confidentialities, v.sensitivities, v.flags) WITH ORDINALITY AS u (c, s, f, place)
    UNION ALL
    SELECT 1, COALESCE(n.confidentiality, -1::smallint), n.sensitivities,
        (n.part2::integer + 2 * n.victim_service::integer)::smallint, v.sha256
    WHERE v.confidentialities IS NULL;
END;
COMMENT ON FUNCTION note_parts IS
    'Of each section of a version its place, from 1, its labels as note_version has them, and its SHA-256.';

CREATE FUNCTION part_visible(vis jsonb, n note, c smallint, s integer, f smallint) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN visible(vis, n.id, n.person_id, 0::smallint, n.class, n.custodian_id, n.author, n.episode_id,
        n.authored_at, nullif(c, -1::smallint), s, (f & 1::smallint) <> 0, (f & 2::smallint) <> 0,
        n.release_block_until);
COMMENT ON FUNCTION part_visible IS 'Whether a section of a note that is labelled so is visible.';

CREATE FUNCTION note_seen(vis jsonb, n note, v note_version) RETURNS bytea LANGUAGE sql STABLE
    RETURN (
        SELECT sha256(string_agg(p.hash, ''::bytea ORDER BY p.place)) FROM note_parts(n, v) p
        WHERE part_visible(vis, n, p.c, p.s, p.f)
    );
COMMENT ON FUNCTION note_seen IS
    'What is visible of a version, as a hash of these sections'' hashes; null: nothing.';

CREATE TABLE note_acknowledgement (
    id uuid PRIMARY KEY,
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    version integer NOT NULL,
    reader text,
    agency_id uuid,
    hidden boolean NOT NULL,
    seen bytea NOT NULL CHECK (octet_length(seen) = 32),
    at timestamptz NOT NULL,
    FOREIGN KEY (note_id, version) REFERENCES note_version (note_id, version),
    CHECK ((reader IS NULL) = (agency_id IS NULL)),
    -- Once for each reader and version.
    CONSTRAINT note_acknowledgement_once UNIQUE NULLS NOT DISTINCT (note_id, version, reader)
);
COMMENT ON TABLE note_acknowledgement IS 'That somebody says that they have read a version of a note, never changed.';
COMMENT ON COLUMN note_acknowledgement.id IS 'UUIDv7.';
COMMENT ON COLUMN note_acknowledgement.note_id IS 'Of which note.';
COMMENT ON COLUMN note_acknowledgement.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN note_acknowledgement.version IS 'Which version they have read.';
COMMENT ON COLUMN note_acknowledgement.reader IS 'Who: agency/practitioner; null: the person themself.';
COMMENT ON COLUMN note_acknowledgement.agency_id IS 'The reader''s agency unit; null: the person themself.';
COMMENT ON COLUMN note_acknowledgement.hidden IS
    'Whether their agency was one then of which no other may learn whom it knows: a Part 2 programme, or a victim-service provider.';
COMMENT ON COLUMN note_acknowledgement.seen IS 'What they saw of that version, as note_seen says it.';
COMMENT ON COLUMN note_acknowledgement.at IS 'When they said so.';
SELECT protect('note_acknowledgement');
SELECT append_only('note_acknowledgement');
