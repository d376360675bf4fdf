-- One rule of recognition across agencies. The strict one beside it asked nothing of who held a person
-- already, so that an agency could learn by two registrations of its own what others know; its keys stood
-- after what they were made of was corrected; and twins under one number were one person by it.

DROP FUNCTION match_person(bytea[], uuid[]);
DROP FUNCTION match_person_of(bytea[], uuid[], uuid);
DROP TABLE match_key;

CREATE FUNCTION locate_same(keys bytea[], custodian uuid, given text, family text, born date)
    RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT p.person_id FROM profile_identifier i JOIN profile p ON p.id = i.profile_id
    WHERE i.key = ANY (keys) AND p.custodian_id = custodian AND p.birth_date = born
        AND plain_name(p.given_name) = plain_name(given)
        AND plain_name(p.family_name) = plain_name(family)
    ORDER BY p.person_id LIMIT 2
$$;
COMMENT ON FUNCTION locate_same IS
    'The people whom this agency knows by any of these identifiers, these names and this birth date: ids only, '
    'at most two, which is as good as none. It reads what that agency states and nothing else.';

CREATE FUNCTION apart(person uuid, never uuid[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM profile p WHERE p.person_id = person
        AND (p.victim_service OR p.custodian_id = ANY (never)))
$$;
COMMENT ON FUNCTION apart IS
    'Whether a victim-service provider (an agency in `never`) or a label of victim services holds anything of '
    'this person: they are compared with nobody.';

CREATE OR REPLACE FUNCTION similar_people(keys bytea[], forms jsonb, many text[], never uuid[],
        asking uuid, most integer)
    RETURNS TABLE (person_id uuid, profile bigint, known boolean, levels smallint[],
        both_names boolean, counts bigint[], total bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    -- Compiling it takes longer than running it.
    SET jit = off AS $$
    WITH sharing AS MATERIALIZED (
        SELECT b.person_id, count(DISTINCT b.key) AS shared FROM match_block b
        WHERE b.key = ANY (keys) AND NOT EXISTS (
            SELECT FROM profile p WHERE p.person_id = b.person_id
                AND (p.victim_service OR p.custodian_id = ANY (never)))
        GROUP BY b.person_id ORDER BY shared DESC, b.person_id LIMIT most
    ), counted AS MATERIALIZED (
        SELECT s.person_id, sum((SELECT count(*) FROM match_form f
                WHERE f.person_id = s.person_id AND f.stands))
            OVER (ORDER BY s.shared DESC, s.person_id) AS so_far
        FROM sharing s
    ), near AS MATERIALIZED (
        -- All of a person's forms or none: what is left out might contradict the rest.
        SELECT f AS form, true AS near FROM counted c JOIN match_form f ON f.person_id = c.person_id
        WHERE f.stands AND c.so_far <= most
    ), compared AS MATERIALIZED (
        SELECT n.form, n.near FROM near n
        UNION ALL
        -- As much is compared where there is nobody.
        (SELECT f, false FROM match_form f
            WHERE f.place = 0 AND f.person_id NOT IN (SELECT c.person_id FROM counted c)
            LIMIT most - (SELECT count(*) FROM near))
    ), all_names AS MATERIALIZED (
        SELECT times(0::smallint, '') AS n
    ), probe AS MATERIALIZED (
        SELECT f AS form, times(1::smallint, f.given) AS given_n, times(2::smallint, f.family) AS family_n
        FROM jsonb_populate_recordset(NULL::match_form, forms) AS f
    ), pair AS MATERIALIZED (
        SELECT (c.form).person_id, (c.form).profile_id, c.near, p.form AS one, c.form AS other,
            are_names((p.form).given, p.given_n, (c.form).given, g.n, a.n) AS both_given,
            are_names((p.form).family, p.family_n, (c.form).family, h.n, a.n) AS both_family,
            ARRAY[p.given_n, p.family_n, g.n, h.n] AS counts, a.n AS total
        FROM compared c
        CROSS JOIN probe p CROSS JOIN all_names a
        CROSS JOIN LATERAL (SELECT times(1::smallint, (c.form).given) AS n) AS g
        CROSS JOIN LATERAL (SELECT times(2::smallint, (c.form).family) AS n) AS h
    ), judged AS MATERIALIZED (
        SELECT x.person_id, x.near, dense_rank() OVER (ORDER BY x.profile_id) AS profile,
            form_levels(x.one, x.other, many, x.both_given, x.both_family) AS levels,
            x.both_given, x.counts, x.total
        FROM pair x
    )
    SELECT j.person_id, j.profile,
        EXISTS (SELECT FROM profile p WHERE p.person_id = j.person_id AND p.custodian_id = asking),
        j.levels, j.both_given, j.counts, j.total
    FROM judged j WHERE j.near
    ORDER BY j.person_id, j.profile
$$;
COMMENT ON FUNCTION similar_people IS
    'Who shares a block with what an agency states, none of them apart, and how far each of their forms agrees '
    'with each of those stated: ids, levels, and how often the names are registered; no name, no date. '
    '`profile` tells the profiles of one person apart and says nothing else; `known`: the agency that asks has '
    'registered them. As many forms are compared whoever there is: `most`, as far as there are so many.';

DROP FUNCTION count_names();
CREATE FUNCTION count_names(never uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    -- One at a time; who comes second finds it done.
    IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || '.name_count')) THEN
        RETURN;
    END IF;
    DELETE FROM name_count;
    WITH counted AS MATERIALIZED (
        SELECT f.given, f.family FROM match_form f
        WHERE f.stands AND f.place = 0 AND NOT EXISTS (
            SELECT FROM profile p WHERE p.person_id = f.person_id
                AND (p.victim_service OR p.custodian_id = ANY (never)))
    )
    INSERT INTO name_count (kind, name, n)
    SELECT 0, '', count(*) FROM counted
    UNION ALL
    SELECT 1, given, count(*) FROM counted GROUP BY given
    UNION ALL
    SELECT 2, family, count(*) FROM counted GROUP BY family;
END $$;
COMMENT ON FUNCTION count_names(uuid[]) IS 'Counts them anew, without those who are apart.';

CREATE FUNCTION doubts_of(person uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT id FROM match_doubt WHERE person_id = person
    UNION ALL
    SELECT id FROM match_doubt WHERE other_id = person
$$;
COMMENT ON FUNCTION doubts_of IS 'The doubts that one person is in: ids only.';
CREATE INDEX ON match_doubt (person_id);
