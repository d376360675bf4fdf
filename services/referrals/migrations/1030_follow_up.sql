-- Until when a referral is to be answered, referrals that follow from others, feedback, and numbers without
-- people.

ALTER TABLE referral
    ADD COLUMN parent_id uuid REFERENCES referral (id),
    ADD COLUMN respond_by timestamptz,
    ADD COLUMN overdue_at timestamptz,
    ADD COLUMN attached uuid[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT referral_attached CHECK (cardinality(attached) <= 20),
    ADD CONSTRAINT referral_overdue CHECK (overdue_at IS NULL OR respond_by IS NOT NULL);
COMMENT ON COLUMN referral.parent_id IS
    'The referral to its source, about the same person, from which this one follows; null: it follows from none.';
COMMENT ON COLUMN referral.respond_by IS
    'Until when its target is to answer; null: a draft of which nothing is said, or sent before this was kept.';
COMMENT ON COLUMN referral.overdue_at IS
    'When source and target were told that the time to answer is over; null: it is not, or they are not told yet.';
COMMENT ON COLUMN referral.attached IS 'Notes that its source attached, by id: another service''s.';
CREATE INDEX referral_due ON referral (respond_by, id) WHERE state = 2 AND overdue_at IS NULL;
CREATE INDEX referral_expiring ON referral (overdue_at, id) WHERE state = 2 AND overdue_at IS NOT NULL;
CREATE INDEX referral_of_parent ON referral (parent_id) WHERE parent_id IS NOT NULL;

ALTER TABLE referral_move ADD COLUMN cause smallint CHECK (cause BETWEEN 1 AND 4);
COMMENT ON COLUMN referral_move.cause IS
    'Why nobody''s agency moved it: 1 CONSENT_REVOKED, 2 PERSON_DECLINED, 3 ACCEPTED_ELSEWHERE, 4 NOT_ANSWERED;
    null: an agency did, a new consent, or before this was kept.';
CREATE INDEX referral_move_at ON referral_move (at);
CREATE INDEX referral_event_of_referral ON referral_event (referral_id);
CREATE INDEX referral_event_overdue ON referral_event (at) WHERE kind = 5;

CREATE FUNCTION answer_by(priority smallint, sent timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sent + make_interval(hours => CASE priority WHEN 3 THEN 24 WHEN 2 THEN 72 ELSE 336 END)
$$;
COMMENT ON FUNCTION answer_by IS 'Where nobody says until when: 24 hours for STAT, 3 days for URGENT, else 14.';

CREATE FUNCTION locate_due(
        now timestamptz, expired timestamptz, after timestamptz, after_id uuid, most integer
    )
    RETURNS TABLE (due timestamptz, id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.* FROM (
        (SELECT r.respond_by AS due, r.id, r.person_id FROM referral r
         WHERE r.state = 2 AND r.overdue_at IS NULL AND r.respond_by <= now
            AND (r.respond_by, r.id) > (after, after_id)
         ORDER BY r.respond_by, r.id LIMIT most)
        UNION ALL
        (SELECT r.overdue_at, r.id, r.person_id FROM referral r
         WHERE r.state = 2 AND r.overdue_at IS NOT NULL AND r.overdue_at <= expired
            AND (r.overdue_at, r.id) > (after, after_id)
         ORDER BY r.overdue_at, r.id LIMIT most)
    ) d ORDER BY d.due, d.id LIMIT most
$$;
COMMENT ON FUNCTION locate_due IS 'Unanswered past their time, or told of so long ago that they end: ids alone.';

ALTER TABLE referral_event
    DROP CONSTRAINT referral_event_kind,
    ADD CONSTRAINT referral_event_kind CHECK (kind IN (1, 2, 4, 5));
COMMENT ON COLUMN referral_event.kind IS
    'ReferralEventKind of the contract: 1 STATE, 2 WITHDRAWN, 4 ADDED, 5 OVERDUE.';

CREATE TABLE referral_feedback (
    referral_id uuid NOT NULL REFERENCES referral (id),
    n bigint NOT NULL CHECK (n > 0),
    person_id uuid NOT NULL,
    at timestamptz NOT NULL,
    agency uuid,
    by_representative boolean NOT NULL,
    helpful smallint CHECK (helpful BETWEEN 1 AND 5),
    words bytea,
    PRIMARY KEY (referral_id, n),
    CONSTRAINT feedback_says CHECK (helpful IS NOT NULL OR words IS NOT NULL),
    CONSTRAINT feedback_by CHECK (agency IS NULL OR NOT by_representative)
);
COMMENT ON TABLE referral_feedback IS 'How it went, as the person and both sides see it, never changed.';
COMMENT ON COLUMN referral_feedback.referral_id IS 'On which referral.';
COMMENT ON COLUMN referral_feedback.n IS 'From 1.';
COMMENT ON COLUMN referral_feedback.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN referral_feedback.at IS 'When.';
COMMENT ON COLUMN referral_feedback.agency IS 'By which agency; null: by the person''s side.';
COMMENT ON COLUMN referral_feedback.by_representative IS 'Said by who acts for the person.';
COMMENT ON COLUMN referral_feedback.helpful IS '1 not at all to 5 very; null: not said.';
COMMENT ON COLUMN referral_feedback.words IS 'Through the Sealed codec; null: none.';
SELECT protect('referral_feedback');
SELECT append_only('referral_feedback');

-- One spelling of a whole referral, for both who read.
DROP FUNCTION read_referrals(uuid[]);
DROP FUNCTION referral_rows(uuid[], boolean);
CREATE TYPE whole_referral AS (
    id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
    authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
    victim_service boolean, release_block_until timestamptz, target_id uuid, service_id uuid,
    need_category text, priority smallint, summary bytea, state smallint, outcome smallint,
    housing_result smallint, enrollment smallint, updated_at timestamptz, row_version bigint,
    move_states smallint[], move_times timestamptz[], move_agencies uuid[], move_reasons bytea[],
    move_practitioners text[], move_outcomes smallint[], move_housing_results smallint[],
    move_enrollments smallint[], sent boolean, group_id uuid, expected_release date, warm_handoff boolean,
    answers smallint[], answer_times timestamptz[], answer_words bytea[],
    answers_by_representative boolean[], contact_times timestamptz[], contact_agencies uuid[],
    contact_channels smallint[], contact_results smallint[], contact_handoffs boolean[],
    contact_notes bytea[], parent_id uuid, respond_by timestamptz, feedback_times timestamptz[],
    feedback_agencies uuid[], feedback_by_representative boolean[], feedback_helpful smallint[],
    feedback_words bytea[], attached uuid[]
);
COMMENT ON TYPE whole_referral IS 'A referral with its moves, and with what was added to it.';

CREATE FUNCTION referral_rows(ids uuid[], added boolean) RETURNS SETOF whole_referral
    LANGUAGE sql STABLE AS $$
    SELECT r.id, r.person_id, r.class, r.custodian_id, r.author, r.episode_id, r.authored_at,
        r.confidentiality, r.sensitivities, r.part2, r.victim_service, r.release_block_until,
        r.target_id, r.service_id, r.need_category, r.priority, r.summary, r.state, r.outcome,
        r.housing_result, r.enrollment, r.updated_at, r.row_version,
        m.states, m.times, m.agencies, m.reasons, m.practitioners, m.outcomes,
        m.housing_results, m.enrollments, r.purposes IS NOT NULL, r.group_id,
        r.expected_release, r.warm_handoff, a.answers, a.times, a.words, a.represented,
        c.times, c.agencies, c.channels, c.results, c.handoffs, c.notes, r.parent_id, r.respond_by,
        f.times, f.agencies, f.represented, f.helpful, f.words, r.attached
    FROM referral r CROSS JOIN LATERAL (
        SELECT array_agg(v.state ORDER BY v.n) AS states, array_agg(v.at ORDER BY v.n) AS times,
            array_agg(v.agency ORDER BY v.n) AS agencies,
            array_agg(v.reason ORDER BY v.n) AS reasons,
            array_agg(v.practitioner ORDER BY v.n) AS practitioners,
            array_agg(v.outcome ORDER BY v.n) AS outcomes,
            array_agg(v.housing_result ORDER BY v.n) AS housing_results,
            array_agg(v.enrollment ORDER BY v.n) AS enrollments
        FROM referral_move v WHERE v.referral_id = r.id
    ) m CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(v.answer ORDER BY v.n), '{}') AS answers,
            COALESCE(array_agg(v.at ORDER BY v.n), '{}') AS times,
            COALESCE(array_agg(v.words ORDER BY v.n), '{}') AS words,
            COALESCE(array_agg(v.by_representative ORDER BY v.n), '{}') AS represented
        FROM referral_answer v WHERE added AND v.referral_id = r.id
    ) a CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(v.at ORDER BY v.n), '{}') AS times,
            COALESCE(array_agg(v.agency ORDER BY v.n), '{}') AS agencies,
            COALESCE(array_agg(v.channel ORDER BY v.n), '{}') AS channels,
            COALESCE(array_agg(v.result ORDER BY v.n), '{}') AS results,
            COALESCE(array_agg(v.warm_handoff ORDER BY v.n), '{}') AS handoffs,
            COALESCE(array_agg(v.note ORDER BY v.n), '{}') AS notes
        FROM referral_contact v WHERE added AND v.referral_id = r.id
    ) c CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(v.at ORDER BY v.n), '{}') AS times,
            COALESCE(array_agg(v.agency ORDER BY v.n), '{}') AS agencies,
            COALESCE(array_agg(v.by_representative ORDER BY v.n), '{}') AS represented,
            COALESCE(array_agg(v.helpful ORDER BY v.n), '{}') AS helpful,
            COALESCE(array_agg(v.words ORDER BY v.n), '{}') AS words
        FROM referral_feedback v WHERE added AND v.referral_id = r.id
    ) f
    WHERE r.id = ANY (ids)
