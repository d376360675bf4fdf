-- People's own plans: seven sections each, what they have said, and with whom they are shared.

CREATE TABLE plan (
    person_id uuid PRIMARY KEY,
    proofed boolean NOT NULL,
    vouching uuid[] NOT NULL,
    sign_in bytea NOT NULL CHECK (octet_length(sign_in) = 32),
    made_at timestamptz NOT NULL
);
COMMENT ON TABLE plan IS 'That a person has a plan. Its row is locked by whatever writes to any part of it.';
COMMENT ON COLUMN plan.person_id IS 'Whose.';
COMMENT ON COLUMN plan.proofed IS 'Whether the sign-in that wrote to it last is proofed.';
COMMENT ON COLUMN plan.vouching IS
    'The agencies that vouched for that sign-in. Only one that is proofed, or that all of them vouch for, goes on.';
COMMENT ON COLUMN plan.sign_in IS
    'Which sign-in it was: SHA-256 over its issuer and subject. Another closes what one has opened that was not proofed.';
COMMENT ON COLUMN plan.made_at IS 'When it was made.';
SELECT protect('plan');

CREATE TABLE plan_section (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES plan,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 7),
    version integer NOT NULL DEFAULT 0 CHECK (version >= 0),
    written_at timestamptz,
    CONSTRAINT plan_section_once UNIQUE (person_id, kind),
    CHECK ((version = 0) = (written_at IS NULL))
);
COMMENT ON TABLE plan_section IS 'A section of a plan: a record of its own, without custodian.';
COMMENT ON COLUMN plan_section.id IS 'planSections/{id}; random.';
COMMENT ON COLUMN plan_section.person_id IS 'Whose plan it is of.';
COMMENT ON COLUMN plan_section.kind IS 'PlanSectionKind of the contract.';
COMMENT ON COLUMN plan_section.version IS 'The present version; 0: nothing was ever written.';
COMMENT ON COLUMN plan_section.written_at IS 'When that was written; null: never.';
SELECT protect('plan_section');
-- A section stays whose and which it is.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON plan_section FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (version, written_at) ON plan_section TO %I', login_role());
END $$;

CREATE TABLE section_version (
    id uuid PRIMARY KEY,
    section_id uuid NOT NULL REFERENCES plan_section (id),
    person_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    content bytea NOT NULL,
    written_at timestamptz NOT NULL,
    CONSTRAINT section_version_once UNIQUE (section_id, version)
);
COMMENT ON TABLE section_version IS 'What a section has said, never changed.';
COMMENT ON COLUMN section_version.id IS 'sectionVersions/{id}; UUIDv7.';
COMMENT ON COLUMN section_version.section_id IS 'Which section.';
COMMENT ON COLUMN section_version.person_id IS 'Whose plan it is of: for the wall.';
COMMENT ON COLUMN section_version.version IS 'From 1.';
COMMENT ON COLUMN section_version.content IS
    'The person''s words: SectionContent of the contract, through the Sealed codec.';
COMMENT ON COLUMN section_version.written_at IS 'When.';
SELECT protect('section_version');
SELECT append_only('section_version');

CREATE TABLE share (
    id uuid PRIMARY KEY,
    section_id uuid NOT NULL REFERENCES plan_section (id),
    person_id uuid NOT NULL,
    grantee text NOT NULL,
    created_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL CHECK (until_at > created_at),
    ended_at timestamptz
);
COMMENT ON TABLE share IS 'That a section is shared with somebody, to read: a fact for decisions.';
COMMENT ON COLUMN share.id IS 'shares/{id}; UUIDv7.';
COMMENT ON COLUMN share.section_id IS 'Which section.';
COMMENT ON COLUMN share.person_id IS 'Whose plan it is of.';
COMMENT ON COLUMN share.grantee IS 'With whom: agency/practitioner.';
COMMENT ON COLUMN share.created_at IS 'Since when.';
COMMENT ON COLUMN share.until_at IS 'Until when.';
COMMENT ON COLUMN share.ended_at IS 'When the person ended it, or shared anew with the same grantee; null: not.';
CREATE UNIQUE INDEX share_once ON share (section_id, grantee) WHERE ended_at IS NULL;
CREATE INDEX share_of_person ON share (person_id, created_at, id);
SELECT protect('share');
-- A share stays what it was but for its end.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON share FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (ended_at) ON share TO %I', login_role());
END $$;

CREATE FUNCTION locate_owner(part uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN COALESCE(
        (SELECT s.person_id FROM plan_section s WHERE s.id = part),
        (SELECT h.person_id FROM share h WHERE h.id = part));
END $$;
COMMENT ON FUNCTION locate_owner IS 'Whose a section or a share is: the person''s id; null: there is none.';

-- What writes on record have made, as their records name it: see the ledger's migration 0104.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM section_version
    UNION ALL SELECT id FROM share;
