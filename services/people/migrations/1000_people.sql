-- People: what agencies hold of them as such, the index by which one person is recognised across
-- agencies, and the sign-ins that are theirs.

-- 1. People and profiles --------------------------------------------------------------------

CREATE TABLE person (
    id uuid PRIMARY KEY
);
COMMENT ON TABLE person IS
    'A person. Nothing else is said here: not even when somebody first met them.';
COMMENT ON COLUMN person.id IS 'Random: it carries no date.';
SELECT protect('person', 'id');

CREATE TABLE profile (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    kind smallint NOT NULL DEFAULT 2 CHECK (kind = 2),
    class smallint NOT NULL DEFAULT 0 CHECK (class = 0),
    custodian_id uuid NOT NULL,
    author text NOT NULL,
    episode_id uuid,
    authored_at timestamptz NOT NULL,
    confidentiality smallint CHECK (confidentiality BETWEEN 0 AND 5),
    sensitivities integer NOT NULL CHECK (sensitivities >= 0),
    part2 boolean NOT NULL,
    victim_service boolean NOT NULL,
    release_block_until timestamptz,
    given_name text NOT NULL CHECK (given_name <> ''),
    family_name text NOT NULL CHECK (family_name <> ''),
    birth_date date NOT NULL,
    preferred_language text NOT NULL,
    CONSTRAINT profile_one_an_agency UNIQUE (person_id, custodian_id)
);
COMMENT ON TABLE profile IS 'What one agency holds of a person as such: that agency''s record.';
COMMENT ON COLUMN profile.id IS 'The record''s id.';
COMMENT ON COLUMN profile.person_id IS 'Whose.';
COMMENT ON COLUMN profile.kind IS 'PROFILE, as a place in the kernel''s list.';
COMMENT ON COLUMN profile.class IS 'GENERAL, as a place in the kernel''s list.';
COMMENT ON COLUMN profile.custodian_id IS 'The agency that registered the person.';
COMMENT ON COLUMN profile.author IS 'Who registered them: agency/practitioner.';
COMMENT ON COLUMN profile.episode_id IS 'Of no episode.';
COMMENT ON COLUMN profile.authored_at IS 'When the agency registered them.';
COMMENT ON COLUMN profile.confidentiality IS 'As stated: its rank; null is unstated.';
COMMENT ON COLUMN profile.sensitivities IS 'As stated: a mask.';
COMMENT ON COLUMN profile.part2 IS 'The record''s own flag of 42 CFR Part 2.';
COMMENT ON COLUMN profile.victim_service IS 'The record''s own flag of victim services.';
COMMENT ON COLUMN profile.release_block_until IS 'Not released to the person before then.';
COMMENT ON COLUMN profile.given_name IS 'Content.';
COMMENT ON COLUMN profile.family_name IS 'Content.';
COMMENT ON COLUMN profile.birth_date IS 'Content.';
COMMENT ON COLUMN profile.preferred_language IS 'Content: BCP 47, empty when not known.';
SELECT protect('profile');

CREATE TABLE profile_identifier (
    profile_id uuid NOT NULL REFERENCES profile,
    place smallint NOT NULL CHECK (place >= 0),
    person_id uuid NOT NULL REFERENCES person,
    custodian_id uuid NOT NULL,
    system text NOT NULL,
    value text NOT NULL,
    own boolean NOT NULL,
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    PRIMARY KEY (profile_id, place),
    CONSTRAINT profile_identifier_once UNIQUE (profile_id, key)
);
COMMENT ON TABLE profile_identifier IS 'The identifiers by which an agency knows a person.';
COMMENT ON COLUMN profile_identifier.profile_id IS 'The profile that it belongs to.';
COMMENT ON COLUMN profile_identifier.place IS 'Its place among them, in the order given.';
COMMENT ON COLUMN profile_identifier.person_id IS 'Whose.';
COMMENT ON COLUMN profile_identifier.custodian_id IS 'The profile''s agency.';
COMMENT ON COLUMN profile_identifier.system IS 'Content: the system, a URI.';
COMMENT ON COLUMN profile_identifier.value IS 'Content: the value.';
COMMENT ON COLUMN profile_identifier.own IS 'Of a system of the agency''s own, not a shared one.';
COMMENT ON COLUMN profile_identifier.key IS
    'Keyed hash of agency, system and value: how it is looked up, without content.';
