-- One rule of recognition across agencies. The strict one beside it asked nothing of who held a person
-- already, so that an agency could learn by two registrations of its own what others know; its keys stood
-- after what they were made of was corrected; and twins under one number were one person by it.

DROP FUNCTION match_person(bytea[], uuid[]);
DROP FUNCTION match_person_of(bytea[], uuid[], uuid);
DROP TABLE match_key;

CREATE FUNCTION locate_same(keys bytea[], custodian uuid, given text, family text, born date)
    RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT p.person_id FROM profile_identifier i JOIN profile p ON p.id = i.profile_id
    WHERE i.key = ANY (keys) AND p.custodian_id = custodian AND p.birth_date = born
        AND plain_name(p.given_name) = plain_name(given)
        AND plain_name(p.family_name) = plain_name(family)
    ORDER BY p.person_id LIMIT 2
$$;
COMMENT ON FUNCTION locate_same IS
    'The people whom this agency knows by any of these identifiers, these names and this birth date: ids only, '
    'at most two, which is as good as none. It reads what that agency states and nothing else.';

CREATE FUNCTION apart(person uuid, never uuid[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM profile p WHERE p.person_id = person
        AND (p.victim_service OR p.custodian_id = ANY (never)))
$$;
COMMENT ON FUNCTION apart IS
    'Whether a victim-service provider (an agency in `never`) or a label of victim services holds anything of '
    'this person: they are compared with nobody.';

DROP FUNCTION count_names();
CREATE FUNCTION count_names(never uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    -- One at a time; who comes second finds it done.
    IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || '.name_count')) THEN
        RETURN;
    END IF;
    DELETE FROM name_count;
    WITH counted AS MATERIALIZED (
        SELECT f.given, f.family FROM match_form f
        WHERE f.stands AND f.place = 0 AND NOT EXISTS (
            SELECT FROM profile p WHERE p.person_id = f.person_id
                AND (p.victim_service OR p.custodian_id = ANY (never)))
    )
    INSERT INTO name_count (kind, name, n)
    SELECT 0, '', count(*) FROM counted
    UNION ALL
    SELECT 1, given, count(*) FROM counted GROUP BY given
    UNION ALL
    SELECT 2, family, count(*) FROM counted GROUP BY family;
END $$;
COMMENT ON FUNCTION count_names(uuid[]) IS 'Counts them anew, without those who are apart.';

CREATE FUNCTION doubts_of(person uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT id FROM match_doubt WHERE person_id = person
    UNION ALL
    SELECT id FROM match_doubt WHERE other_id = person
$$;
COMMENT ON FUNCTION doubts_of IS 'The doubts that one person is in: ids only.';
CREATE INDEX ON match_doubt (person_id);
