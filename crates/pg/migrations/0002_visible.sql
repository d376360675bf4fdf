-- The SQL twin of policy's Visibility::admits, over the facet columns that every table of a
-- person's records has. `vis` is Visibility's serialized form. Masks are the bits of the kernel's
-- code lists, in their order; a property test holds the two together.

CREATE FUNCTION sensitive_any(mask bigint, sensitivities integer, unlabelled boolean, part2 boolean)
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    -- Bit 1 is SUD: it stands for every Part 2 record.
    RETURN unlabelled OR (sensitivities & mask) <> 0 OR (part2 AND (mask & 2) <> 0);
COMMENT ON FUNCTION sensitive_any IS 'Whether a refusal by sensitivities matches a record.';

CREATE FUNCTION clause_holds(
    c jsonb, id uuid, person_id uuid, kind smallint, class smallint, custodian_id uuid,
    author text, episode_id uuid, authored_at timestamptz, confidentiality integer,
    sensitivities integer, unlabelled boolean, part2 boolean, victim_service boolean,
    release_block_until timestamptz
) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    -- All arguments are effective facets. An absent condition holds for everything; a column that
    -- is null meets no list.
    RETURN COALESCE(
        (c->>'person' IS NULL OR c->>'person' = person_id::text)
        AND (c->>'kinds' IS NULL OR ((c->>'kinds')::bigint >> kind) & 1 = 1)
        AND (c->>'classes' IS NULL OR ((c->>'classes')::bigint >> class) & 1 = 1)
        AND (c->>'custodians' IS NULL OR COALESCE(c->'custodians' ? custodian_id::text, false))
        AND (c->>'confidentialities' IS NULL
            OR ((c->>'confidentialities')::bigint >> confidentiality) & 1 = 1)
        AND (c->>'sensitive_within' IS NULL OR (sensitivities <> 0
            AND (sensitivities & ~(c->>'sensitive_within')::bigint) = 0))
        AND (c->>'sensitive_any' IS NULL
            OR sensitive_any((c->>'sensitive_any')::bigint, sensitivities, unlabelled, part2))
        AND (c->>'sensitive_none' IS NULL
            OR NOT sensitive_any((c->>'sensitive_none')::bigint, sensitivities, unlabelled, part2))
        AND (c->>'part2' IS NULL OR (c->>'part2')::boolean = part2)
        AND (c->>'victim_service' IS NULL OR (c->>'victim_service')::boolean = victim_service)
        AND (c->>'authors' IS NULL OR COALESCE(c->'authors' ? author, false))
        AND (c->>'episodes' IS NULL OR COALESCE(c->'episodes' ? episode_id::text, false))
        AND (c->>'records' IS NULL OR COALESCE(c->'records' ? id::text, false))
        AND (c->>'authored_from' IS NULL OR CASE WHEN authored_at IS NULL
            THEN COALESCE((c->>'undated')::boolean, false)
            ELSE (c->>'authored_from')::timestamptz <= authored_at END)
        AND (c->>'authored_until' IS NULL OR CASE WHEN authored_at IS NULL
            THEN COALESCE((c->>'undated')::boolean, false)
            ELSE authored_at < (c->>'authored_until')::timestamptz END)
        AND (c->>'unblocked_at' IS NULL OR release_block_until IS NULL
            OR release_block_until <= (c->>'unblocked_at')::timestamptz),
        false);
COMMENT ON FUNCTION clause_holds IS 'Whether every condition of one clause holds for a record.';

