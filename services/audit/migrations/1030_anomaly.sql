-- Access that stands out, found while ledgers are followed, and what a look at it came to. No row here
-- names a person whose records were asked for.

CREATE TABLE anomaly (
    anomaly_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('BREAK_GLASS_REPEATED', 'BULK_READ', 'MANY_PEOPLE',
        'REFUSED_REPEATEDLY', 'OUT_OF_PATTERN')),
    agency_id uuid NOT NULL,
    -- As long as it came: a row that is refused here would stop its ledger.
    subject text NOT NULL,
    day date NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL CHECK (ended_at >= begun_at),
    count bigint NOT NULL CHECK (count >= threshold),
    threshold bigint NOT NULL CHECK (threshold > 0),
    found_at timestamptz NOT NULL,
    CONSTRAINT anomaly_once UNIQUE (kind, agency_id, subject, day)
);
COMMENT ON TABLE anomaly IS 'Access that stands out: one a kind, practitioner and day.';
COMMENT ON COLUMN anomaly.anomaly_id IS 'anomalies/{uuid}.';
COMMENT ON COLUMN anomaly.kind IS 'What stands out.';
COMMENT ON COLUMN anomaly.agency_id IS 'Whose staff.';
COMMENT ON COLUMN anomaly.subject IS 'The practitioner within the agency.';
COMMENT ON COLUMN anomaly.day IS 'The day (UTC) on which the bound was reached.';
COMMENT ON COLUMN anomaly.begun_at IS 'The first of what was counted.';
COMMENT ON COLUMN anomaly.ended_at IS 'The last: with it the bound was reached.';
COMMENT ON COLUMN anomaly.count IS 'How many people, records or refusals, as the kind says.';
COMMENT ON COLUMN anomaly.threshold IS 'The bound that was reached.';
COMMENT ON COLUMN anomaly.found_at IS 'When it was found.';
CREATE INDEX anomaly_of_agency ON anomaly (agency_id, found_at DESC, anomaly_id DESC);
SELECT append_only('anomaly');

CREATE TABLE anomaly_review (
    anomaly_id uuid PRIMARY KEY REFERENCES anomaly,
    outcome text NOT NULL CHECK (outcome IN ('EXPLAINED', 'VIOLATION')),
    note text NOT NULL CHECK (char_length(note) BETWEEN 1 AND 2000),
    reviewed_at timestamptz NOT NULL,
    reviewer text NOT NULL CHECK (char_length(reviewer) > 0)
);
COMMENT ON TABLE anomaly_review IS 'What a privacy officer''s look at an anomaly came to, once.';
COMMENT ON COLUMN anomaly_review.anomaly_id IS 'Which.';
COMMENT ON COLUMN anomaly_review.outcome IS 'EXPLAINED or VIOLATION.';
COMMENT ON COLUMN anomaly_review.note IS 'Why.';
COMMENT ON COLUMN anomaly_review.reviewed_at IS 'When.';
COMMENT ON COLUMN anomaly_review.reviewer IS 'By whom: the practitioner within the agency.';
SELECT append_only('anomaly_review');

CREATE INDEX disclosure_by_practitioner ON disclosure (agency_id, subject, occurred_at)
    WHERE caller_kind = 'AGENCY_STAFF';

