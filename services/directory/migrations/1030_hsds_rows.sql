-- HSDS rows as their sources gave them: what is exported. The typed tables beside are for queries.
-- A row of several organizations stands once for each, so that each imports whole or not at all.

CREATE TABLE hsds_row (
    table_name text NOT NULL CHECK (table_name <> ''),
    source_id text COLLATE "C" NOT NULL,
    scope uuid NOT NULL,
    content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
    gone boolean NOT NULL,
    written bigint NOT NULL CHECK (written > 0),
    PRIMARY KEY (table_name, source_id, scope)
);
COMMENT ON TABLE hsds_row IS 'HSDS rows as they were imported, cell by cell.';
COMMENT ON COLUMN hsds_row.table_name IS 'The HSDS table: organizations, services and so on.';
COMMENT ON COLUMN hsds_row.source_id IS 'Its id in that table.';
COMMENT ON COLUMN hsds_row.scope IS 'The agency below which it hangs; nil: none, as a taxonomy or a telephone number that names nobody.';
COMMENT ON COLUMN hsds_row.content IS 'The cells that are filled, by their HSDS names, character for character.';
COMMENT ON COLUMN hsds_row.gone IS 'The source no longer has it.';
COMMENT ON COLUMN hsds_row.written IS 'Grows with every import that wrote something: of one row given twice the newest counts.';
CREATE INDEX hsds_row_to_export ON hsds_row (table_name, source_id, written DESC) WHERE NOT gone;
CREATE INDEX hsds_row_by_scope ON hsds_row (scope, table_name, source_id);

ALTER TABLE service ADD COLUMN capacity_stated boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN service.capacity_stated IS 'Its agency said so; false: an import did, or nobody.';
UPDATE service SET capacity_stated = true WHERE source_id IS NULL AND capacity_status IS NOT NULL;

-- An id for what has none of its own here, the same whenever it is asked.
CREATE FUNCTION named_id(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN overlay(overlay(md5(name) PLACING '3' FROM 13) PLACING '8' FROM 17)::uuid::text;
COMMENT ON FUNCTION named_id(text) IS 'A UUID that is made of a name.';

-- What was registered and added here, in the tables of HSDS. Nothing for which it has no column.
CREATE INDEX service_own ON service (id) WHERE source_id IS NULL;
CREATE INDEX service_stated ON service (id) WHERE capacity_stated;

CREATE VIEW hsds_own WITH (security_invoker = true) AS
SELECT 'organizations'::text AS table_name, a.id::text COLLATE "C" AS source_id, jsonb_build_object(
    'id', a.id::text, 'name', a.display_name, 'description', a.description,
    'parent_organization_id', COALESCE(p.source_id, p.id::text)) AS content
FROM agency a LEFT JOIN agency p ON p.id = a.parent_id
WHERE a.source_id IS NULL
UNION ALL
SELECT 'services', s.id::text COLLATE "C", jsonb_build_object(
    'id', s.id::text, 'organization_id', COALESCE(a.source_id, a.id::text), 'name', s.display_name,
    'description', s.description, 'status', CASE WHEN s.listed THEN 'active' ELSE 'inactive' END,
    'application_process', s.application_process, 'fees_description', s.fees,
    'eligibility_description', s.eligibility)
FROM service s JOIN agency a ON a.id = s.agency_id
WHERE s.source_id IS NULL
UNION ALL
SELECT 'languages', named_id('language ' || s.id || ' ' || l.name) COLLATE "C", jsonb_build_object(
    'id', named_id('language ' || s.id || ' ' || l.name), 'service_id', s.id::text, 'name', l.name)
FROM service s CROSS JOIN LATERAL unnest(s.languages) AS l (name)
WHERE s.source_id IS NULL
UNION ALL
SELECT DISTINCT 'taxonomy_terms', named_id('open eligibility ' || n.code) COLLATE "C",
    jsonb_build_object('id', named_id('open eligibility ' || n.code), 'code', n.code,
        'name', n.code, 'taxonomy', 'Open Eligibility')
FROM service s CROSS JOIN LATERAL unnest(s.need_categories) AS n (code)
WHERE s.source_id IS NULL
UNION ALL
SELECT 'attributes', named_id('need ' || s.id || ' ' || n.code) COLLATE "C", jsonb_build_object(
    'id', named_id('need ' || s.id || ' ' || n.code), 'link_id', s.id::text,
    'link_entity', 'service', 'taxonomy_term_id', named_id('open eligibility ' || n.code))
FROM service s CROSS JOIN LATERAL unnest(s.need_categories) AS n (code)
WHERE s.source_id IS NULL
UNION ALL
SELECT DISTINCT 'units', named_id('unit ' || u.name) COLLATE "C",
    jsonb_build_object('id', named_id('unit ' || u.name), 'name', u.name)
FROM service s CROSS JOIN LATERAL (SELECT COALESCE(NULLIF(s.capacity_unit, ''), 'unit')) AS u (name)
WHERE s.capacity_stated
UNION ALL
SELECT 'service_capacities', s.id::text COLLATE "C", jsonb_build_object(
    'id', s.id::text, 'service_id', COALESCE(s.source_id, s.id::text),
    'unit_id', named_id('unit ' || COALESCE(NULLIF(s.capacity_unit, ''), 'unit')),
    'available', s.capacity_available::text,
    'description', CASE s.capacity_status
        WHEN 'WAITLIST' THEN 'There is a waiting list.'
        WHEN 'ADDITIONAL_ASSESSMENT_REQUIRED' THEN 'An assessment comes first.' END,
    'updated', to_char(s.capacity_as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
FROM service s
WHERE s.capacity_stated;
COMMENT ON VIEW hsds_own IS 'Agencies and services of this network in the tables of HSDS.';
COMMENT ON COLUMN hsds_own.table_name IS 'The HSDS table.';
COMMENT ON COLUMN hsds_own.source_id IS 'The id of the row in that table.';
COMMENT ON COLUMN hsds_own.content IS 'The cells, by their HSDS names; empty ones and nulls count as not filled.';