CREATE FUNCTION visible(
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
        OR COALESCE(vis->'custodians'->'part2' ? custodian_id::text, false);
    is_victim boolean := victim_service
        OR COALESCE(vis->'custodians'->'victim' ? custodian_id::text, false);
    unlabelled boolean := confidentiality IS NULL AND sensitivities = 0;
    -- A Part 2 record that states no sensitivity has SUD.
    sensitive integer := CASE WHEN is_part2 AND sensitivities = 0 THEN 2 ELSE sensitivities END;
    -- Unstated is R (rank 4), and so at least is whatever is sensitive.
    label integer := greatest(COALESCE(confidentiality, 4),
        CASE WHEN is_part2 OR sensitive <> 0 THEN 4 ELSE 0 END);
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
    ELSIF NOT COALESCE(vis->'custodians'->'known' ? custodian_id::text, false) THEN
        RETURN false;
    END IF;

    -- A list that is missing is an error in each of these loops, and a condition that is not
    -- known here is one, too: nothing opens by a misunderstanding.
    clauses := vis->'open';
    FOR i IN 0 .. jsonb_array_length(clauses) - 1 LOOP
        IF (clauses->i) - conditions <> '{}' THEN RAISE 'unknown condition'; END IF;
        IF clause_holds(clauses->i, id, person_id, kind, class, custodian_id, author, episode_id,
            authored_at, label, sensitive, unlabelled, is_part2, is_victim, release_block_until)
        THEN
            RETURN true;
        END IF;
    END LOOP;

    lifted := false;
    clauses := vis->'consent';
    FOR i IN 0 .. jsonb_array_length(clauses) - 1 LOOP
        IF (clauses->i) - conditions <> '{}' THEN RAISE 'unknown condition'; END IF;
        lifted := clause_holds(clauses->i, id, person_id, kind, class, custodian_id, author,
            episode_id, authored_at, label, sensitive, unlabelled, is_part2, is_victim,
            release_block_until);
        EXIT WHEN lifted;
    END LOOP;
    IF NOT lifted THEN RETURN false; END IF;

    clauses := vis->'deny';
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
COMMENT ON FUNCTION visible IS
    'Whether a record is visible: policy''s Visibility::admits over the facet columns. kind, class '
    'and confidentiality are places in the kernel''s code lists, sensitivities their mask; a '
    'release block without end ends in year 9999.';

-- A table of a person's records starts as `CREATE TABLE x (id uuid PRIMARY KEY)` and this.
CREATE FUNCTION add_facets(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    comments CONSTANT text[] := ARRAY[
        'person_id', 'Whose record it is.',
        'kind', 'Place in the kernel''s list of kinds.',
        'class', 'Place in the kernel''s list of classes.',
        'custodian_id', 'The agency unit that holds it; none for the person''s own kinds.',
        'author', 'Who wrote it, as agency/practitioner.',
        'episode_id', 'The episode of care that it belongs to.',
        'authored_at', 'When it was written.',
        'confidentiality', 'Rank of the stated confidentiality; absent counts as R.',
        'sensitivities', 'Mask of the stated sensitivities, by their places in the kernel''s list.',
        'part2', 'Its own flag: a 42 CFR Part 2 record wherever it goes.',
        'victim_service', 'Its own flag: a victim-service record wherever it goes.',
        'release_block_until', 'Withheld from the person before this; year 9999 is for ever.'];
    i integer;
BEGIN
    EXECUTE format('ALTER TABLE %s
        ADD COLUMN person_id uuid NOT NULL,
        ADD COLUMN kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 31),
        ADD COLUMN class smallint NOT NULL CHECK (class BETWEEN 0 AND 31),
        ADD COLUMN custodian_id uuid,
        ADD COLUMN author text,
        ADD COLUMN episode_id uuid,
        ADD COLUMN authored_at timestamptz,
        ADD COLUMN confidentiality smallint CHECK (confidentiality BETWEEN 0 AND 5),
        ADD COLUMN sensitivities integer NOT NULL DEFAULT 0 CHECK (sensitivities >= 0),
        ADD COLUMN part2 boolean NOT NULL DEFAULT false,
        ADD COLUMN victim_service boolean NOT NULL DEFAULT false,
        ADD COLUMN release_block_until timestamptz,
        ADD CHECK ((custodian_id IS NULL) = (kind IN (3, 4)))', target);
    FOR i IN 1 .. array_length(comments, 1) BY 2 LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, comments[i], comments[i + 1]);
    END LOOP;
    EXECUTE format('CREATE INDEX ON %s (person_id)', target);
    PERFORM protect(target);
END $$;
COMMENT ON FUNCTION add_facets(regclass) IS
    'Gives a table the facet columns that visible() reads, and the wall of protect().';
DO $$ BEGIN
    EXECUTE format('REVOKE EXECUTE ON FUNCTION add_facets(regclass) FROM %I', login_role());
END $$;
