-- Plans for work: records of the person's own, who works on them as the employment specialist, and what was done.

CREATE UNIQUE INDEX own_record_one_employment_plan ON own_record (person_id) WHERE kind = 5;

CREATE TABLE employment_specialist (
    id uuid PRIMARY KEY,
    record_id uuid NOT NULL REFERENCES own_record (id),
    person_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    grantee text NOT NULL CHECK (grantee LIKE agency_id::text || '/%'),
    named_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= named_at)
);
COMMENT ON TABLE employment_specialist IS
    'Whom a person has named as their employment specialist. It opens nothing: a share does.';
COMMENT ON COLUMN employment_specialist.id IS 'Its id; UUIDv7.';
COMMENT ON COLUMN employment_specialist.record_id IS 'For which plan.';
COMMENT ON COLUMN employment_specialist.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN employment_specialist.agency_id IS 'Of which agency they are.';
COMMENT ON COLUMN employment_specialist.grantee IS 'Who: agency/practitioner.';
COMMENT ON COLUMN employment_specialist.named_at IS 'Since when.';
COMMENT ON COLUMN employment_specialist.ended_at IS 'When the person ended it, or named another; null: not.';
CREATE UNIQUE INDEX employment_specialist_once ON employment_specialist (record_id) WHERE ended_at IS NULL;
CREATE INDEX employment_specialist_of_agency ON employment_specialist (agency_id, named_at);
CREATE INDEX employment_specialist_of_person ON employment_specialist (person_id);
SELECT protect('employment_specialist');
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON employment_specialist FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (ended_at) ON employment_specialist TO %I', login_role());
END $$;

CREATE TABLE employment_step (
    id uuid PRIMARY KEY,
    record_id uuid NOT NULL REFERENCES own_record (id),
    person_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 5),
    recorded_by text,
    on_date date NOT NULL,
    face_to_face boolean NOT NULL,
    competitive boolean NOT NULL,
    placement_id uuid REFERENCES employment_step (id),
    content bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK ((kind IN (4, 5)) = (placement_id IS NOT NULL))
);
COMMENT ON TABLE employment_step IS 'A step toward work, or at it. Never changed.';
COMMENT ON COLUMN employment_step.id IS 'employmentSteps/{id}; UUIDv7.';
COMMENT ON COLUMN employment_step.record_id IS 'Of which plan.';
COMMENT ON COLUMN employment_step.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN employment_step.kind IS
    '1: a contact with an employer; 2: counselling on benefits; 3: a placement; 4: a job''s end; 5: a contact after a placement.';
COMMENT ON COLUMN employment_step.recorded_by IS 'agency/practitioner; null: the person.';
COMMENT ON COLUMN employment_step.on_date IS 'On which day; of a placement the first, of an end the last.';
COMMENT ON COLUMN employment_step.face_to_face IS 'Of contacts; else false.';
COMMENT ON COLUMN employment_step.competitive IS 'Of placements; else false.';
COMMENT ON COLUMN employment_step.placement_id IS 'Of a job''s end and of contacts after a placement: which placement.';
COMMENT ON COLUMN employment_step.content IS
    'What it says: EmploymentStepContent of the contract, through the Sealed codec.';
COMMENT ON COLUMN employment_step.recorded_at IS 'When it was recorded.';
CREATE INDEX employment_step_of_plan ON employment_step (record_id, recorded_at, id);
CREATE INDEX employment_step_of_placement ON employment_step (placement_id) WHERE placement_id IS NOT NULL;
SELECT protect('employment_step');
SELECT append_only('employment_step');

CREATE TABLE employment_error (
    step_id uuid PRIMARY KEY REFERENCES employment_step (id),
    person_id uuid NOT NULL,
    marked_at timestamptz NOT NULL
);
COMMENT ON TABLE employment_error IS 'That a step was entered in error. It stays, and counts for nothing from then on.';
COMMENT ON COLUMN employment_error.step_id IS 'Which step.';
COMMENT ON COLUMN employment_error.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN employment_error.marked_at IS 'When it was marked.';
SELECT protect('employment_error');
SELECT append_only('employment_error');

