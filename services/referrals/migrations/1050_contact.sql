-- What was said to an agency goes with what it refers, and on with what follows from that.

CREATE FUNCTION sources_before(ids uuid[]) RETURNS TABLE (id uuid, source_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH RECURSIVE chain AS (
        SELECT r.id AS first, r.parent_id AS next, 1 AS depth
        FROM referral r WHERE r.id = ANY (ids) AND r.parent_id IS NOT NULL
        UNION ALL
        SELECT c.first, r.parent_id, c.depth + 1
        FROM chain c JOIN referral r ON r.id = c.next
        WHERE r.parent_id IS NOT NULL AND c.depth < 10
    )
    SELECT DISTINCT c.first, r.custodian_id FROM chain c JOIN referral r ON r.id = c.next
$$;
COMMENT ON FUNCTION sources_before IS
    'Of referrals that follow from others: the agencies that sent those, ten steps back at most. Ids only.';
