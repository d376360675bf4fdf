-- What a data steward decides of who is who: doubts, and links between people that turn out to be one.
-- Nothing is rewritten: every row stays under the person whose it is, and a link is a row beside them.

CREATE TABLE match_decision (
    doubt_id uuid PRIMARY KEY REFERENCES match_doubt,
    person_id uuid NOT NULL REFERENCES person,
    outcome text NOT NULL CHECK (outcome IN ('SAME', 'DIFFERENT')),
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    decided_at timestamptz NOT NULL,
    decider_issuer text NOT NULL,
    decider_subject text NOT NULL
);
COMMENT ON TABLE match_decision IS 'What a data steward decided of a doubt: once, and for good.';
COMMENT ON COLUMN match_decision.doubt_id IS 'The doubt.';
COMMENT ON COLUMN match_decision.person_id IS 'Its first person.';
COMMENT ON COLUMN match_decision.outcome IS 'SAME: they were merged. DIFFERENT: they are two.';
COMMENT ON COLUMN match_decision.reason IS 'Why, in the steward''s words.';
COMMENT ON COLUMN match_decision.decided_at IS 'When.';
COMMENT ON COLUMN match_decision.decider_issuer IS 'The issuer of the steward''s token.';
COMMENT ON COLUMN match_decision.decider_subject IS 'The steward.';
SELECT append_only('match_decision');
SELECT protect('match_decision');

CREATE TABLE person_link (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    other_id uuid NOT NULL REFERENCES person CHECK (other_id <> person_id),
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    begun_at timestamptz NOT NULL,
    decider_issuer text NOT NULL,
    decider_subject text NOT NULL
);
COMMENT ON TABLE person_link IS
    'Two people are one, as a data steward decided. It stands until it has a row in person_unlink.';
COMMENT ON COLUMN person_link.id IS 'Its id.';
COMMENT ON COLUMN person_link.person_id IS 'By this name new registrations are known.';
COMMENT ON COLUMN person_link.other_id IS 'The other.';
COMMENT ON COLUMN person_link.reason IS 'Why, in the steward''s words.';
COMMENT ON COLUMN person_link.begun_at IS 'When.';
COMMENT ON COLUMN person_link.decider_issuer IS 'The issuer of the steward''s token.';
COMMENT ON COLUMN person_link.decider_subject IS 'The steward.';
SELECT append_only('person_link');
SELECT protect('person_link');
CREATE INDEX ON person_link (person_id);
CREATE INDEX ON person_link (other_id);

CREATE TABLE person_unlink (
    link_id uuid PRIMARY KEY REFERENCES person_link,
    person_id uuid NOT NULL REFERENCES person,
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    ended_at timestamptz NOT NULL,
    decider_issuer text NOT NULL,
    decider_subject text NOT NULL
);
COMMENT ON TABLE person_unlink IS 'A link that was ended: the two are two again.';
COMMENT ON COLUMN person_unlink.link_id IS 'The link.';
COMMENT ON COLUMN person_unlink.person_id IS 'Its first person.';
COMMENT ON COLUMN person_unlink.reason IS 'Why, in the steward''s words.';
COMMENT ON COLUMN person_unlink.ended_at IS 'When.';
COMMENT ON COLUMN person_unlink.decider_issuer IS 'The issuer of the steward''s token.';
COMMENT ON COLUMN person_unlink.decider_subject IS 'The steward.';
SELECT append_only('person_unlink');
SELECT protect('person_unlink');

CREATE TABLE person_link_told (
    link_id uuid NOT NULL REFERENCES person_link,
    ended boolean NOT NULL,
    person_id uuid NOT NULL REFERENCES person,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (link_id, ended)
);
COMMENT ON TABLE person_link_told IS 'Of which links, and of the ends of which, the consent service knows.';
COMMENT ON COLUMN person_link_told.link_id IS 'The link.';
COMMENT ON COLUMN person_link_told.ended IS 'Of its end, too.';
COMMENT ON COLUMN person_link_told.person_id IS 'Its first person.';
COMMENT ON COLUMN person_link_told.told_at IS 'When it was told first.';
SELECT append_only('person_link_told');
SELECT protect('person_link_told');

