-- What an agency states of its service where HSDS has tables of their own for it. Searches find it in the same
-- columns as what was imported, and exports write it into the same tables.

ALTER TABLE service ADD COLUMN stated jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(stated) = 'object');
COMMENT ON COLUMN service.stated IS 'What its agency states besides, by HSDS names: url, email, interpretation_services, minimum_age, maximum_age, culture, faith, phones, places, schedules. Empty of what was imported.';

CREATE VIEW stated_place WITH (security_invoker = true) AS
SELECT s.id AS service_id, COALESCE(a.source_id, a.id::text) AS organization_id,
    named_id('place ' || s.id || ' ' || p.n) AS id, p.content
FROM service s JOIN agency a ON a.id = s.agency_id
CROSS JOIN LATERAL jsonb_array_elements(s.stated -> 'places') WITH ORDINALITY AS p (content, n)
WHERE s.source_id IS NULL;
COMMENT ON VIEW stated_place IS 'Places that agencies state, one row each.';
COMMENT ON COLUMN stated_place.service_id IS 'What is offered there.';
COMMENT ON COLUMN stated_place.organization_id IS 'The agency, as exports name it.';
COMMENT ON COLUMN stated_place.id IS 'The location''s id in exports: the same for the same place in the list.';
COMMENT ON COLUMN stated_place.content IS 'As stated.';

CREATE VIEW stated_offering WITH (security_invoker = true) AS
SELECT s.id AS service_id, k.kind, k.taxonomy, o.said
FROM service s
CROSS JOIN (VALUES ('culture', 'cultural offering'), ('faith', 'faith offering')) AS k (kind, taxonomy)
CROSS JOIN LATERAL jsonb_array_elements_text(s.stated -> k.kind) AS o (said)
WHERE s.source_id IS NULL;
COMMENT ON VIEW stated_offering IS 'Cultural and faith offerings that agencies state, one row each.';
COMMENT ON COLUMN stated_offering.service_id IS 'Whose.';
COMMENT ON COLUMN stated_offering.kind IS 'culture or faith.';
COMMENT ON COLUMN stated_offering.taxonomy IS 'What exports call its terms; imports know it by how it begins.';
COMMENT ON COLUMN stated_offering.said IS 'As stated.';

-- As in 1041, with what agencies state.
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
    'eligibility_description', s.eligibility, 'url', s.stated ->> 'url', 'email', s.stated ->> 'email',
    'interpretation_services', s.stated ->> 'interpretation_services',
    'minimum_age', s.stated ->> 'minimum_age', 'maximum_age', s.stated ->> 'maximum_age')
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
WHERE s.capacity_stated
UNION ALL
SELECT 'locations', p.id COLLATE "C", jsonb_build_object(
    'id', p.id, 'organization_id', p.organization_id, 'location_type', 'physical', 'name', p.content ->> 'name',
    'latitude', p.content ->> 'latitude', 'longitude', p.content ->> 'longitude')
FROM stated_place p
UNION ALL
SELECT 'service_at_location', named_id('at ' || p.id) COLLATE "C", jsonb_build_object(
    'id', named_id('at ' || p.id), 'service_id', p.service_id::text, 'location_id', p.id)
FROM stated_place p
UNION ALL
SELECT 'addresses', named_id('address ' || p.id) COLLATE "C", jsonb_build_object(
    'id', named_id('address ' || p.id), 'location_id', p.id, 'address_type', 'physical',
    'address_1', p.content ->> 'address_1', 'address_2', p.content ->> 'address_2',
    'city', p.content ->> 'city', 'state_province', p.content ->> 'state_province',
    'postal_code', p.content ->> 'postal_code', 'country', p.content ->> 'country')
FROM stated_place p
WHERE p.content ? 'address_1'
UNION ALL
SELECT 'accessibility', named_id('accessibility ' || p.id || ' ' || a.said) COLLATE "C", jsonb_build_object(
    'id', named_id('accessibility ' || p.id || ' ' || a.said), 'location_id', p.id, 'description', a.said)
FROM stated_place p CROSS JOIN LATERAL jsonb_array_elements_text(p.content -> 'accessibility') AS a (said)
UNION ALL
SELECT 'schedules', named_id('schedule ' || s.id || ' ' || h.n) COLLATE "C",
    h.content || jsonb_build_object('id', named_id('schedule ' || s.id || ' ' || h.n), 'service_id', s.id::text)
FROM service s
CROSS JOIN LATERAL jsonb_array_elements(s.stated -> 'schedules') WITH ORDINALITY AS h (content, n)
WHERE s.source_id IS NULL
UNION ALL
SELECT 'phones', named_id('phone ' || s.id || ' ' || t.n) COLLATE "C",
    t.content || jsonb_build_object('id', named_id('phone ' || s.id || ' ' || t.n), 'service_id', s.id::text)
FROM service s
CROSS JOIN LATERAL jsonb_array_elements(s.stated -> 'phones') WITH ORDINALITY AS t (content, n)
WHERE s.source_id IS NULL
UNION ALL
SELECT DISTINCT 'taxonomy_terms', named_id(o.kind || ' offering ' || o.said) COLLATE "C", jsonb_build_object(
    'id', named_id(o.kind || ' offering ' || o.said), 'code', o.said, 'name', o.said, 'taxonomy', o.taxonomy)
