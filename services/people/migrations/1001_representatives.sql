-- Representatives: who acts for a person, by what authority, from when until when; and the sign-ins
-- that are bound to them, by the same invitations as a person's own.

CREATE TABLE representative (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    relationship smallint NOT NULL CHECK (relationship BETWEEN 1 AND 4),
    authority text NOT NULL CHECK (authority <> '' OR relationship = 4),
    document_sha256 bytea CHECK (octet_length(document_sha256) = 32),
    from_at timestamptz NOT NULL,
    until_at timestamptz CHECK (until_at > from_at),
    excluded integer NOT NULL CHECK (excluded >= 0),
    agency_id uuid,
    recorder_issuer text NOT NULL,
    recorder_subject text NOT NULL,
    recorded_at timestamptz NOT NULL,
    ended_at timestamptz,
    ender_issuer text,
    ender_subject text,
    CONSTRAINT representative_ended_by_somebody
        CHECK ((ended_at IS NULL) = (ender_issuer IS NULL)
            AND (ended_at IS NULL) = (ender_subject IS NULL))
);
COMMENT ON TABLE representative IS
    'Who acts for a person, as recorded. History: one that was ended stays.';
COMMENT ON COLUMN representative.id IS 'Its id.';
COMMENT ON COLUMN representative.person_id IS 'For whom.';
COMMENT ON COLUMN representative.relationship IS
    'What they are to the person, as a place in the policy''s list; never SELF.';
COMMENT ON COLUMN representative.authority IS
    'Content: the evidence of their authority; empty for a relative alone.';
COMMENT ON COLUMN representative.document_sha256 IS 'Of the document that shows it.';
COMMENT ON COLUMN representative.from_at IS 'From when they act.';
COMMENT ON COLUMN representative.until_at IS 'Until when; null: until it is ended.';
COMMENT ON COLUMN representative.excluded IS 'Sensitivities withheld from them: a mask.';
COMMENT ON COLUMN representative.agency_id IS 'The agency that recorded it; null: the person did.';
COMMENT ON COLUMN representative.recorder_issuer IS 'The recording sign-in''s issuer.';
COMMENT ON COLUMN representative.recorder_subject IS 'The recording sign-in''s subject.';
COMMENT ON COLUMN representative.recorded_at IS 'When.';
COMMENT ON COLUMN representative.ended_at IS 'When it was ended; null: it was not.';
COMMENT ON COLUMN representative.ender_issuer IS 'The issuer of the sign-in that ended it.';
COMMENT ON COLUMN representative.ender_subject IS 'The subject of the sign-in that ended it.';
SELECT protect('representative');
CREATE INDEX ON representative (person_id, id);

ALTER TABLE invitation
    ADD COLUMN representative_id uuid REFERENCES representative,
    ALTER COLUMN agency_id DROP NOT NULL,
    ADD CONSTRAINT invitation_of_an_agency_or_the_person
        CHECK (agency_id IS NOT NULL OR representative_id IS NOT NULL);
COMMENT ON COLUMN invitation.agency_id IS
    'The agency that invites, and so vouches; null: the person invites their representative.';
COMMENT ON COLUMN invitation.representative_id IS
    'The representative who is invited; null: the person is.';
CREATE INDEX ON invitation (representative_id) WHERE representative_id IS NOT NULL;

ALTER TABLE sign_in ADD COLUMN representative_id uuid REFERENCES representative;
COMMENT ON COLUMN sign_in.representative_id IS
    'The representative whose it is; null: the person''s own.';
COMMENT ON COLUMN sign_in.person_id IS 'Whose, or for whom it acts.';
DROP INDEX sign_in_one_a_person;
DROP INDEX sign_in_of_one_person;
CREATE UNIQUE INDEX sign_in_one_a_person ON sign_in (person_id)
    WHERE ended_at IS NULL AND representative_id IS NULL;
CREATE UNIQUE INDEX sign_in_of_one_person ON sign_in (issuer, subject)
    WHERE ended_at IS NULL AND representative_id IS NULL;
CREATE UNIQUE INDEX sign_in_one_a_representative ON sign_in (representative_id)
    WHERE ended_at IS NULL;
-- One sign-in may act for many people.
CREATE INDEX sign_in_of_representatives ON sign_in (issuer, subject)
    WHERE ended_at IS NULL AND representative_id IS NOT NULL;

ALTER TABLE notice DROP CONSTRAINT notice_what_check;
ALTER TABLE notice ADD CONSTRAINT notice_what_check
    CHECK (what IN ('SIGN_IN_REPLACED', 'REPRESENTATIVE_ADDED', 'REPRESENTATIVE_ENDED'));
COMMENT ON COLUMN notice.about IS 'To what: the binding that ended, or the representative.';

DROP FUNCTION locate_invitation(bytea);
CREATE FUNCTION locate_invitation(code bytea)
    RETURNS TABLE (id uuid, person_id uuid, agency_id uuid, representative_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT i.id, i.person_id, i.agency_id, i.representative_id
    FROM invitation i WHERE i.code_sha256 = code
$$;
COMMENT ON FUNCTION locate_invitation IS
    'The invitation with this code, whatever its state: ids only.';

CREATE FUNCTION locate_representative(wanted uuid)
    RETURNS TABLE (person_id uuid, agency_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.person_id, r.agency_id FROM representative r WHERE r.id = wanted
$$;
COMMENT ON FUNCTION locate_representative IS
    'For whom a representative acts, and which agency recorded it: ids only.';

CREATE OR REPLACE FUNCTION resolve_sign_ins(issuers text[], subjects text[])
    RETURNS TABLE (place bigint, person_id uuid, proofed boolean, confirmed_by uuid[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place, s.person_id, s.proofed,
        ARRAY(SELECT c.agency_id FROM sign_in_confirmation c
            WHERE c.sign_in_id = s.id ORDER BY c.agency_id)
    FROM unnest(issuers, subjects) WITH ORDINALITY AS q (issuer, subject, place)
    JOIN sign_in s ON s.issuer = q.issuer AND s.subject = q.subject AND s.ended_at IS NULL
        AND s.representative_id IS NULL
$$;
COMMENT ON FUNCTION resolve_sign_ins IS 'The live bindings to a person among these sign-ins.';

CREATE FUNCTION resolve_representatives(issuers text[], subjects text[])
    RETURNS TABLE (place bigint, id uuid, person_id uuid, relationship smallint,
        authority boolean, from_at timestamptz, until_at timestamptz, excluded integer,
        recorded_at timestamptz, proofed boolean, confirmed_by uuid[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place, r.id, r.person_id, r.relationship, r.authority <> '', r.from_at, r.until_at,
        r.excluded, r.recorded_at, s.proofed,
        ARRAY(SELECT c.agency_id FROM sign_in_confirmation c
            WHERE c.sign_in_id = s.id ORDER BY c.agency_id)
    FROM unnest(issuers, subjects) WITH ORDINALITY AS q (issuer, subject, place)
    JOIN sign_in s ON s.issuer = q.issuer AND s.subject = q.subject AND s.ended_at IS NULL
        AND s.representative_id IS NOT NULL
    JOIN representative r ON r.id = s.representative_id AND r.ended_at IS NULL
    ORDER BY q.place, r.id
$$;
COMMENT ON FUNCTION resolve_representatives IS
    'For whom these sign-ins act: appointments that have not ended, whether or not in their time; '
    'facets only.';
