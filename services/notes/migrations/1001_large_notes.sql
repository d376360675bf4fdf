-- A large note is read in two steps: its words only once they were released. A hidden one must take
-- its reader no longer than one that never was.

CREATE OR REPLACE FUNCTION read_notes(ids uuid[])
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
        n.note_type, n.state, n.version, n.signed_at, n.row_version,
        CASE WHEN octet_length(v.body) <= 16384 THEN v.body END, v.sha256
    FROM note n CROSS JOIN LATERAL (
        SELECT w.body, w.sha256 FROM note_version w
        -- Each looked up by its key, whatever the plan was made for.
        WHERE w.note_id = n.id AND w.version = n.version OFFSET 0
    ) v
    WHERE n.id = ANY (ids);
END $$;
COMMENT ON FUNCTION read_notes IS
    'Notes by id, for readers whose decisions are made at release; of large ones not the words.';
