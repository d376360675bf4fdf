-- Identity proofing says who signed in. It stands for a person where what was proofed is what every
-- custodian states of them, and for no appointment. What was bound before was compared with nothing.

COMMENT ON COLUMN sign_in.proofed IS
    'The issuer asserted identity proofing (IAL2) of a name and a birth date that every custodian '
    'stated of the person then; never a representative''s.';

-- The owner sees all rows and changes none, but for this.
ALTER TABLE sign_in NO FORCE ROW LEVEL SECURITY;
UPDATE sign_in SET proofed = false WHERE proofed;
ALTER TABLE sign_in FORCE ROW LEVEL SECURITY;
ALTER TABLE sign_in ADD CONSTRAINT sign_in_proofs_no_appointment
    CHECK (NOT proofed OR representative_id IS NULL);

DROP FUNCTION resolve_representatives(text[], text[]);
CREATE FUNCTION resolve_representatives(issuers text[], subjects text[])
    RETURNS TABLE (place bigint, id uuid, person_id uuid, relationship smallint,
        authority boolean, from_at timestamptz, until_at timestamptz, excluded integer,
        recorded_at timestamptz, confirmed_by uuid[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place, r.id, r.person_id, r.relationship, r.authority <> '', r.from_at, r.until_at,
        r.excluded, r.recorded_at,
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
