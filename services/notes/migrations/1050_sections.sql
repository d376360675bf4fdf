-- Sections with labels of their own: a note is seen where any of them is, and each is shown by its own. An older
-- instance runs on beside: to it a note is all that its sections are together, and a version that it writes
-- states nothing of its sections, which then count as the note.

ALTER TABLE note_version
    ADD COLUMN confidentialities smallint[],
    ADD COLUMN sensitivities integer[],
    ADD COLUMN flags smallint[],
    ADD COLUMN hashes bytea,
    ADD CONSTRAINT note_version_sections_check CHECK (
        (confidentialities IS NULL) = (sensitivities IS NULL)
        AND (confidentialities IS NULL) = (flags IS NULL)
        AND (confidentialities IS NULL) = (hashes IS NULL)
        AND (confidentialities IS NULL OR (cardinality(confidentialities) > 0
            AND cardinality(sensitivities) = cardinality(confidentialities)
            AND cardinality(flags) = cardinality(confidentialities)
            AND octet_length(hashes) = 32 * cardinality(confidentialities))));
COMMENT ON COLUMN note_version.confidentialities IS
    'Of each section, as stated: rank 0 U to 5 V; -1: not stated. Null: all sections are as the note.';
COMMENT ON COLUMN note_version.sensitivities IS
    'Of each section, as stated: bit i is the i-th sensitivity code. Null: all sections are as the note.';
COMMENT ON COLUMN note_version.flags IS
    'Of each section: 1 Part 2, 2 victim service, 3 both. Null: all sections are as the note.';
COMMENT ON COLUMN note_version.hashes IS 'SHA-256 of each section, one after the other. Null: not kept.';
COMMENT ON COLUMN note.confidentiality IS
    'The highest of its sections: rank 0 U to 5 V; null: not stated, so R.';
COMMENT ON COLUMN note.sensitivities IS 'Of all its sections: bit i is the i-th sensitivity code.';
COMMENT ON COLUMN note.part2 IS 'Its own Part 2 flag, of any section, which a copy keeps.';
COMMENT ON COLUMN note.victim_service IS 'Its own victim-service flag, of any section, which a copy keeps.';

-- Whether any section of a version is visible; without labels of their own they are as the note.
CREATE FUNCTION note_visible(
    vis jsonb, n note, confidentialities smallint[], sensitivities integer[], flags smallint[]
) RETURNS boolean LANGUAGE sql STABLE
    RETURN CASE WHEN confidentialities IS NULL THEN
        visible(vis, n.id, n.person_id, 0::smallint, n.class, n.custodian_id, n.author, n.episode_id,
            n.authored_at, n.confidentiality, n.sensitivities, n.part2, n.victim_service,
            n.release_block_until)
    ELSE EXISTS (
        SELECT FROM (
            SELECT DISTINCT nullif(s.c, -1::smallint) AS c, s.s, s.f
            FROM unnest(confidentialities, sensitivities, flags) AS s (c, s, f)
        ) part
        WHERE visible(vis, n.id, n.person_id, 0::smallint, n.class, n.custodian_id, n.author,
            n.episode_id, n.authored_at, part.c, part.s, (part.f & 1::smallint) <> 0,
            (part.f & 2::smallint) <> 0, n.release_block_until)
    ) END;
COMMENT ON FUNCTION note_visible IS 'Whether any section of a version of a note is visible.';

-- As locate_notes_2, and the labels of the sections of the present version.
CREATE FUNCTION locate_notes_3(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, state smallint, supervised boolean,
        signed_at timestamptz, cosigned_at timestamptz, section_confidentialities smallint[],
        section_sensitivities integer[], section_flags smallint[]
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until, n.state,
        n.supervised, n.signed_at, n.cosigned_at, v.confidentialities, v.sensitivities, v.flags
    FROM note n CROSS JOIN LATERAL (
        SELECT w.confidentialities, w.sensitivities, w.flags FROM note_version w
        WHERE w.note_id = n.id AND w.version = n.version OFFSET 0
    ) v
    WHERE n.id = ANY (ids);
END $$;
COMMENT ON FUNCTION locate_notes_3 IS 'Where notes are and how they stand: facets, no content.';

-- As read_notes_2, with whether there is anything beside a note's words, of these versions (0: the present one), with the labels of their sections.
CREATE FUNCTION read_notes_3(ids uuid[], versions integer[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, note_type smallint,
        state smallint, version integer, signed_at timestamptz, row_version bigint, supervised boolean,
        cosigner text, cosigned_at timestamptz, shared_from integer, error_marker text,
        error_at timestamptz, error_reason bytea, beside_bytes integer, shown integer, body bytea, sha256 bytea,
        section_confidentialities smallint[], section_sensitivities integer[], section_flags smallint[]
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until,
        n.note_type, n.state, n.version, n.signed_at, n.row_version, n.supervised, n.cosigner,
        n.cosigned_at, n.shared_from, n.error_marker, n.error_at, n.error_reason, n.beside_bytes, v.version,
        CASE WHEN octet_length(v.body) <= 16384 THEN v.body END, v.sha256, v.confidentialities,
        v.sensitivities, v.flags
    FROM unnest(ids, versions) AS q (id, version)
    -- Each looked up by its key, whatever the plan was made for.
    CROSS JOIN LATERAL (SELECT * FROM note m WHERE m.id = q.id OFFSET 0) n
    CROSS JOIN LATERAL (
        SELECT w.* FROM note_version w
        WHERE w.note_id = n.id AND w.version = CASE q.version WHEN 0 THEN n.version ELSE q.version END
        OFFSET 0
    ) v;
END $$;
COMMENT ON FUNCTION read_notes_3 IS
    'Versions of notes by id, for readers whose decisions are made at release; of large ones not the words.';