-- The same events for which domain::counted asks. The last `most` of them: a practitioner with more
-- stands out by any count, and must not hold up the ledger in which they do.
CREATE FUNCTION counted_access(kind text, agency uuid, practitioner text, since timestamptz,
        until timestamptz, most bigint)
    RETURNS TABLE (at timestamptz, person_id uuid, records bigint)
    LANGUAGE sql STABLE AS $$
    SELECT d.occurred_at, d.person_id, cardinality(d.records)::bigint
    FROM disclosure d
    WHERE d.caller_kind = 'AGENCY_STAFF' AND d.agency_id = counted_access.agency
        AND d.subject = counted_access.practitioner
        AND d.occurred_at >= counted_access.since AND d.occurred_at < counted_access.until
        AND CASE WHEN counted_access.kind = 'REFUSED_REPEATEDLY' THEN d.outcome = 'DENY'
            ELSE d.outcome = 'PERMIT' AND d.action = 'READ' AND d.bases <> '{}'
                AND (counted_access.kind = 'BULK_READ'
                    OR d.person_id <> '00000000-0000-0000-0000-000000000000')
                AND (counted_access.kind <> 'BREAK_GLASS_REPEATED' OR d.bases @> '{EMERGENCY}')
            END
    ORDER BY d.occurred_at DESC
    LIMIT counted_access.most
$$;
COMMENT ON FUNCTION counted_access IS
    'What a practitioner did that counts for a kind of anomaly. Sees what its caller may see.';

-- The cheap questions first: who has not worked long enough, or was as busy on a day before, costs a
-- few look-ups. A row where the day stands out.
CREATE FUNCTION out_of_pattern(agency uuid, practitioner text, day date, at_least bigint,
        times bigint, days bigint, usual_days bigint)
    RETURNS TABLE (begun_at timestamptz, ended_at timestamptz, people bigint, threshold bigint)
    LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    own CONSTANT text := 'OUT_OF_PATTERN';
    long CONSTANT interval := interval '24 hours';
    midnight CONSTANT timestamptz := day::timestamp AT TIME ZONE 'UTC';
    today bigint;
    used bigint;
    busiest bigint := 0;
    that_day bigint;
    bound bigint := at_least;
BEGIN
    SELECT count(*) INTO used FROM generate_series(1, days) AS b (back)
    WHERE EXISTS (SELECT FROM counted_access(own, agency, practitioner,
        midnight - b.back * long, midnight - (b.back - 1) * long, 1));
    IF used < usual_days THEN RETURN; END IF;
    SELECT count(DISTINCT c.person_id) INTO today
    FROM counted_access(own, agency, practitioner, midnight, midnight + long, 10000) c;
    FOR back IN 1 .. days LOOP
        IF today < bound THEN RETURN; END IF;
        SELECT count(DISTINCT c.person_id) INTO that_day
        FROM counted_access(own, agency, practitioner,
            midnight - back * long, midnight - (back - 1) * long, 10000) c;
        busiest := greatest(busiest, that_day);
        bound := greatest(at_least, times * busiest + 1);
    END LOOP;
    RETURN QUERY
    SELECT r.begun, r.at, r.n, bound
    FROM (
        SELECT f.at, count(*) OVER (ORDER BY f.at) AS n, min(f.at) OVER () AS begun
        FROM (SELECT min(c.at) AS at
            FROM counted_access(own, agency, practitioner, midnight, midnight + long, 10000) c
            GROUP BY c.person_id) f
    ) r
    WHERE r.n >= bound ORDER BY r.at LIMIT 1;
END $$;
COMMENT ON FUNCTION out_of_pattern IS
    'Whether a practitioner saw far more people in a day than they are used to.';

