-- Circles: whom a person asks to support them, suggestions to their plan, and shares with supporters.

CREATE TABLE supporter (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    called bytea NOT NULL,
    relationship smallint NOT NULL CHECK (relationship BETWEEN 1 AND 6),
    kinds integer NOT NULL CHECK (kinds >= 0),
    contribute_only boolean NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON TABLE supporter IS 'One of a person''s circle: the person''s own record, without custodian.';
COMMENT ON COLUMN supporter.id IS 'supporters/{id}; UUIDv7.';
COMMENT ON COLUMN supporter.person_id IS 'Whose circle.';
COMMENT ON COLUMN supporter.called IS 'Content: what the person calls them, through the Sealed codec.';
COMMENT ON COLUMN supporter.relationship IS 'SupporterRelationship of the contract.';
COMMENT ON COLUMN supporter.kinds IS 'What they offer: a mask over SupportKind of the contract.';
COMMENT ON COLUMN supporter.contribute_only IS 'They write and read nothing, whatever is shared with them.';
COMMENT ON COLUMN supporter.version IS 'How often it was said, from 1.';
COMMENT ON COLUMN supporter.created_at IS 'Since when.';
COMMENT ON COLUMN supporter.ended_at IS 'When the person ended it; null: not. Nothing is open to them from then on.';
CREATE INDEX supporter_of_person ON supporter (person_id, created_at, id);
SELECT protect('supporter');
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON supporter FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (called, relationship, kinds, contribute_only, version, ended_at) '
        'ON supporter TO %I', login_role());
END $$;

-- A share with a supporter names them by their row, too: it is open only as long as they are one.
ALTER TABLE share
    ADD COLUMN supporter_id uuid REFERENCES supporter,
    ADD CONSTRAINT share_of_supporter CHECK (
        (supporter_id IS NULL AND grantee NOT LIKE 'supporters/%')
        OR grantee = 'supporters/' || supporter_id::text);
COMMENT ON COLUMN share.grantee IS 'With whom: agency/practitioner, or supporters/{id}.';
COMMENT ON COLUMN share.supporter_id IS 'Where it is a supporter: open only while they are one and may read.';

CREATE TABLE contribution (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 7),
    contributor text NOT NULL,
    content bytea NOT NULL,
    state smallint NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 3),
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    CHECK ((state = 1) = (decided_at IS NULL))
);
COMMENT ON TABLE contribution IS 'What somebody suggests for a plan, whether there is one or not.';
COMMENT ON COLUMN contribution.id IS 'contributions/{id}; UUIDv7.';
COMMENT ON COLUMN contribution.person_id IS 'For whose plan.';
COMMENT ON COLUMN contribution.kind IS 'For which section: PlanSectionKind of the contract.';
COMMENT ON COLUMN contribution.contributor IS 'By whom: agency/practitioner, or supporters/{id}.';
COMMENT ON COLUMN contribution.content IS
    'Their words: SectionContent of the contract, through the Sealed codec.';
COMMENT ON COLUMN contribution.state IS 'ContributionState of the contract.';
COMMENT ON COLUMN contribution.created_at IS 'When.';
COMMENT ON COLUMN contribution.decided_at IS 'When the person decided; null: they have not.';
CREATE INDEX contribution_of_person ON contribution (person_id, created_at, id);
CREATE INDEX contribution_of ON contribution (person_id, contributor, created_at, id);
SELECT protect('contribution');
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON contribution FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (state, decided_at) ON contribution TO %I', login_role());
END $$;

CREATE OR REPLACE FUNCTION locate_owner(part uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN COALESCE(
        (SELECT s.person_id FROM plan_section s WHERE s.id = part),
        (SELECT h.person_id FROM share h WHERE h.id = part),
        (SELECT r.person_id FROM supporter r WHERE r.id = part),
        (SELECT c.person_id FROM contribution c WHERE c.id = part));
END $$;
COMMENT ON FUNCTION locate_owner IS
    'Whose a section, a share, a supporter or a suggestion is: the person''s id; null: there is none.';

CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM section_version
    UNION ALL SELECT id FROM share
    UNION ALL SELECT id FROM supporter
    UNION ALL SELECT id FROM contribution;
