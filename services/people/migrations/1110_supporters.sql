-- Supporters: the sign-ins of whom a person has asked into their circle, bound by the same invitations. Who they are
-- to the person, and until when, the recovery service keeps. They stand in a table of their own: none of them is a
-- person's sign-in, nor one of who acts for them.

ALTER TABLE invitation
    ADD COLUMN supporter_id uuid,
    DROP CONSTRAINT invitation_of_an_agency_or_the_person,
    ADD CONSTRAINT invitation_of_an_agency_or_the_person
        CHECK (agency_id IS NOT NULL OR representative_id IS NOT NULL OR supporter_id IS NOT NULL),
    ADD CONSTRAINT invitation_of_a_supporter
        CHECK (supporter_id IS NULL OR (agency_id IS NULL AND representative_id IS NULL));
COMMENT ON COLUMN invitation.agency_id IS
    'The agency that invites, and so vouches; null: the person invites their representative or a supporter.';
COMMENT ON COLUMN invitation.representative_id IS
    'The representative who is invited; null: the person is, or a supporter.';
COMMENT ON COLUMN invitation.supporter_id IS
    'The supporter who is invited, as the recovery service names them; null: somebody else is.';
CREATE INDEX ON invitation (supporter_id) WHERE supporter_id IS NOT NULL;

CREATE TABLE supporter_sign_in (
    id uuid PRIMARY KEY,
    supporter_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES person,
    issuer text NOT NULL,
    subject text NOT NULL,
    invitation_id uuid NOT NULL REFERENCES invitation,
    bound_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON TABLE supporter_sign_in IS 'Whom a sign-in supports. History: a binding that ended stays.';
COMMENT ON COLUMN supporter_sign_in.id IS 'The binding''s id.';
COMMENT ON COLUMN supporter_sign_in.supporter_id IS 'The supporter, as the recovery service names them.';
COMMENT ON COLUMN supporter_sign_in.person_id IS 'Whom they support.';
COMMENT ON COLUMN supporter_sign_in.issuer IS 'The token''s issuer, byte for byte.';
COMMENT ON COLUMN supporter_sign_in.subject IS 'The token''s subject, byte for byte.';
COMMENT ON COLUMN supporter_sign_in.invitation_id IS 'By which it was bound.';
COMMENT ON COLUMN supporter_sign_in.bound_at IS 'When.';
COMMENT ON COLUMN supporter_sign_in.ended_at IS 'When the person ended it; null: it is live.';
SELECT protect('supporter_sign_in');
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON supporter_sign_in FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (ended_at) ON supporter_sign_in TO %I', login_role());
END $$;
CREATE UNIQUE INDEX supporter_sign_in_one_a_supporter ON supporter_sign_in (person_id, supporter_id)
    WHERE ended_at IS NULL;
-- Whoever supports a person is one supporter of theirs: nobody speaks for two.
CREATE UNIQUE INDEX supporter_sign_in_one_a_person ON supporter_sign_in (person_id, issuer, subject)
    WHERE ended_at IS NULL;
-- One sign-in may support many people.
CREATE INDEX supporter_sign_in_of ON supporter_sign_in (issuer, subject) WHERE ended_at IS NULL;

DROP FUNCTION locate_invitation(bytea);
CREATE FUNCTION locate_invitation(code bytea)
    RETURNS TABLE (id uuid, person_id uuid, agency_id uuid, representative_id uuid, supporter_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT i.id, i.person_id, i.agency_id, i.representative_id, i.supporter_id
    FROM invitation i WHERE i.code_sha256 = code
$$;
COMMENT ON FUNCTION locate_invitation IS
    'The invitation with this code, whatever its state: ids only.';

CREATE FUNCTION resolve_supporters(issuers text[], subjects text[])
    RETURNS TABLE (place bigint, supporter_id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place, s.supporter_id, s.person_id
    FROM unnest(issuers, subjects) WITH ORDINALITY AS q (issuer, subject, place)
    JOIN supporter_sign_in s ON s.issuer = q.issuer AND s.subject = q.subject AND s.ended_at IS NULL
    ORDER BY q.place, s.supporter_id
$$;
COMMENT ON FUNCTION resolve_supporters IS 'Whom these sign-ins support: ids only.';
