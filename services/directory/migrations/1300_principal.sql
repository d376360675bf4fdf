-- Principals that are suspended, one by one, and bindings of agencies that replace others.

CREATE TABLE principal_suspension (
    id uuid PRIMARY KEY,
    principal bytea NOT NULL CHECK (octet_length(principal) = 32),
    issuer text NOT NULL CHECK (issuer <> ''),
    client_id text CHECK (client_id <> ''),
    agency_id uuid REFERENCES agency,
    by_network boolean NOT NULL CHECK (by_network OR agency_id IS NOT NULL),
    reason text NOT NULL CHECK (reason IN ('STOLEN', 'MISUSE', 'FAULTY', 'LEFT', 'REQUESTED')),
    at timestamptz NOT NULL,
    ended_at timestamptz,
    revision bigint NOT NULL CONSTRAINT principal_suspension_revision_once UNIQUE CHECK (revision > 0)
);
COMMENT ON TABLE principal_suspension IS 'Suspensions of one subject or one client of an issuer; by whom, and who ended them, the audit events say, whose record each is.';
COMMENT ON COLUMN principal_suspension.id IS 'suspendedPrincipals/{id}.';
COMMENT ON COLUMN principal_suspension.principal IS 'SHA-256 of issuer and subject or client. A subject may be a person''s sign-in: nothing else of it is here.';
COMMENT ON COLUMN principal_suspension.issuer IS 'The issuer of the tokens, as its iss claim spells it.';
COMMENT ON COLUMN principal_suspension.client_id IS 'The client; null: it is a subject.';
COMMENT ON COLUMN principal_suspension.agency_id IS 'It is in force for this agency alone; null: for everything.';
COMMENT ON COLUMN principal_suspension.by_network IS 'The network suspended it, and not its agency.';
COMMENT ON COLUMN principal_suspension.reason IS 'A code.';
COMMENT ON COLUMN principal_suspension.at IS 'Since when.';
COMMENT ON COLUMN principal_suspension.ended_at IS 'Until when; null: it is in force.';
COMMENT ON COLUMN principal_suspension.revision IS 'The directory''s revision of its last change.';
-- What the network suspended, its agency does not reinstate: so there may be one of each.
CREATE UNIQUE INDEX principal_suspension_once
    ON principal_suspension (principal, agency_id, by_network) NULLS NOT DISTINCT
    WHERE ended_at IS NULL;
CREATE INDEX principal_suspension_in_force ON principal_suspension (id) WHERE ended_at IS NULL;

-- A round of bindings replaces the one before, which stays as it was.
ALTER TABLE agency ADD COLUMN binding_round bigint NOT NULL DEFAULT 0 CHECK (binding_round >= 0);
COMMENT ON COLUMN agency.binding_round IS 'Which of its bindings speak for it.';
ALTER TABLE agency_binding
    ADD COLUMN round bigint NOT NULL DEFAULT 0 CHECK (round >= 0),
    DROP CONSTRAINT agency_binding_pkey,
    ADD PRIMARY KEY (agency_id, round, issuer, client_id);
COMMENT ON COLUMN agency_binding.round IS 'Its agency''s round in which it speaks.';

-- As in 1052, with suspensions of principals.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM agency
    UNION ALL SELECT id FROM service
    UNION ALL SELECT id FROM care_team
    UNION ALL SELECT id FROM principal_suspension;