-- Asked for each kind, practitioner and day that new events count for, with the first and the last of
-- these. A count over a window ends at an event; a new event is in the windows that end at it or less
-- than a window after it. So no crossing is missed if every event from `first_at` until a window after
-- `last_at` is looked at, whatever order events came in: windows without a new event were looked at
-- when their own came. For that the ledgers' followers must not look past each other, each not seeing
-- what the other has not committed yet: the lock, which is the last that any of them takes, and a
-- statement of its own, so that the next one sees what was committed until then.
--
-- How many are in the window that ends at an event: each adds 1 (or its records) when it happens, and
-- takes it away when it has left the window; of one person, when the same person's next one comes.
CREATE FUNCTION find_anomalies(kinds text[], agencies uuid[], practitioners text[],
        firsts timestamptz[], lasts timestamptz[], bounds bigint[], windows bigint[],
        times bigint, usual_days bigint)
    RETURNS TABLE (kind text, agency_id uuid, subject text, day date, begun_at timestamptz,
        ended_at timestamptz, count bigint, threshold bigint)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' anomaly', 0));

    WITH asked AS MATERIALIZED (
        SELECT a.*, make_interval(secs => a.seconds) AS span,
            (a.first_at AT TIME ZONE 'UTC')::date AS first_day
        FROM unnest(kinds, agencies, practitioners, firsts, lasts, bounds, windows)
            WITH ORDINALITY
            AS a (kind, agency, practitioner, first_at, last_at, bound, seconds, place)
        -- What was found on a day is not looked for again on that day.
        WHERE NOT EXISTS (SELECT FROM anomaly f
            WHERE f.kind = a.kind AND f.agency_id = a.agency AND f.subject = a.practitioner
                AND f.day = (a.first_at AT TIME ZONE 'UTC')::date
                AND (a.kind = 'OUT_OF_PATTERN' OR f.day = ((a.last_at
                    + make_interval(secs => a.seconds)) AT TIME ZONE 'UTC')::date))
    ), held AS MATERIALIZED (
        SELECT a.place, c.at, CASE a.kind WHEN 'BULK_READ' THEN c.records ELSE 1 END AS n,
            CASE WHEN a.kind IN ('BULK_READ', 'REFUSED_REPEATEDLY') THEN c.at + a.span
                ELSE least(c.at + a.span, lead(c.at)
                    OVER (PARTITION BY a.place, c.person_id ORDER BY c.at)) END AS left_at
        FROM asked a CROSS JOIN LATERAL counted_access(a.kind, a.agency, a.practitioner,
            a.first_at - a.span, a.last_at + a.span, 10000) c
        WHERE a.kind <> 'OUT_OF_PATTERN'
    ), counts AS (
        -- With all of the same instant, those that leave the window too.
        SELECT s.place, s.at, s.came, sum(s.n) OVER (PARTITION BY s.place ORDER BY s.at) AS n
        FROM (SELECT h.place, h.at, h.n, true AS came FROM held h
            UNION ALL SELECT h.place, h.left_at, -h.n, false FROM held h) s
    ), crossed AS (
        SELECT DISTINCT ON (a.place, (c.at AT TIME ZONE 'UTC')::date)
            a.*, (c.at AT TIME ZONE 'UTC')::date AS day, c.at AS ended_at, c.n
        FROM counts c JOIN asked a ON a.place = c.place
        WHERE c.came AND c.at >= a.first_at AND c.n >= a.bound
        ORDER BY a.place, (c.at AT TIME ZONE 'UTC')::date, c.at
    )
    SELECT x.kind, x.agency, x.practitioner, x.day,
        (SELECT min(h.at) FROM held h
            WHERE h.place = x.place AND h.at > x.ended_at - x.span AND h.at <= x.ended_at),
        x.ended_at, x.n::bigint, x.bound
    FROM crossed x
    UNION ALL
    SELECT a.kind, a.agency, a.practitioner, a.first_day, p.begun_at, p.ended_at, p.people,
        p.threshold
    FROM asked a CROSS JOIN LATERAL out_of_pattern(a.agency, a.practitioner, a.first_day,
        a.bound, find_anomalies.times, a.seconds / 86400, find_anomalies.usual_days) p
    WHERE a.kind = 'OUT_OF_PATTERN';
$$;
COMMENT ON FUNCTION find_anomalies IS
    'What stands out of the access of these practitioners: counts and times, and nobody''s id but theirs.';

DO $$
DECLARE
    helper text;
BEGIN
    FOREACH helper IN ARRAY ARRAY[
        'counted_access(text, uuid, text, timestamptz, timestamptz, bigint)',
        'out_of_pattern(uuid, text, date, bigint, bigint, bigint, bigint)']
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I', helper, login_role());
    END LOOP;
END $$;
