-- Care teams, which consents can name. Their members are staff, named as their agency's tokens name them; no
-- person who is served is named here.

CREATE TABLE care_team (
    id uuid PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agency,
    display_name text NOT NULL CHECK (display_name <> ''),
    name_key text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (lower(left(display_name, 100))) STORED,
    members text[] NOT NULL CHECK (cardinality(members) <= 200),
    status text NOT NULL CHECK (status IN ('ACTIVE', 'ENDED')),
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0)
);
COMMENT ON TABLE care_team IS 'People of one agency who work together, whom a consent can name.';
COMMENT ON COLUMN care_team.id IS 'careTeams/{id}.';
COMMENT ON COLUMN care_team.agency_id IS 'Whose it is.';
COMMENT ON COLUMN care_team.display_name IS 'What people call it.';
COMMENT ON COLUMN care_team.name_key IS 'What lists are ordered by.';
COMMENT ON COLUMN care_team.members IS 'As the agency''s tokens name them in sub.';
COMMENT ON COLUMN care_team.status IS 'ACTIVE, or ENDED for good.';
COMMENT ON COLUMN care_team.version IS 'Changes with every change: the etag.';
CREATE INDEX care_team_by_name ON care_team (agency_id, name_key, id);

-- As in 1010, with care teams.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM agency
    UNION ALL SELECT id FROM service
    UNION ALL SELECT id FROM care_team;
