-- Whoever is registered while two people are merged is registered under the name of the one of them whom the statement
-- agrees with: once they are two again, it is still theirs.

DROP FUNCTION similar_people(bytea[], jsonb, text[], uuid[], uuid, integer);
CREATE FUNCTION similar_people(keys bytea[], forms jsonb, many text[], never uuid[],
        asking uuid, most integer)
    RETURNS TABLE (person_id uuid, member uuid, profile bigint, known boolean, levels smallint[],
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
    ), member AS MATERIALIZED (
        -- Whoever is one with them, as a data steward decided, is compared with them and as one.
        SELECT m.kept, m.member, max(s.shared) AS shared
        FROM merged_with(ARRAY(SELECT s.person_id FROM sharing s), never) AS m
        JOIN sharing s ON s.person_id = m.person_id GROUP BY m.kept, m.member
    ), counted AS MATERIALIZED (
        SELECT m.kept, sum(m.forms) OVER (ORDER BY m.shared DESC, m.kept) AS so_far
        FROM (SELECT m.kept, max(m.shared) AS shared, sum((SELECT count(*) FROM match_form f
                WHERE f.person_id = m.member AND f.stands)) AS forms
            FROM member m GROUP BY m.kept) AS m
    ), near AS MATERIALIZED (
        -- All of a person's forms or none: what is left out might contradict the rest.
        SELECT m.kept AS person, m.member, f AS form, true AS near
        FROM counted c JOIN member m ON m.kept = c.kept JOIN match_form f ON f.person_id = m.member
        WHERE f.stands AND c.so_far <= most
    ), compared AS MATERIALIZED (
        SELECT n.person, n.member, n.form, n.near FROM near n
        UNION ALL
        -- As much is compared where there is nobody.
        (SELECT f.person_id, f.person_id, f, false FROM match_form f
            WHERE f.place = 0 AND f.person_id NOT IN (SELECT m.member FROM member m)
            LIMIT most - (SELECT count(*) FROM near))
    ), all_names AS MATERIALIZED (
        SELECT times(0::smallint, '') AS n
    ), probe AS MATERIALIZED (
        SELECT f AS form, times(1::smallint, f.given) AS given_n, times(2::smallint, f.family) AS family_n
        FROM jsonb_populate_recordset(NULL::match_form, forms) AS f
    ), pair AS MATERIALIZED (
        SELECT c.person AS person_id, c.member, (c.form).profile_id, c.near, p.form AS one, c.form AS other,
            are_names((p.form).given, p.given_n, (c.form).given, g.n, a.n) AS both_given,
            are_names((p.form).family, p.family_n, (c.form).family, h.n, a.n) AS both_family,
            ARRAY[p.given_n, p.family_n, g.n, h.n] AS counts, a.n AS total
        FROM compared c
        CROSS JOIN probe p CROSS JOIN all_names a
        CROSS JOIN LATERAL (SELECT times(1::smallint, (c.form).given) AS n) AS g
        CROSS JOIN LATERAL (SELECT times(2::smallint, (c.form).family) AS n) AS h
    ), judged AS MATERIALIZED (
        SELECT x.person_id, x.member, x.near, dense_rank() OVER (ORDER BY x.profile_id) AS profile,
            form_levels(x.one, x.other, many, x.both_given, x.both_family) AS levels,
            x.both_given, x.counts, x.total
        FROM pair x
    )
    SELECT j.person_id, j.member, j.profile,
        EXISTS (SELECT FROM member m JOIN profile p ON p.person_id = m.member
            WHERE m.kept = j.person_id AND p.custodian_id = asking),
        j.levels, j.both_given, j.counts, j.total
    FROM judged j WHERE j.near
    ORDER BY j.person_id, j.profile
$$;
COMMENT ON FUNCTION similar_people IS
    'Who shares a block with what an agency states, none of them apart, and how far each of their forms agrees '
    'with each of those stated: ids, levels, and how often the names are registered; no name, no date. '
    '`member`: under which of the names of those who are one the form is; '
    '`profile` tells the profiles of one person apart and says nothing else; `known`: the agency that asks has '
    'registered them, or whoever is one with them. As many forms are compared whoever there is: `most`, as far as there are so many.';

-- What was decided is no work for anybody any more.
CREATE OR REPLACE FUNCTION doubts_of(person uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.id FROM match_doubt d
    WHERE (d.person_id = person OR d.other_id = person)
        AND NOT EXISTS (SELECT FROM match_decision m WHERE m.doubt_id = d.id)
$$;
COMMENT ON FUNCTION doubts_of IS 'The doubts that one person is in and nobody has decided: ids only.';
