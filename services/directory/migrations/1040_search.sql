-- What searches look at: one row a service, made of everything that its agency, its source and its
-- places say, and kept by whoever writes those, in the same transaction. It can be made anew from them at
-- any time. The extensions pg_trgm and unaccent are in this schema before any migration runs.

CREATE INDEX service_at_location_of ON service_at_location (agency_id, service_source_id) WHERE NOT gone;
CREATE INDEX address_of ON address (agency_id, location_source_id) WHERE NOT gone;
CREATE INDEX language_of ON language (agency_id, owner_kind, owner_source_id) WHERE NOT gone;
CREATE INDEX attribute_of ON attribute (agency_id, owner_kind, owner_source_id) WHERE NOT gone;
CREATE INDEX detail_of ON detail (agency_id, owner_kind, owner_source_id) WHERE NOT gone;

CREATE TABLE service_search (
    service_id uuid PRIMARY KEY REFERENCES service,
    agency_id uuid NOT NULL REFERENCES agency,
    found boolean NOT NULL,
    faith boolean NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    room smallint NOT NULL CHECK (room BETWEEN 0 AND 2),
    capacity_status text,
    capacity_as_of timestamptz,
    title tsvector NOT NULL,
    words tsvector NOT NULL,
    facets text[] NOT NULL,
    minimum_age double precision,
    maximum_age double precision,
    area box,
    places point[] NOT NULL,
    week int4multirange NOT NULL,
    hours jsonb NOT NULL,
    hours_dated boolean NOT NULL,
    hours_whole boolean NOT NULL
);
COMMENT ON TABLE service_search IS 'Services as searches look at them.';
COMMENT ON COLUMN service_search.service_id IS 'services/{id}.';
COMMENT ON COLUMN service_search.agency_id IS 'Whose it is.';
COMMENT ON COLUMN service_search.found IS 'It is listed, and its agency is not suspended.';
COMMENT ON COLUMN service_search.faith IS 'Faith-based, as it or its agency states: found only where that is asked for.';
COMMENT ON COLUMN service_search.name_key IS 'As in service: what ties are broken by.';
COMMENT ON COLUMN service_search.room IS '0: it says that there is room; 1: a waiting list, an assessment, nothing; 2: none.';
COMMENT ON COLUMN service_search.capacity_status IS 'As in service.';
COMMENT ON COLUMN service_search.capacity_as_of IS 'As in service.';
COMMENT ON COLUMN service_search.title IS 'English stems of its names, without accents; and need:CODE of each need and all above it, need:? where it states none.';
COMMENT ON COLUMN service_search.words IS 'The same, and the stems of its agency''s name, of what it does, and of its towns and areas.';
COMMENT ON COLUMN service_search.facets IS 'sector:CODE, kind:BIT, lang:WORD, interpreting, culture:STEM, faith:STEM, access:STEM; lang:? and access:? where nothing is stated.';
COMMENT ON COLUMN service_search.minimum_age IS 'Years; null: not stated.';
COMMENT ON COLUMN service_search.maximum_age IS 'Years; null: not stated.';
COMMENT ON COLUMN service_search.area IS 'Around its places; null: none is known.';
COMMENT ON COLUMN service_search.places IS 'Longitude and latitude of each place where it is offered.';
COMMENT ON COLUMN service_search.week IS 'Minutes of a week, 0 Monday at midnight, in which it is open; empty with hours_dated.';
COMMENT ON COLUMN service_search.hours IS 'Hours of a week: days d (1 Monday), minutes from f to t, from day a to day z.';
COMMENT ON COLUMN service_search.hours_dated IS 'Some of its hours have a first or a last day.';
COMMENT ON COLUMN service_search.hours_whole IS 'Its hours are all in that list: no schedule of another form.';
-- Without pending lists: what a search costs does not depend on what was written just before.
CREATE INDEX service_search_title ON service_search USING gin (title) WITH (fastupdate = off) WHERE found;
CREATE INDEX service_search_words ON service_search USING gin (words) WITH (fastupdate = off) WHERE found;
CREATE INDEX service_search_facets ON service_search USING gin (facets) WITH (fastupdate = off) WHERE found;
CREATE INDEX service_search_area ON service_search USING gist (area) WHERE found;
CREATE INDEX service_search_week ON service_search USING gist (week) WHERE found;
CREATE INDEX service_search_dated ON service_search (service_id) WHERE found AND hours_dated;
CREATE INDEX service_search_order ON service_search (room, name_key, service_id) WHERE found;
CREATE INDEX service_search_agency ON service_search (agency_id);

