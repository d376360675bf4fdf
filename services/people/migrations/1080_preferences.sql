-- What people prefer: stated by themselves, or heard by an agency from them.

CREATE TABLE preference (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    agency_id uuid,
    sign_in_id uuid REFERENCES sign_in,
    place integer NOT NULL CHECK (place > 0),
    content jsonb NOT NULL,
    stated_at timestamptz NOT NULL,
    stater_issuer text NOT NULL,
    stater_subject text NOT NULL,
    CONSTRAINT preference_of_one CHECK (num_nonnulls(agency_id, sign_in_id) = 1),
    CONSTRAINT preference_once UNIQUE NULLS NOT DISTINCT (person_id, agency_id, sign_in_id, place)
);
COMMENT ON TABLE preference IS
    'What a person prefers. The last statement of an agency counts, and the last of the person''s own that '
    'holds for an agency; what was stated before stays.';
COMMENT ON COLUMN preference.id IS 'The statement, and its etag.';
COMMENT ON COLUMN preference.person_id IS 'Whose.';
COMMENT ON COLUMN preference.agency_id IS 'Which agency heard it; null: the person states it themself.';
COMMENT ON COLUMN preference.sign_in_id IS
    'By which binding the person states it: it holds for the agencies that vouch for that, or vouched until '
    'it ended.';
COMMENT ON COLUMN preference.place IS 'Which of the statements of this agency or binding it is, from 1.';
COMMENT ON COLUMN preference.content IS
    'Content: language, interpreter, pronouns, what matters, staff, offerings, and how they are contacted.';
COMMENT ON COLUMN preference.stated_at IS 'When.';
COMMENT ON COLUMN preference.stater_issuer IS 'The issuer of the sign-in that wrote it.';
COMMENT ON COLUMN preference.stater_subject IS 'The subject of that sign-in.';
SELECT protect('preference');
SELECT append_only('preference');

CREATE FUNCTION preference_needs(content jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
    SELECT jsonb_build_object('contact_rule', content->'contact_rule', 'language', content->'language',
        'interpreter', content->'interpreter', 'cultural_offering', content->'cultural_offering',
        'faith_offering', content->'faith_offering',
        'include_faith_based', content->'include_faith_based')
$$;
COMMENT ON FUNCTION preference_needs IS 'What services need of a statement: no ways, and no words of the person''s own.';

-- An own statement outlives its sign-in: that a device was lost lifts no prohibition. Of somebody who is one with
-- the person by a steward's link what was said counts, too, for the stricter rule of contact, and is shown to nobody.
CREATE FUNCTION stated_preferences(people uuid[], agencies uuid[])
    RETURNS TABLE (place bigint, member uuid, sign_in uuid, proofed boolean, vouching uuid[], id uuid,
        needs jsonb, stated_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH asked AS (
        SELECT q.place, m.member, q.agency
        FROM unnest(people, agencies) WITH ORDINALITY AS q (person, agency, place)
        CROSS JOIN LATERAL merged_with(ARRAY[q.person], NULL) AS m
    )
    SELECT a.place, a.member, NULL::uuid, false, '{}'::uuid[], x.id, preference_needs(x.content), x.stated_at
    FROM asked a
    CROSS JOIN LATERAL (
        SELECT p.id, p.content, p.stated_at FROM preference p
        WHERE p.person_id = a.member AND p.agency_id = a.agency
        ORDER BY p.place DESC LIMIT 1) AS x
    UNION ALL
    SELECT a.place, a.member, s.id, s.proofed, v.agencies, x.id, preference_needs(x.content), x.stated_at
    FROM asked a
    JOIN sign_in s ON s.person_id = a.member AND s.representative_id IS NULL
    CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(c.agency_id), '{}') AS agencies
        FROM sign_in_confirmation c WHERE c.sign_in_id = s.id) AS v
    CROSS JOIN LATERAL (
        SELECT p.id, p.content, p.stated_at FROM preference p
        WHERE p.person_id = a.member AND p.sign_in_id = s.id
        ORDER BY p.place DESC LIMIT 1) AS x
    WHERE s.proofed OR a.agency = ANY (v.agencies)
$$;
COMMENT ON FUNCTION stated_preferences IS
    'For each person and agency: what was said to the agency last, and the last statement by each sign-in of the '
    'person''s own that holds for it; of all who are one with the person. Rules and needs, no ways and no words.';
