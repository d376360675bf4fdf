-- Drafts that are updated, notes that are cosigned, appended and entered in error, and versions that are
-- read. An older instance runs on beside: what it does not know has a default that opens nothing, and what it
-- would do wrongly is refused.

ALTER TABLE note
    DROP CONSTRAINT note_state_check,
    ADD CONSTRAINT note_state_check CHECK (state BETWEEN 1 AND 5),
    ADD COLUMN supervised boolean NOT NULL DEFAULT false,
    ADD COLUMN cosigner text,
    ADD COLUMN cosigned_at timestamptz,
    ADD COLUMN shared_from integer NOT NULL DEFAULT 1,
    ADD COLUMN error_marker text,
    ADD COLUMN error_at timestamptz,
    ADD COLUMN error_reason bytea,
    ADD CONSTRAINT note_shared_from_check CHECK (shared_from BETWEEN 1 AND version),
    -- The second signer is another, and nothing that needs one is final without.
    ADD CONSTRAINT note_cosigned_check CHECK ((cosigner IS NULL) = (cosigned_at IS NULL)
        AND (cosigner IS NULL OR (supervised AND signed_at IS NOT NULL AND cosigner <> author))
        AND (NOT supervised OR state IN (1, 5) OR cosigned_at IS NOT NULL)),
    ADD CONSTRAINT note_error_check CHECK ((state = 5) = (error_at IS NOT NULL)
        AND (error_at IS NULL) = (error_marker IS NULL) AND (error_at IS NULL) = (error_reason IS NULL));
COMMENT ON COLUMN note.state IS
    '1 preliminary (a draft, or signed and not cosigned), 2 final, 3 amended, 4 appended, 5 entered in error.';
COMMENT ON COLUMN note.signed_at IS 'When its author signed it.';
COMMENT ON COLUMN note.supervised IS 'Written in training: it needs a second signer.';
COMMENT ON COLUMN note.cosigner IS 'Who cosigned it: agency/practitioner; null: nobody.';
COMMENT ON COLUMN note.cosigned_at IS 'When it was cosigned.';
COMMENT ON COLUMN note.shared_from IS
    'The version that was signed, of a draft the present one: those before it are the author''s alone.';
COMMENT ON COLUMN note.error_marker IS
    'Who marked it as entered in error: agency/practitioner; null: nobody.';
COMMENT ON COLUMN note.error_at IS 'When it was marked as entered in error.';
COMMENT ON COLUMN note.error_reason IS 'Why it was marked as entered in error, through the Sealed codec.';

ALTER TABLE note_version
    ADD COLUMN kind smallint,
    ADD CONSTRAINT note_version_kind_check CHECK (kind IN (1, 3, 4));
COMMENT ON COLUMN note_version.kind IS
    'How it came about: 1 of a draft, 3 amended, 4 appended; null: 1 up to the version that was signed, then 3.';

-- As locate_notes, and how a note was signed. That one is an older instance's.
CREATE FUNCTION locate_notes_2(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, state smallint, supervised boolean,
        signed_at timestamptz, cosigned_at timestamptz
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until, n.state,
        n.supervised, n.signed_at, n.cosigned_at
    FROM note n WHERE n.id = ANY (ids);
END $$;
COMMENT ON FUNCTION locate_notes_2 IS 'Where notes are and how they stand: facets, no content.';

-- As read_notes, and all that a note has besides. That one is an older instance's.
CREATE FUNCTION read_notes_2(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, note_type smallint,
        state smallint, version integer, signed_at timestamptz, row_version bigint, supervised boolean,
        cosigner text, cosigned_at timestamptz, shared_from integer, error_marker text,
        error_at timestamptz, error_reason bytea, body bytea, sha256 bytea
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until,
        n.note_type, n.state, n.version, n.signed_at, n.row_version, n.supervised, n.cosigner,
        n.cosigned_at, n.shared_from, n.error_marker, n.error_at, n.error_reason,
        CASE WHEN octet_length(v.body) <= 16384 THEN v.body END, v.sha256
    FROM note n CROSS JOIN LATERAL (
        SELECT w.body, w.sha256 FROM note_version w
        -- Each looked up by its key, whatever the plan was made for.
        WHERE w.note_id = n.id AND w.version = n.version OFFSET 0
    ) v
    WHERE n.id = ANY (ids);
END $$;
COMMENT ON FUNCTION read_notes_2 IS
    'Notes by id, for readers whose decisions are made at release; of large ones not the words.';