$$;
COMMENT ON FUNCTION referral_rows IS
    'Referrals with their moves, of the people in scope; with what was added to them, or without.';

CREATE FUNCTION read_referrals(ids uuid[]) RETURNS SETOF whole_referral
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('trellis.people',
        (SELECT string_agg(DISTINCT l.person_id::text, ',') FROM locate_referrals(ids) l), true);
    RETURN QUERY SELECT s.* FROM referral_rows(ids, true) s;
END $$;
COMMENT ON FUNCTION read_referrals IS 'Referrals by id, for readers whose decisions are made at release.';

CREATE FUNCTION count_moves(
        since timestamptz, before timestamptz, source uuid, target uuid, victim uuid[]
    )
    RETURNS TABLE (need text, measure text, times bigint, people bigint, median_seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH moved AS (
        SELECT left(r.need_category, 3) AS need, r.person_id, v.state, v.at, v.outcome, v.housing_result,
            v.enrollment, v.cause, v.agency IS NULL AS unasked,
            (SELECT min(w.at) FROM referral_move w
             WHERE w.referral_id = r.id AND w.state = 2) AS sent_at,
            EXISTS (SELECT FROM referral_move w
             WHERE w.referral_id = r.id AND w.state = 2 AND w.n < v.n) AS sent_before,
            EXISTS (SELECT FROM referral_move w
             WHERE w.referral_id = r.id AND w.state = 3 AND w.n < v.n) AS accepted_before
        FROM referral_move v JOIN referral r ON r.id = v.referral_id
        WHERE v.at >= since AND v.at < before AND NOT r.victim_service
            AND r.custodian_id <> ALL (victim) AND r.target_id <> ALL (victim)
            AND (source IS NULL OR r.custodian_id = source)
            -- A target knows of what it was told of.
            AND (target IS NULL OR (r.target_id = target AND EXISTS (SELECT FROM referral_event e
                WHERE e.referral_id = r.id AND e.kind = 1 AND e.state = v.state AND e.at = v.at
                    AND (e.for_agency IS NULL OR e.for_agency = target))))
    ), measured AS (
        SELECT m.need, m.person_id, k.measure,
            CASE k.measure WHEN 'accepted' THEN extract(epoch FROM m.at - m.sent_at) END AS seconds
        FROM moved m CROSS JOIN LATERAL (
            SELECT 'sent' AS measure WHERE m.state = 2 AND NOT m.sent_before
            UNION ALL SELECT 'accepted' WHERE m.state = 3 AND NOT m.accepted_before AND NOT m.unasked
            UNION ALL SELECT 'rejected' WHERE m.state = 4
            UNION ALL SELECT 'completed' WHERE m.state = 7
            UNION ALL SELECT 'failed' WHERE m.state = 8
            UNION ALL SELECT 'cancelled' WHERE m.state = 9
            UNION ALL SELECT 'unanswered' WHERE m.cause = 4
            UNION ALL SELECT 'outcome ' || m.outcome WHERE m.outcome IS NOT NULL
            UNION ALL SELECT 'housing ' || m.housing_result WHERE m.housing_result IS NOT NULL
            UNION ALL SELECT 'enrollment ' || m.enrollment WHERE m.enrollment IS NOT NULL
        ) k
        UNION ALL
        SELECT left(r.need_category, 3), e.person_id, 'overdue', NULL
        FROM referral_event e JOIN referral r ON r.id = e.referral_id
        WHERE e.kind = 5 AND e.at >= since AND e.at < before AND NOT r.victim_service
            AND r.custodian_id <> ALL (victim) AND r.target_id <> ALL (victim)
            AND (source IS NULL OR r.custodian_id = source)
            AND (target IS NULL OR (r.target_id = target
                AND (e.for_agency IS NULL OR e.for_agency = target)))
    )
    SELECT d.need, d.measure, count(*), count(DISTINCT d.person_id),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY d.seconds)
    FROM measured d GROUP BY d.need, d.measure
$$;
COMMENT ON FUNCTION count_moves IS
    'How often what happened, by need, and to how many people: numbers, nobody''s id, nothing of victim services.';
