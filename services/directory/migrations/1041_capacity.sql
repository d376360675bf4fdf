ALTER TABLE service ADD COLUMN capacity_maximum integer CHECK (capacity_maximum >= 0);
COMMENT ON COLUMN service.capacity_maximum IS 'Units in all, free or not; null: not stated.';
ALTER TABLE service ADD COLUMN capacity_reported_by text;
COMMENT ON COLUMN service.capacity_reported_by IS 'The client of the token that stated it; null: an import did, or a binary of before. Who, the audit event says.';

-- As in 1030, with the maximum.
CREATE OR REPLACE VIEW hsds_own WITH (security_invoker = true) AS
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
    'available', s.capacity_available::text, 'maximum', s.capacity_maximum::text,
    'description', CASE s.capacity_status
        WHEN 'WAITLIST' THEN 'There is a waiting list.'
        WHEN 'ADDITIONAL_ASSESSMENT_REQUIRED' THEN 'An assessment comes first.' END,
    'updated', to_char(s.capacity_as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
FROM service s
WHERE s.capacity_stated;
