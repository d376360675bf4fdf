-- What a profile gains: what helps to recognise a person and to reach them, and changes of a profile.

ALTER TABLE profile
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0);
COMMENT ON COLUMN profile.details IS
    'Content: middle name, former names, addresses, telephone numbers and email addresses.';
COMMENT ON COLUMN profile.version IS 'How often it was stated: one more with each change.';
CREATE INDEX profile_by_birth ON profile (custodian_id, birth_date);

CREATE TABLE profile_before (
    profile_id uuid NOT NULL REFERENCES profile,
    version integer NOT NULL CHECK (version > 0),
    person_id uuid NOT NULL REFERENCES person,
    custodian_id uuid NOT NULL,
    content jsonb NOT NULL,
    replaced_at timestamptz NOT NULL,
    replacer_issuer text NOT NULL,
    replacer_subject text NOT NULL,
    PRIMARY KEY (profile_id, version)
);
COMMENT ON TABLE profile_before IS 'What an agency stated of a person before it stated something else.';
COMMENT ON COLUMN profile_before.profile_id IS 'The profile.';
COMMENT ON COLUMN profile_before.version IS 'Which version of it this was.';
COMMENT ON COLUMN profile_before.person_id IS 'Whose.';
COMMENT ON COLUMN profile_before.custodian_id IS 'The profile''s agency.';
COMMENT ON COLUMN profile_before.content IS
    'Content: names, birth date, language and details, as they were.';
COMMENT ON COLUMN profile_before.replaced_at IS 'When it was replaced.';
COMMENT ON COLUMN profile_before.replacer_issuer IS 'The issuer of the sign-in that replaced it.';
COMMENT ON COLUMN profile_before.replacer_subject IS 'The subject of that sign-in.';
SELECT protect('profile_before');
SELECT append_only('profile_before');

CREATE FUNCTION plain_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
    SELECT lower(trim(regexp_replace(name, '\s+', ' ', 'g')))
$$;
COMMENT ON FUNCTION plain_name IS 'A name without case and needless spaces.';

CREATE FUNCTION locate_named(custodian uuid, given text, family text, born date) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT p.person_id FROM profile p
    WHERE p.custodian_id = custodian AND p.birth_date = born
        AND plain_name(p.given_name) = plain_name(given)
        AND plain_name(p.family_name) = plain_name(family)
    ORDER BY p.person_id LIMIT 2
$$;
COMMENT ON FUNCTION locate_named IS
    'The people whom this agency knows by these names and this birth date: ids only, at most two, which is '
    'as good as none.';

-- Whoever is a victim-service provider's, or labelled so by anyone, is found by nobody else.
CREATE FUNCTION match_person_of(keys bytea[], never uuid[], asking uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT m.person_id FROM match_key m
    WHERE m.key = ANY (keys)
        AND (m.custodian_id = asking OR NOT EXISTS (
            SELECT FROM profile p WHERE p.person_id = m.person_id
                AND (p.victim_service OR p.custodian_id = ANY (never))))
    ORDER BY m.person_id
$$;
COMMENT ON FUNCTION match_person_of IS
    'The people who have any of these keys by a registration of the agency that asks, or of another and of '
    'whom no agency in `never` and no label of victim services holds anything: ids only.';