CREATE FUNCTION locate_employment_step(step uuid) RETURNS TABLE (record_id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT s.record_id, s.person_id FROM employment_step s WHERE s.id = step
$$;
COMMENT ON FUNCTION locate_employment_step IS 'Of which plan a step is, and whose; no row: there is none.';

CREATE FUNCTION count_employment(agency uuid, since timestamptz, before timestamptz)
    RETURNS TABLE (measure text, times bigint, people bigint, days double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    -- As it was on record at `before`, so that a quarter's numbers stay what they are.
    WITH step AS NOT MATERIALIZED (
        SELECT s.id, s.record_id, s.person_id, s.kind, s.recorded_by, s.on_date, s.face_to_face, s.competitive,
            s.placement_id, s.recorded_at
        FROM employment_step s
        WHERE s.recorded_at < before AND NOT EXISTS (
            SELECT FROM employment_error e WHERE e.step_id = s.id AND e.marked_at < before)
    ), naming AS (
        SELECT n.id, n.record_id, n.person_id, n.grantee,
            (n.named_at AT TIME ZONE 'UTC')::date AS first_day,
            CASE WHEN n.ended_at < before THEN (n.ended_at AT TIME ZONE 'UTC')::date END AS last_day,
            n.named_at < before AND (n.ended_at IS NULL OR n.ended_at >= before) AND EXISTS (
                SELECT FROM share h WHERE h.record_id = n.record_id AND h.grantee = n.grantee
                    AND h.created_at < before AND h.until_at > before
                    AND (h.ended_at IS NULL OR h.ended_at >= before)) AS is_now
        FROM employment_specialist n WHERE n.agency_id = agency AND n.named_at < before
    ), caseload AS (
        SELECT n.grantee, count(DISTINCT n.person_id) AS people FROM naming n WHERE n.is_now GROUP BY n.grantee
    ), contact AS (
        SELECT n.id, n.person_id, (
            SELECT min(s.on_date) FROM step s
            WHERE s.record_id = n.record_id AND s.kind = 1 AND s.face_to_face
                AND (s.recorded_by IS NULL OR s.recorded_by = n.grantee)
                AND s.on_date >= n.first_day AND (n.last_day IS NULL OR s.on_date <= n.last_day)
        ) - n.first_day AS days
        FROM naming n
        WHERE n.first_day + 30 >= (since AT TIME ZONE 'UTC')::date
            AND n.first_day + 30 < (before AT TIME ZONE 'UTC')::date
    ), placed AS (
        SELECT s.id, s.person_id, s.competitive FROM step s
        WHERE s.kind = 3 AND s.recorded_at >= since AND EXISTS (
            SELECT FROM naming n WHERE n.record_id = s.record_id AND s.on_date >= n.first_day
                AND (n.last_day IS NULL OR s.on_date <= n.last_day)
                AND (s.recorded_by IS NULL OR s.recorded_by = n.grantee))
    ), working AS (
        SELECT n.person_id, bool_or(EXISTS (
            SELECT FROM step f WHERE f.placement_id = p.id AND f.kind = 5
                AND (f.recorded_by IS NULL OR f.recorded_by = n.grantee)
                AND f.on_date >= (before AT TIME ZONE 'UTC')::date - 30)) AS followed
        FROM naming n JOIN step p ON p.record_id = n.record_id AND p.kind = 3
        WHERE n.is_now AND NOT EXISTS (
            SELECT FROM step e WHERE e.placement_id = p.id AND e.kind = 4)
        GROUP BY n.person_id
    )
    SELECT 'people', COALESCE(sum(c.people), 0)::bigint, COALESCE(sum(c.people), 0)::bigint, NULL::double precision
    FROM caseload c
    UNION ALL SELECT CASE WHEN c.people > 20 THEN 'over' ELSE 'not over' END, count(*), sum(c.people)::bigint, NULL
    FROM caseload c GROUP BY 1
    -- How many have few, as the crate that withholds counts it: whoever has, what is told of caseloads would tell it.
    UNION ALL SELECT 'small', count(*), COALESCE(sum(c.people), 0)::bigint, NULL
    FROM caseload c WHERE c.people <= 10
    UNION ALL SELECT 'largest', COALESCE(max(c.people), 0), COALESCE(max(c.people), 0), NULL FROM caseload c
    UNION ALL SELECT CASE WHEN k.days IS NULL THEN 'none' WHEN k.days <= 30 THEN 'within' ELSE 'later' END,
        count(*), count(DISTINCT k.person_id), NULL
    FROM contact k GROUP BY 1
    UNION ALL SELECT 'median', count(k.days), count(DISTINCT k.person_id) FILTER (WHERE k.days IS NOT NULL),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY k.days)
    FROM contact k
    UNION ALL SELECT CASE WHEN p.competitive THEN 'competitive' ELSE 'other' END,
        count(*), count(DISTINCT p.person_id), NULL
    FROM placed p GROUP BY 1
    UNION ALL SELECT CASE WHEN w.followed THEN 'followed' ELSE 'not followed' END, count(*), count(*), NULL
    FROM working w GROUP BY 1
$$;
COMMENT ON FUNCTION count_employment IS
    'What an agency''s employment specialists did, in counts alone: of how much, and of how many people.';
