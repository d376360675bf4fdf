-- A sign-in's confirmation code: whoever holds the sign-in shows it to an agency, which vouches for
-- the sign-in of that code and for no other.

ALTER TABLE sign_in
    ADD COLUMN code bytea CHECK (octet_length(code) = 32),
    ADD COLUMN wrong_codes smallint NOT NULL DEFAULT 0 CHECK (wrong_codes BETWEEN 0 AND 10);
COMMENT ON COLUMN sign_in.code IS
    'Keyed hash of its confirmation code, which is kept nowhere; null: bound before there were any.';
COMMENT ON COLUMN sign_in.wrong_codes IS
    'Wrong codes given for it since it has this one; at 10 the code is void.';

CREATE FUNCTION locate_sign_in(of_person uuid, of_representative uuid, of_issuer text,
        of_subject text)
    RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT s.id FROM sign_in s
    WHERE s.person_id = of_person AND s.representative_id IS NOT DISTINCT FROM of_representative
        AND s.issuer = of_issuer AND s.subject = of_subject AND s.ended_at IS NULL
$$;
COMMENT ON FUNCTION locate_sign_in IS
    'The live binding of this sign-in to a person, or to a representative of theirs: its id only.';