FROM stated_offering o
UNION ALL
SELECT 'attributes', named_id(o.kind || ' ' || o.service_id || ' ' || o.said) COLLATE "C", jsonb_build_object(
    'id', named_id(o.kind || ' ' || o.service_id || ' ' || o.said), 'link_id', o.service_id::text,
    'link_entity', 'service', 'link_type', o.taxonomy,
    'taxonomy_term_id', named_id(o.kind || ' offering ' || o.said))
FROM stated_offering o;

-- As in 1040, with what agencies state.
CREATE OR REPLACE FUNCTION index_services(of_agency uuid, only_one uuid) RETURNS bigint
LANGUAGE sql SET search_path FROM CURRENT AS $$
WITH of AS (
    SELECT s.*, s.published || s.stated AS besides, a.display_name AS agency_name, a.sector, a.status
    FROM service s JOIN agency a ON a.id = s.agency_id
    WHERE s.agency_id = of_agency AND (only_one IS NULL OR s.id = only_one)
), owner AS (
    SELECT o.* FROM service_owner o
    WHERE o.agency_id = of_agency AND (only_one IS NULL OR o.service_id = only_one)
), tongue AS (
    SELECT of.id, l.name FROM of CROSS JOIN LATERAL unnest(of.languages) AS l (name)
    UNION ALL
    SELECT o.service_id, x.name FROM owner o
    JOIN language l ON (l.agency_id, l.owner_kind, l.owner_source_id) = (o.agency_id, o.kind, o.source_id)
        AND NOT l.gone
    CROSS JOIN LATERAL (VALUES (l.name), (l.code)) AS x (name)
    WHERE x.name IS NOT NULL
), offering AS (
    SELECT o.service_id AS id, k.kind, concat_ws(' ', t.name, x.value, x.label) AS said
    FROM owner o
    JOIN attribute x ON (x.agency_id, x.owner_kind, x.owner_source_id) = (o.agency_id, o.kind, o.source_id)
        AND NOT x.gone
    JOIN taxonomy_term t ON t.agency_id = x.agency_id AND t.source_id = x.term_source_id
    CROSS JOIN (VALUES ('culture', 'cultur%'), ('faith', 'faith%')) AS k (kind, pattern)
    WHERE x.link_type ILIKE k.pattern OR t.taxonomy ILIKE k.pattern
    UNION ALL
    SELECT of.id, k.kind, x.said
    FROM of CROSS JOIN (VALUES ('culture'), ('faith')) AS k (kind)
    CROSS JOIN LATERAL jsonb_array_elements_text(of.stated -> k.kind) AS x (said)
), own_place AS (
    SELECT of.id, p.content FROM of CROSS JOIN LATERAL jsonb_array_elements(of.stated -> 'places') AS p (content)
), below AS (
    SELECT o.service_id AS id, d.kind, d.content FROM owner o
    JOIN detail d ON (d.agency_id, d.owner_kind, d.owner_source_id) = (o.agency_id, o.kind, o.source_id)
        AND NOT d.gone
    WHERE o.kind <> 'organization'
    UNION ALL
    SELECT of.id, 'schedules', h.content
    FROM of CROSS JOIN LATERAL jsonb_array_elements(of.stated -> 'schedules') AS h (content)
    UNION ALL
    SELECT p.id, 'accessibility', jsonb_build_object('description', a.said)
    FROM own_place p CROSS JOIN LATERAL jsonb_array_elements_text(p.content -> 'accessibility') AS a (said)
), way AS (
    SELECT DISTINCT b.id, 'access:' || w.stem AS facet FROM below b
    CROSS JOIN LATERAL unnest(stems_of(concat_ws(' ', b.content ->> 'description', b.content ->> 'details')))
        AS w (stem)
    WHERE b.kind = 'accessibility'
), facet AS (
    SELECT id, 'sector:' || sector AS facet FROM of
    UNION SELECT of.id, 'kind:' || n FROM of CROSS JOIN generate_series(0, 30) AS n
        WHERE of.support_kinds & (1 << n) <> 0
    UNION SELECT t.id, 'lang:' || w.name FROM tongue t CROSS JOIN LATERAL unnest(tongues_of(t.name)) AS w (name)
    UNION SELECT id, 'lang:?' FROM of WHERE NOT EXISTS (SELECT FROM tongue t WHERE t.id = of.id)
    UNION SELECT id, 'interpreting' FROM of WHERE btrim(besides ->> 'interpretation_services') <> ''
    UNION SELECT o.id, o.kind || ':' || w.stem FROM offering o CROSS JOIN LATERAL unnest(stems_of(o.said)) AS w (stem)
    UNION SELECT id, facet FROM way
    UNION SELECT id, 'access:?' FROM of WHERE NOT EXISTS (SELECT FROM way w WHERE w.id = of.id)
), facets AS (
    SELECT id, array_agg(facet ORDER BY facet) AS all_of FROM facet GROUP BY id
), place AS (
    SELECT l.id, array_agg(DISTINCT point(l.longitude, l.latitude)::text) AS at,
        box(point(min(l.longitude), min(l.latitude)), point(max(l.longitude), max(l.latitude))) AS area
    FROM (
        SELECT o.service_id AS id, l.longitude, l.latitude
        FROM owner o JOIN location l ON l.agency_id = o.agency_id AND l.source_id = o.source_id AND NOT l.gone
        WHERE o.kind = 'location'
        UNION ALL
        SELECT id, (content ->> 'longitude')::double precision, (content ->> 'latitude')::double precision
        FROM own_place) AS l
    WHERE l.latitude IS NOT NULL AND l.longitude IS NOT NULL
    GROUP BY l.id
), town AS (
    SELECT x.id, string_agg(DISTINCT x.name, ' / ') AS names FROM (
        SELECT o.service_id AS id, d.city AS name FROM owner o JOIN address d
            ON d.agency_id = o.agency_id AND d.location_source_id = o.source_id AND NOT d.gone
        WHERE o.kind = 'location'
        UNION ALL SELECT id, content ->> 'city' FROM own_place
        UNION ALL SELECT b.id, b.content ->> 'name' FROM below b WHERE b.kind = 'service_areas') AS x
    GROUP BY x.id
), week AS (
    SELECT b.id, COALESCE(jsonb_agg(week_of(b.content)) FILTER (WHERE week_of(b.content) IS NOT NULL), '[]') AS hours,
        COALESCE(bool_or(week_of(b.content) ?| ARRAY['a', 'z']), false) AS dated,
        bool_and(week_of(b.content) IS NOT NULL) AS whole
    FROM below b WHERE b.kind = 'schedules' GROUP BY b.id
), need AS (
    SELECT of.id, array_agg(DISTINCT 'need:' || array_to_string((string_to_array(n.code, '-'))[1:d], '-')) AS codes
    FROM of CROSS JOIN LATERAL unnest(of.need_categories) AS n (code) CROSS JOIN generate_series(1, 4) AS d
    GROUP BY of.id
), title AS (
    SELECT of.id, stems(concat_ws(' / ', of.display_name, of.besides ->> 'alternate_name'))
        || array_to_tsvector(COALESCE(need.codes, '{need:?}')) AS said
    FROM of LEFT JOIN need ON need.id = of.id
), known AS (
    INSERT INTO search_word (word, stem)
    SELECT DISTINCT w.word, COALESCE((ts_lexize('pg_catalog.english_stem', w.word))[1], w.word)
    FROM of LEFT JOIN town ON town.id = of.id
    CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', unaccent(concat_ws(' ',
        of.display_name, of.agency_name, of.description, town.names))))) AS w (word)
    WHERE w.word ~ '^[a-z]{3,30}$'
    -- In one order: of two writers one waits for the other, and not each for both.
    ORDER BY 1
    ON CONFLICT DO NOTHING
), written AS (
    INSERT INTO service_search (service_id, agency_id, found, faith, name_key, room, capacity_status,
        capacity_as_of, title, words, facets, minimum_age, maximum_age, area, places, week,
        hours, hours_dated, hours_whole)
    SELECT of.id, of.agency_id, of.listed AND of.status = 'ACTIVE',
        of.sector = 'FAITH' OR of.id IN (SELECT id FROM offering WHERE kind = 'faith')
            OR EXISTS (SELECT FROM unnest(of.need_categories) AS n (code) WHERE starts_with(n.code, '108-07-08')),
        of.name_key, room_of(of.capacity_status), of.capacity_status, of.capacity_as_of,
        title.said, title.said || stems(concat_ws(' / ', of.agency_name, of.description, town.names)),
        COALESCE(facets.all_of, '{}'),
        (of.besides ->> 'minimum_age')::double precision, (of.besides ->> 'maximum_age')::double precision,
        place.area, COALESCE(place.at::point[], '{}'),
        CASE WHEN week.hours IS NULL OR week.dated THEN '{}' ELSE minutes_of(week.hours) END,
        COALESCE(week.hours, '[]'), COALESCE(week.dated, false), COALESCE(week.whole, false)
    FROM of
    LEFT JOIN facets ON facets.id = of.id
    JOIN title ON title.id = of.id
    LEFT JOIN place ON place.id = of.id
    LEFT JOIN town ON town.id = of.id
    LEFT JOIN week ON week.id = of.id
    ON CONFLICT (service_id) DO UPDATE SET (found, faith, name_key, room, capacity_status, capacity_as_of, title,
        words, facets, minimum_age, maximum_age, area, places, week, hours, hours_dated,
        hours_whole) = (excluded.found, excluded.faith,
        excluded.name_key, excluded.room, excluded.capacity_status, excluded.capacity_as_of, excluded.title, excluded.words,
        excluded.facets, excluded.minimum_age, excluded.maximum_age, excluded.area, excluded.places,
        excluded.week, excluded.hours, excluded.hours_dated, excluded.hours_whole)
    RETURNING 1
)
SELECT count(*) FROM written
$$;