CREATE FUNCTION untold_links(most bigint)
    RETURNS TABLE (id uuid, person_id uuid, other_id uuid, begun_at timestamptz, ended_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT l.id, l.person_id, l.other_id, l.begun_at, u.ended_at
    FROM person_link l LEFT JOIN person_unlink u ON u.link_id = l.id
    WHERE NOT EXISTS (SELECT FROM person_link_told t
        WHERE t.link_id = l.id AND t.ended = (u.link_id IS NOT NULL))
    ORDER BY l.id LIMIT most
$$;
COMMENT ON FUNCTION untold_links IS 'Links as they stand of which the consent service does not know yet: ids only.';

CREATE FUNCTION merged_with(people uuid[], never uuid[])
    RETURNS TABLE (person_id uuid, kept uuid, member uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH RECURSIVE together AS (
        SELECT p AS one, p AS member FROM unnest(people) AS p
        UNION
        SELECT t.one, CASE WHEN l.person_id = t.member THEN l.other_id ELSE l.person_id END
        FROM together t JOIN person_link l ON l.person_id = t.member OR l.other_id = t.member
        WHERE NOT EXISTS (SELECT FROM person_unlink u WHERE u.link_id = l.id)
            AND (never IS NULL OR NOT (apart(l.person_id, never) OR apart(l.other_id, never)))
    )
    SELECT t.one, COALESCE((
            SELECT l.person_id FROM together a JOIN person_link l ON l.person_id = a.member
            WHERE a.one = t.one
                AND EXISTS (SELECT FROM together b WHERE b.one = t.one AND b.member = l.other_id)
                AND NOT EXISTS (SELECT FROM person_unlink u WHERE u.link_id = l.id)
            ORDER BY l.begun_at, l.id LIMIT 1), t.one), t.member
    FROM together t
$$;
COMMENT ON FUNCTION merged_with IS
    'Who is one with each of these, each themself among them, and by which name: the one that the oldest of '
    'their links keeps. Links of whoever is apart by `never` count for nothing; all links where it is null.';

CREATE FUNCTION locate_doubt(doubt uuid)
    RETURNS TABLE (person_id uuid, other_id uuid, outcome text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.person_id, d.other_id, m.outcome
    FROM match_doubt d LEFT JOIN match_decision m ON m.doubt_id = d.id WHERE d.id = doubt
$$;
COMMENT ON FUNCTION locate_doubt IS 'Whom a doubt is about, and what was decided.';

CREATE FUNCTION open_doubts(these uuid[], others uuid[]) RETURNS TABLE (id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.id, d.person_id FROM match_doubt d
    WHERE ((d.person_id = ANY (these) AND d.other_id = ANY (others))
            OR (d.person_id = ANY (others) AND d.other_id = ANY (these)))
        AND NOT EXISTS (SELECT FROM match_decision m WHERE m.doubt_id = d.id)
$$;
COMMENT ON FUNCTION open_doubts IS 'What is in doubt between these and those, and not decided: ids only.';

CREATE FUNCTION live_link(one uuid, another uuid)
    RETURNS TABLE (id uuid, person_id uuid, other_id uuid, begun_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT l.id, l.person_id, l.other_id, l.begun_at FROM person_link l
    WHERE (l.person_id, l.other_id) IN ((one, another), (another, one))
        AND NOT EXISTS (SELECT FROM person_unlink u WHERE u.link_id = l.id)
$$;
COMMENT ON FUNCTION live_link IS 'The link that stands between two people.';

CREATE FUNCTION known_people(people uuid[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT p.id FROM person p WHERE p.id = ANY (people)
$$;
COMMENT ON FUNCTION known_people IS 'Which of these there are.';

CREATE INDEX ON match_doubt (found_at DESC, id DESC);

CREATE FUNCTION doubtful_matches(never uuid[], many text[], before timestamptz, before_id uuid, most bigint)
    RETURNS TABLE (id uuid, person_id uuid, other_id uuid, found_at timestamptz, one jsonb, other jsonb,
        compared jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    -- Compiling it takes longer than running it.
    SET jit = off AS $$
    WITH page AS MATERIALIZED (
        SELECT d.id, d.person_id, d.other_id, d.found_at FROM match_doubt d
        WHERE (d.found_at, d.id) < (before, before_id)
            AND NOT EXISTS (SELECT FROM match_decision m WHERE m.doubt_id = d.id)
            AND NOT apart(d.person_id, never) AND NOT apart(d.other_id, never)
        ORDER BY d.found_at DESC, d.id DESC LIMIT most
    ), shown AS MATERIALIZED (
        SELECT w.person, x.form, x.n
        FROM (SELECT p.person_id AS person FROM page p UNION SELECT p.other_id FROM page p) AS w
        CROSS JOIN LATERAL (
            -- In the order of what they say, which tells nothing of when they were made.
            SELECT y.form, row_number() OVER () AS n FROM (
                SELECT DISTINCT ON (f.place > 0, f.given_words, f.family_words, f.born, f.phone,
                    f.postal_code, f.street, f.systems, f.numbers) f AS form
                FROM match_form f WHERE f.person_id = w.person AND f.stands
                ORDER BY f.place > 0, f.given_words, f.family_words, f.born, f.phone,
                    f.postal_code, f.street, f.systems, f.numbers LIMIT 10
            ) AS y
        ) AS x
    ), told AS MATERIALIZED (
        SELECT s.person, jsonb_agg(jsonb_build_object('given_name', (s.form).given_words,
                'family_name', (s.form).family_words, 'former_name', (s.form).place > 0,
                'birth_date', (s.form).born, 'phone', (s.form).phone,
                'postal_code', (s.form).postal_code, 'street', (s.form).street,
                'systems', (s.form).systems, 'numbers', (s.form).numbers) ORDER BY s.n) AS forms
        FROM shown s GROUP BY s.person
    ), all_names AS MATERIALIZED (
        SELECT times(0::smallint, '') AS n
    ), named AS MATERIALIZED (
        SELECT s.person, s.form, times(1::smallint, (s.form).given) AS given_n,
            times(2::smallint, (s.form).family) AS family_n
        FROM shown s
    ), judged AS MATERIALIZED (
        SELECT p.id, jsonb_agg(jsonb_build_object(
            'levels', form_levels(a.form, b.form, many, g.both_given, g.both_family),
            'both_names', g.both_given,
            'counts', ARRAY[a.given_n, a.family_n, b.given_n, b.family_n],
            'total', n.n)) AS compared
        FROM page p JOIN named a ON a.person = p.person_id JOIN named b ON b.person = p.other_id
        CROSS JOIN all_names n
        CROSS JOIN LATERAL (SELECT
            are_names((a.form).given, a.given_n, (b.form).given, b.given_n, n.n) AS both_given,
            are_names((a.form).family, a.family_n, (b.form).family, b.family_n, n.n) AS both_family) AS g
        GROUP BY p.id
    )
    SELECT p.id, p.person_id, p.other_id, p.found_at, COALESCE(a.forms, '[]'), COALESCE(b.forms, '[]'),
        COALESCE(j.compared, '[]')
    FROM page p LEFT JOIN told a ON a.person = p.person_id LEFT JOIN told b ON b.person = p.other_id
        LEFT JOIN judged j ON j.id = p.id
    ORDER BY p.found_at DESC, p.id DESC
$$;
COMMENT ON FUNCTION doubtful_matches IS
    'One page of what is in doubt and not decided, nobody apart among them: what is compared of both, without '
    'whose statement it is and since when, and how far it agrees. For a data steward alone, who is on record '
    'with both people before it is shown.';

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
        SELECT m.kept AS person, f AS form, true AS near
        FROM counted c JOIN member m ON m.kept = c.kept JOIN match_form f ON f.person_id = m.member
        WHERE f.stands AND c.so_far <= most
    ), compared AS MATERIALIZED (
        SELECT n.person, n.form, n.near FROM near n
        UNION ALL
        -- As much is compared where there is nobody.
        (SELECT f.person_id, f, false FROM match_form f
            WHERE f.place = 0 AND f.person_id NOT IN (SELECT m.member FROM member m)
            LIMIT most - (SELECT count(*) FROM near))
    ), all_names AS MATERIALIZED (
        SELECT times(0::smallint, '') AS n
    ), probe AS MATERIALIZED (
        SELECT f AS form, times(1::smallint, f.given) AS given_n, times(2::smallint, f.family) AS family_n
        FROM jsonb_populate_recordset(NULL::match_form, forms) AS f
    ), pair AS MATERIALIZED (
        SELECT c.person AS person_id, (c.form).profile_id, c.near, p.form AS one, c.form AS other,
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
        EXISTS (SELECT FROM member m JOIN profile p ON p.person_id = m.member
            WHERE m.kept = j.person_id AND p.custodian_id = asking),
        j.levels, j.both_given, j.counts, j.total
    FROM judged j WHERE j.near
    ORDER BY j.person_id, j.profile
$$;
COMMENT ON FUNCTION similar_people IS
    'Who shares a block with what an agency states, none of them apart, and how far each of their forms agrees '
    'with each of those stated: ids, levels, and how often the names are registered; no name, no date. '
    '`profile` tells the profiles of one person apart and says nothing else; `known`: the agency that asks has '
    'registered them, or whoever is one with them. As many forms are compared whoever there is: `most`, as far as there are so many.';
