-- The facts of a supervision contact, and what a note belongs with. An older instance runs on beside: it shows
-- neither, and a version that it writes has none.

ALTER TABLE note_version
    ADD COLUMN facts bytea,
    ADD COLUMN facts_sha256 bytea,
    ADD CONSTRAINT note_version_facts_check CHECK ((facts IS NULL) = (facts_sha256 IS NULL)
        AND (facts_sha256 IS NULL OR octet_length(facts_sha256) = 32));
COMMENT ON COLUMN note_version.facts IS
    'The facts of a supervision contact, through the Sealed codec; null: it is none, or of before there were any.';
COMMENT ON COLUMN note_version.facts_sha256 IS 'SHA-256 of these facts.';

ALTER TABLE note
    ADD COLUMN referral_id uuid,
    ADD COLUMN goal_id uuid,
    ADD COLUMN answers_id uuid,
    ADD COLUMN derived_from uuid[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT note_derived_from_check CHECK (cardinality(derived_from) <= 20);
COMMENT ON COLUMN note.referral_id IS 'The referral that it belongs to, as its author said: not looked up.';
COMMENT ON COLUMN note.goal_id IS 'The goal that it belongs to, as its author said: not looked up.';
COMMENT ON COLUMN note.answers_id IS 'The note that it answers; null: none.';
COMMENT ON COLUMN note.derived_from IS 'The notes from which its words are taken.';

-- As read_notes_3, with facts and links.
CREATE FUNCTION read_notes_4(ids uuid[], versions integer[])
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
    FROM unnest(ids, versions) AS q (id, version)
    -- Each looked up by its key, whatever the plan was made for.
    CROSS JOIN LATERAL (SELECT * FROM note m WHERE m.id = q.id OFFSET 0) n
    CROSS JOIN LATERAL (
        SELECT w.* FROM note_version w
        WHERE w.note_id = n.id AND w.version = CASE q.version WHEN 0 THEN n.version ELSE q.version END
        OFFSET 0
    ) v;
END $$;
COMMENT ON FUNCTION read_notes_4 IS
    'Versions of notes by id, for readers whose decisions are made at release; of large ones not the words.';
