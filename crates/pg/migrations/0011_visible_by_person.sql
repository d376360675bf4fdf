-- The serialized form of a Visibility has the clauses about one person apart, by that person: a row
-- is judged by the clauses of everybody and its own person's. The form without `people` is as good.
-- What is taken out by its whole path is not copied on the way there.

CREATE FUNCTION clauses_for(of_all jsonb, mine jsonb, name text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(of_all) <> 'array' THEN NULL
        WHEN mine IS NULL THEN of_all
        WHEN jsonb_typeof(mine->name) = 'array' THEN of_all || (mine->name) END;
COMMENT ON FUNCTION clauses_for IS
    'The clauses of everybody and one person''s; null where either is no list.';

CREATE OR REPLACE FUNCTION visible(
    vis jsonb, id uuid, person_id uuid, kind smallint, class smallint, custodian_id uuid,
    author text, episode_id uuid, authored_at timestamptz, confidentiality smallint,
    sensitivities integer, part2 boolean, victim_service boolean, release_block_until timestamptz
) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    conditions CONSTANT text[] := ARRAY['person', 'kinds', 'classes', 'custodians',
        'confidentialities', 'sensitive_within', 'sensitive_any', 'sensitive_none', 'part2',
        'victim_service', 'authors', 'episodes', 'records', 'authored_from', 'authored_until',
        'undated', 'unblocked_at'];
    is_part2 boolean := part2
        OR COALESCE(vis #> '{custodians,part2}' ? custodian_id::text, false);
    is_victim boolean := victim_service
        OR COALESCE(vis #> '{custodians,victim}' ? custodian_id::text, false);
    unlabelled boolean := confidentiality IS NULL AND sensitivities = 0;
    -- A Part 2 record that states no sensitivity has SUD.
    sensitive integer := CASE WHEN is_part2 AND sensitivities = 0 THEN 2 ELSE sensitivities END;
    -- Unstated is R (rank 4), and so at least is whatever is sensitive.
    label integer := greatest(COALESCE(confidentiality, 4),
        CASE WHEN is_part2 OR sensitive <> 0 THEN 4 ELSE 0 END);
    -- The clauses about this row's person, which no other row meets.
    mine jsonb := vis #> ARRAY['people', person_id::text];
    clauses jsonb;
    unless jsonb;
    i integer;
    j integer;
    lifted boolean;
BEGIN
    -- A record whose custodian the directory does not know opens to nobody; only the person's own
    -- kinds (3 and 4) are without one.
    IF custodian_id IS NULL THEN
        IF kind NOT IN (3, 4) THEN RETURN false; END IF;
    ELSIF NOT COALESCE(vis #> '{custodians,known}' ? custodian_id::text, false) THEN
        RETURN false;
    END IF;

    -- A list that is missing is an error in each of these loops, and a condition that is not
    -- known here is one, too: nothing opens by a misunderstanding.
    IF vis @? 'strict $.people ? (@.type() <> "object")' THEN RAISE 'unknown people'; END IF;
    clauses := clauses_for(vis->'open', mine, 'open');
    FOR i IN 0 .. jsonb_array_length(clauses) - 1 LOOP
        IF (clauses->i) - conditions <> '{}' THEN RAISE 'unknown condition'; END IF;
        IF clause_holds(clauses->i, id, person_id, kind, class, custodian_id, author, episode_id,
            authored_at, label, sensitive, unlabelled, is_part2, is_victim, release_block_until)
        THEN
            RETURN true;
        END IF;
    END LOOP;

    lifted := false;
    clauses := clauses_for(vis->'consent', mine, 'consent');
    FOR i IN 0 .. jsonb_array_length(clauses) - 1 LOOP
        IF (clauses->i) - conditions <> '{}' THEN RAISE 'unknown condition'; END IF;
        lifted := clause_holds(clauses->i, id, person_id, kind, class, custodian_id, author,
            episode_id, authored_at, label, sensitive, unlabelled, is_part2, is_victim,
            release_block_until);
        EXIT WHEN lifted;
    END LOOP;
    IF NOT lifted THEN RETURN false; END IF;

    clauses := clauses_for(vis->'deny', mine, 'deny');
    FOR i IN 0 .. jsonb_array_length(clauses) - 1 LOOP
        IF (clauses->i) - 'unless'::text - conditions <> '{}' THEN RAISE 'unknown condition'; END IF;
        CONTINUE WHEN NOT clause_holds(clauses->i, id, person_id, kind, class, custodian_id, author,
            episode_id, authored_at, label, sensitive, unlabelled, is_part2, is_victim,
            release_block_until);
        lifted := false;
        unless := COALESCE(clauses->i->'unless', '[]');
        FOR j IN 0 .. jsonb_array_length(unless) - 1 LOOP
            IF (unless->j) - conditions <> '{}' THEN RAISE 'unknown condition'; END IF;
            lifted := clause_holds(unless->j, id, person_id, kind, class, custodian_id, author,
                episode_id, authored_at, label, sensitive, unlabelled, is_part2, is_victim,
                release_block_until);
            EXIT WHEN lifted;
        END LOOP;
        IF NOT lifted THEN RETURN false; END IF;
    END LOOP;
    RETURN true;
END $$;
