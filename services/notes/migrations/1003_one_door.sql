-- Point reads go through a door of the owner's. The wall took its people from the ids that were asked
-- for, so it held nothing back here, and compared each row with all of them. What comes out is sealed
-- by the caller of this function and opened only by that reader's own decision.
CREATE OR REPLACE FUNCTION read_notes(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, note_type smallint,
        state smallint, version integer, signed_at timestamptz, row_version bigint, body bytea,
        sha256 bytea
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
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
DROP FUNCTION locate_people_of_notes(uuid[]);
