-- What ended without an outcome is counted as such (0), so that what is told of the others does not tell it.

CREATE OR REPLACE FUNCTION count_moves(
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
            UNION ALL SELECT 'outcome ' || COALESCE(m.outcome, 0)
                WHERE m.outcome IS NOT NULL OR m.state IN (4, 7, 8)
            UNION ALL SELECT 'housing ' || COALESCE(m.housing_result, 0)
                WHERE m.housing_result IS NOT NULL OR m.state IN (4, 7, 8)
            UNION ALL SELECT 'enrollment ' || COALESCE(m.enrollment, 0)
                WHERE m.enrollment IS NOT NULL OR m.state IN (4, 7, 8)
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
