-- To which agencies something went under which consents: what a revocation must be told to.

CREATE TABLE served (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    consent_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    person_id uuid NOT NULL,
    served_at timestamptz NOT NULL,
    CONSTRAINT served_once UNIQUE (consent_id, agency_id)
);
COMMENT ON TABLE served IS
    'Each agency that was served under a consent, once; numbered by the counter of this name.';
COMMENT ON COLUMN served.seq IS 'Its place; some numbers may be missing.';
COMMENT ON COLUMN served.consent_id IS
    'What was relied on: a consent, or beside one an emergency access or a court order.';
COMMENT ON COLUMN served.agency_id IS 'Whose staff read or wrote under it, or who was sent something.';
COMMENT ON COLUMN served.person_id IS 'Whose consent.';
COMMENT ON COLUMN served.served_at IS 'When that was decided first, as far as is known.';

INSERT INTO served (seq, consent_id, agency_id, person_id, served_at)
SELECT row_number() OVER (ORDER BY p.at, p.consent, p.agency), p.consent, p.agency, p.person, p.at
FROM (
    SELECT c AS consent, a AS agency, (array_agg(d.person_id))[1] AS person, min(d.occurred_at) AS at
    FROM disclosure d, unnest(d.consents) c, unnest(ARRAY[d.agency_id, d.recipient_id]) a
    WHERE d.outcome = 'PERMIT' AND d.bases @> '{CONSENT}' AND a IS NOT NULL
    GROUP BY c, a
) p;
SELECT next_values('served', max(s.seq)) FROM served s HAVING count(*) > 0;

SELECT protect('served');
SELECT append_only('served');

CREATE FUNCTION follow_served(after bigint, most bigint)
    RETURNS TABLE (seq bigint, consent_id uuid, agency_id uuid, served_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT s.seq, s.consent_id, s.agency_id, s.served_at FROM served s
    WHERE s.seq > follow_served.after ORDER BY s.seq LIMIT follow_served.most
$$;
COMMENT ON FUNCTION follow_served IS
    'The agencies served after a number, for the consent service that follows: ids only.';
