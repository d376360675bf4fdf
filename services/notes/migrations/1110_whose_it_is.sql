-- Point reads say whose they take each note to be: of a wrong id, or of a wrong person, there is nothing. The doors
-- before this one asked for nobody, and gave whatever ids were asked for.
DROP FUNCTION read_notes(uuid[]);
DROP FUNCTION read_notes_2(uuid[]);
DROP FUNCTION read_notes_3(uuid[], integer[]);
DROP FUNCTION read_notes_4(uuid[], integer[]);

CREATE FUNCTION read_notes(ids uuid[], versions integer[], people uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, note_type smallint,
        state smallint, version integer, signed_at timestamptz, row_version bigint, supervised boolean,
        cosigner text, cosigned_at timestamptz, shared_from integer, error_marker text,
        error_at timestamptz, error_reason bytea, beside_bytes integer, referral_id uuid, goal_id uuid,
        answers_id uuid, derived_from uuid[], shown integer, body bytea, sha256 bytea, facts bytea,
        facts_sha256 bytea, section_confidentialities smallint[], section_sensitivities integer[],
        section_flags smallint[]
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until,
        n.note_type, n.state, n.version, n.signed_at, n.row_version, n.supervised, n.cosigner,
        n.cosigned_at, n.shared_from, n.error_marker, n.error_at, n.error_reason, n.beside_bytes,
        n.referral_id, n.goal_id, n.answers_id, n.derived_from, v.version,
        CASE WHEN octet_length(v.body) <= 16384 THEN v.body END, v.sha256, v.facts, v.facts_sha256,
        v.confidentialities, v.sensitivities, v.flags
    FROM unnest(ids, versions, people) AS q (id, version, person_id)
    -- Each looked up by its key, whatever the plan was made for.
    CROSS JOIN LATERAL (
        SELECT * FROM note m WHERE m.id = q.id AND m.person_id = q.person_id OFFSET 0
    ) n
    CROSS JOIN LATERAL (
        SELECT w.* FROM note_version w
        WHERE w.note_id = n.id AND w.version = CASE q.version WHEN 0 THEN n.version ELSE q.version END
        OFFSET 0
    ) v;
END $$;
COMMENT ON FUNCTION read_notes IS
    'Versions of notes by id and by whose they were located as, for readers whose decisions are made at release; of '
    'large ones not the words.';