SELECT protect('profile_identifier');
CREATE INDEX ON profile_identifier (key);
CREATE UNIQUE INDEX profile_identifier_own_once ON profile_identifier (key) WHERE own;

-- 2. Recognising a person across agencies, without content ------------------------------------

CREATE TABLE match_key (
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    custodian_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES person,
    PRIMARY KEY (key, custodian_id)
);
COMMENT ON TABLE match_key IS 'What makes two registrations one person, as keyed hashes only.';
COMMENT ON COLUMN match_key.key IS
    'Keyed hash of a shared identifier, birth date and family name, each byte of which is needed '
    'to find it again.';
COMMENT ON COLUMN match_key.custodian_id IS 'The agency whose registration this is of.';
COMMENT ON COLUMN match_key.person_id IS 'Whose.';
SELECT protect('match_key');

CREATE FUNCTION match_person(keys bytea[], never uuid[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT m.person_id FROM match_key m
    WHERE m.key = ANY (keys) AND m.custodian_id <> ALL (never)
    ORDER BY m.person_id
$$;
COMMENT ON FUNCTION match_person IS
    'The people who have any of these keys by a registration of an agency not in `never`: ids only.';

CREATE FUNCTION locate_registered(keys bytea[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT i.person_id FROM profile_identifier i WHERE i.key = ANY (keys)
    ORDER BY i.person_id
$$;
COMMENT ON FUNCTION locate_registered IS
    'The people whom an agency knows by any of these identifiers: ids only. The agency is in the keys.';

CREATE FUNCTION locate_profile(wanted uuid)
    RETURNS TABLE (id uuid, person_id uuid, class smallint, custodian_id uuid, author text,
        episode_id uuid, authored_at timestamptz, confidentiality smallint, sensitivities integer,
        part2 boolean, victim_service boolean, release_block_until timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT p.id, p.person_id, p.class, p.custodian_id, p.author, p.episode_id, p.authored_at,
        p.confidentiality, p.sensitivities, p.part2, p.victim_service, p.release_block_until
    FROM profile p WHERE p.id = wanted
$$;
COMMENT ON FUNCTION locate_profile IS 'The facets of a profile.';

CREATE FUNCTION locate_profile_of(person uuid, custodian uuid)
    RETURNS TABLE (id uuid, person_id uuid, class smallint, custodian_id uuid, author text,
        episode_id uuid, authored_at timestamptz, confidentiality smallint, sensitivities integer,
        part2 boolean, victim_service boolean, release_block_until timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT p.id, p.person_id, p.class, p.custodian_id, p.author, p.episode_id, p.authored_at,
        p.confidentiality, p.sensitivities, p.part2, p.victim_service, p.release_block_until
    FROM profile p WHERE p.person_id = person AND p.custodian_id = custodian
$$;
COMMENT ON FUNCTION locate_profile_of IS 'The facets of what one agency holds of a person.';

-- 3. Sign-ins -------------------------------------------------------------------------------

CREATE TABLE invitation (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    agency_id uuid NOT NULL,
    code_sha256 bytea NOT NULL CHECK (octet_length(code_sha256) = 32),
    inviter_issuer text NOT NULL,
    inviter_subject text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    accepted_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT invitation_code_once UNIQUE (code_sha256)
);
COMMENT ON TABLE invitation IS 'A one-time word of an agency, by which a person binds a sign-in.';
COMMENT ON COLUMN invitation.id IS 'Its id.';
COMMENT ON COLUMN invitation.person_id IS 'Who is invited.';
COMMENT ON COLUMN invitation.agency_id IS 'The agency that invites, and so vouches.';
COMMENT ON COLUMN invitation.code_sha256 IS 'Of the code, which is kept nowhere.';
COMMENT ON COLUMN invitation.inviter_issuer IS 'The inviting practitioner''s issuer.';
COMMENT ON COLUMN invitation.inviter_subject IS 'The inviting practitioner''s subject.';
COMMENT ON COLUMN invitation.created_at IS 'When.';
COMMENT ON COLUMN invitation.expires_at IS 'No use from then on.';
COMMENT ON COLUMN invitation.accepted_at IS 'When it was used, once.';
COMMENT ON COLUMN invitation.ended_at IS 'When a later invitation took its place.';
SELECT protect('invitation');
CREATE INDEX ON invitation (person_id, agency_id) WHERE accepted_at IS NULL AND ended_at IS NULL;

CREATE FUNCTION locate_invitation(code bytea)
    RETURNS TABLE (id uuid, person_id uuid, agency_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT i.id, i.person_id, i.agency_id FROM invitation i WHERE i.code_sha256 = code
$$;
COMMENT ON FUNCTION locate_invitation IS
    'The invitation with this code, whatever its state: ids only.';

CREATE TABLE sign_in (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    issuer text NOT NULL,
    subject text NOT NULL,
    invitation_id uuid NOT NULL REFERENCES invitation,
    proofed boolean NOT NULL,
    bound_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON TABLE sign_in IS 'To whom a sign-in is bound. History: a binding that ended stays.';
COMMENT ON COLUMN sign_in.id IS 'The binding''s id.';
COMMENT ON COLUMN sign_in.person_id IS 'Whose.';
COMMENT ON COLUMN sign_in.issuer IS 'The token''s issuer, byte for byte.';
COMMENT ON COLUMN sign_in.subject IS 'The token''s subject, byte for byte.';
COMMENT ON COLUMN sign_in.invitation_id IS 'By which it was bound.';
COMMENT ON COLUMN sign_in.proofed IS 'The issuer asserted identity proofing (IAL2).';
COMMENT ON COLUMN sign_in.bound_at IS 'When.';
COMMENT ON COLUMN sign_in.ended_at IS 'When another took its place; null: it is live.';
SELECT protect('sign_in');
CREATE UNIQUE INDEX sign_in_one_a_person ON sign_in (person_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX sign_in_of_one_person ON sign_in (issuer, subject) WHERE ended_at IS NULL;

CREATE TABLE sign_in_confirmation (
    sign_in_id uuid NOT NULL REFERENCES sign_in,
    agency_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES person,
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (sign_in_id, agency_id)
);
COMMENT ON TABLE sign_in_confirmation IS 'The agencies that vouch for a binding.';
COMMENT ON COLUMN sign_in_confirmation.sign_in_id IS 'The binding.';
COMMENT ON COLUMN sign_in_confirmation.agency_id IS 'The agency.';
COMMENT ON COLUMN sign_in_confirmation.person_id IS 'Whose.';
COMMENT ON COLUMN sign_in_confirmation.confirmed_at IS 'Since when.';
SELECT protect('sign_in_confirmation');

CREATE TABLE notice (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    what text NOT NULL CHECK (what IN ('SIGN_IN_REPLACED')),
    about uuid NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE notice IS 'What a person must be told.';
COMMENT ON COLUMN notice.id IS 'Its id.';
COMMENT ON COLUMN notice.person_id IS 'Who must be told.';
COMMENT ON COLUMN notice.what IS 'What happened.';
COMMENT ON COLUMN notice.about IS 'To what: the binding that ended.';
COMMENT ON COLUMN notice.at IS 'When.';
SELECT protect('notice');

CREATE TABLE staff_sign_in (
    agency_id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (agency_id, issuer, subject)
);
COMMENT ON TABLE staff_sign_in IS
    'Sign-ins of staff who have acted here: none of them is bound to a person whom their agency invites.';
COMMENT ON COLUMN staff_sign_in.agency_id IS 'The agency.';
COMMENT ON COLUMN staff_sign_in.issuer IS 'The practitioner''s issuer.';
COMMENT ON COLUMN staff_sign_in.subject IS 'The practitioner''s subject.';

-- 4. What other services ask: many at once, in their order, ids only ----------------------------

CREATE FUNCTION resolve_sign_ins(issuers text[], subjects text[])
    RETURNS TABLE (place bigint, person_id uuid, proofed boolean, confirmed_by uuid[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place, s.person_id, s.proofed,
        ARRAY(SELECT c.agency_id FROM sign_in_confirmation c
            WHERE c.sign_in_id = s.id ORDER BY c.agency_id)
    FROM unnest(issuers, subjects) WITH ORDINALITY AS q (issuer, subject, place)
    JOIN sign_in s ON s.issuer = q.issuer AND s.subject = q.subject AND s.ended_at IS NULL
$$;
COMMENT ON FUNCTION resolve_sign_ins IS 'The live bindings among these sign-ins.';

CREATE FUNCTION check_registrations(people uuid[], agencies uuid[])
    RETURNS TABLE (place bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place FROM unnest(people, agencies) WITH ORDINALITY AS q (person, agency, place)
    WHERE EXISTS (SELECT FROM profile p
        WHERE p.person_id = q.person AND p.custodian_id = q.agency)
$$;
COMMENT ON FUNCTION check_registrations IS 'The places of those that are registered.';