CREATE TABLE search_word (
    word text COLLATE "C" PRIMARY KEY,
    stem text COLLATE "C" NOT NULL
);
COMMENT ON TABLE search_word IS 'Words that any service has: what a misspelt one may have meant.';
COMMENT ON COLUMN search_word.word IS 'Small letters without accents.';
COMMENT ON COLUMN search_word.stem IS 'Its English stem.';
CREATE INDEX search_word_alike ON search_word USING gin (word gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX search_word_stem ON search_word (stem);

-- What hangs below a service, its agency or its places.
CREATE VIEW service_owner WITH (security_invoker = true) AS
SELECT s.id AS service_id, s.agency_id, 'service'::text AS kind, s.source_id
FROM service s WHERE s.source_id IS NOT NULL
UNION ALL
SELECT s.id, s.agency_id, 'organization', a.source_id
FROM service s JOIN agency a ON a.id = s.agency_id
WHERE a.source_id IS NOT NULL
UNION ALL
SELECT s.id, s.agency_id, o.kind, o.source_id
FROM service s
JOIN service_at_location l
    ON l.agency_id = s.agency_id AND l.service_source_id = s.source_id AND NOT l.gone
CROSS JOIN LATERAL (VALUES
    ('service_at_location', l.source_id), ('location', l.location_source_id)) AS o (kind, source_id);
COMMENT ON VIEW service_owner IS 'What the HSDS rows of a service hang below.';
COMMENT ON COLUMN service_owner.service_id IS 'The service.';
COMMENT ON COLUMN service_owner.agency_id IS 'Its agency.';
COMMENT ON COLUMN service_owner.kind IS 'organization, service, service_at_location or location.';
COMMENT ON COLUMN service_owner.source_id IS 'Its id in the HSDS tables.';

CREATE FUNCTION room_of(capacity_status text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE capacity_status WHEN 'CAPACITY' THEN 0 WHEN 'NO_CAPACITY' THEN 2 ELSE 1 END::smallint;
COMMENT ON FUNCTION room_of(text) IS 'What comes first where all else is equal.';

CREATE FUNCTION stems_of(said text) RETURNS text[] LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN tsvector_to_array(to_tsvector('pg_catalog.english', unaccent(said)));
COMMENT ON FUNCTION stems_of(text) IS 'The English stems of a text, without accents.';

CREATE FUNCTION stems(said text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE
RETURN strip(to_tsvector('pg_catalog.english', unaccent(COALESCE(said, ''))));
COMMENT ON FUNCTION stems(text) IS 'As a vector, without their places.';

CREATE FUNCTION tongues_of(said text) RETURNS text[] LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN said ~* '^[a-z]{2,3}(-[a-z0-9]+)*$' THEN ARRAY[lower(split_part(said, '-', 1))]
    ELSE regexp_split_to_array(
        btrim(regexp_replace(lower(unaccent(said)), '[^[:alnum:]]+', ' ', 'g')), ' ') END;
COMMENT ON FUNCTION tongues_of(text) IS 'The words of a language''s name, or the language of its code.';

CREATE FUNCTION distance_km(places point[], latitude double precision, longitude double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT min(12742.0 * asin(sqrt(least(1.0,
        power(sind((p.at[1] - latitude) / 2), 2)
        + cosd(latitude) * cosd(p.at[1]) * power(sind((p.at[0] - longitude) / 2), 2)))))
    FROM unnest(places) AS p (at));
COMMENT ON FUNCTION distance_km(point[], double precision, double precision) IS 'To the nearest, along the ground.';

-- 2: open; 1: not stated; 0: closed.
CREATE FUNCTION open_then(hours jsonb, whole boolean, day date, minute integer)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT CASE
        WHEN bool_or(r.dated AND (
            (r.d @> to_jsonb(extract(isodow FROM day)::integer) AND r.f <= minute
                AND (minute < r.t OR r.t <= r.f))
            OR (r.t <= r.f AND r.d @> to_jsonb(extract(isodow FROM day - 1)::integer)
                AND minute < r.t))) THEN 2
        WHEN bool_or(r.dated) AND whole THEN 0
        ELSE 1 END::smallint
    FROM (SELECT h.d, h.f, h.t, day >= COALESCE(h.a, day) AND day <= COALESCE(h.z, day) AS dated
        FROM jsonb_to_recordset(hours) AS h (d jsonb, f integer, t integer, a date, z date)) AS r);
COMMENT ON FUNCTION open_then(jsonb, boolean, date, integer) IS 'Whether a service is open at that minute of that day.';

-- The hours of one schedule, or null where it is of another form than a plain week's.
CREATE FUNCTION week_of(schedule jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN schedule ->> 'opens_at' ~ '^\d\d:\d\d:\d\d$'
        AND schedule ->> 'closes_at' ~ '^\d\d:\d\d:\d\d$'
        AND upper(COALESCE(schedule ->> 'freq', 'WEEKLY')) IN ('WEEKLY', 'DAILY')
        AND COALESCE(schedule ->> 'interval', '1') = '1'
        AND NOT schedule ?| ARRAY['count', 'byweekno', 'bymonthday', 'byyearday']
        AND (upper(schedule ->> 'freq') = 'DAILY' AND NOT schedule ? 'byday'
            OR upper(replace(schedule ->> 'byday', ' ', '')) ~ '^(MO|TU|WE|TH|FR|SA|SU)(,(MO|TU|WE|TH|FR|SA|SU))*$')
    THEN jsonb_strip_nulls(jsonb_build_object(
        'd', CASE WHEN schedule ? 'byday' THEN (
                SELECT jsonb_agg(DISTINCT array_position(
                    ARRAY['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], d.name))
                FROM unnest(string_to_array(upper(replace(schedule ->> 'byday', ' ', '')), ',')) AS d (name))
            ELSE '[1, 2, 3, 4, 5, 6, 7]'::jsonb END,
        'f', left(schedule ->> 'opens_at', 2)::integer * 60 + substr(schedule ->> 'opens_at', 4, 2)::integer,
        't', left(schedule ->> 'closes_at', 2)::integer * 60 + substr(schedule ->> 'closes_at', 4, 2)::integer,
        'a', greatest(schedule ->> 'valid_from', schedule ->> 'dtstart'),
        'z', least(schedule ->> 'valid_to', schedule ->> 'until')))
    END;
COMMENT ON FUNCTION week_of(jsonb) IS 'A schedule as the search keeps it.';

CREATE FUNCTION minutes_of(hours jsonb) RETURNS int4multirange LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT COALESCE(range_agg(r.open), '{}')
    FROM jsonb_to_recordset(hours) AS h (d jsonb, f integer, t integer)
    CROSS JOIN LATERAL jsonb_array_elements(h.d) AS e (day)
    CROSS JOIN LATERAL (SELECT (e.day::integer - 1) * 1440 AS day) AS m
    CROSS JOIN LATERAL (VALUES
        (int4range(m.day + h.f, m.day + CASE WHEN h.t > h.f THEN h.t ELSE 1440 END)),
        -- Over midnight; from Sunday into the first day of the next week.
        (CASE WHEN h.t <= h.f THEN int4range((m.day + 1440) % 10080, (m.day + 1440) % 10080 + h.t) END)
    ) AS r (open)
    WHERE r.open IS NOT NULL);
COMMENT ON FUNCTION minutes_of(jsonb) IS 'The minutes of a week of undated hours.';

-- Makes the rows of an agency's services anew, or of one of them.
CREATE FUNCTION index_services(of_agency uuid, only_one uuid) RETURNS bigint
LANGUAGE sql SET search_path FROM CURRENT AS $$
WITH of AS (
    SELECT s.*, a.display_name AS agency_name, a.sector, a.status
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
), below AS (
    SELECT o.service_id AS id, d.kind, d.content FROM owner o
    JOIN detail d ON (d.agency_id, d.owner_kind, d.owner_source_id) = (o.agency_id, o.kind, o.source_id)
        AND NOT d.gone
    WHERE o.kind <> 'organization'
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
    UNION SELECT id, 'interpreting' FROM of WHERE btrim(published ->> 'interpretation_services') <> ''
    UNION SELECT o.id, o.kind || ':' || w.stem FROM offering o CROSS JOIN LATERAL unnest(stems_of(o.said)) AS w (stem)
    UNION SELECT id, facet FROM way
    UNION SELECT id, 'access:?' FROM of WHERE NOT EXISTS (SELECT FROM way w WHERE w.id = of.id)
), facets AS (
    SELECT id, array_agg(facet ORDER BY facet) AS all_of FROM facet GROUP BY id
), place AS (
    SELECT o.service_id AS id, array_agg(DISTINCT point(l.longitude, l.latitude)::text) AS at,
        box(point(min(l.longitude), min(l.latitude)), point(max(l.longitude), max(l.latitude))) AS area
    FROM owner o JOIN location l ON l.agency_id = o.agency_id AND l.source_id = o.source_id AND NOT l.gone
    WHERE o.kind = 'location' AND l.latitude IS NOT NULL AND l.longitude IS NOT NULL
    GROUP BY o.service_id
), town AS (
    SELECT x.id, string_agg(DISTINCT x.name, ' / ') AS names FROM (
        SELECT o.service_id AS id, d.city AS name FROM owner o JOIN address d
            ON d.agency_id = o.agency_id AND d.location_source_id = o.source_id AND NOT d.gone
        WHERE o.kind = 'location'
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
    SELECT of.id, stems(concat_ws(' / ', of.display_name, of.published ->> 'alternate_name'))
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
        (of.published ->> 'minimum_age')::double precision, (of.published ->> 'maximum_age')::double precision,
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
COMMENT ON FUNCTION index_services(uuid, uuid) IS 'What searches know of the services of an agency, or of one; how many.';

SELECT index_services(a.id, NULL) FROM agency a ORDER BY a.id;
