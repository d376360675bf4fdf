-- Two people whom a data steward has found to be one: what either refuses is refused of both.

CREATE TABLE linked_pair (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    other_id uuid NOT NULL CHECK (other_id <> person_id),
    begun_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= begun_at)
);
COMMENT ON TABLE linked_pair IS
    'That two people are one, as the people service tells it: no more than their facts need. It opens nothing.';
COMMENT ON COLUMN linked_pair.id IS 'As the people service names it.';
COMMENT ON COLUMN linked_pair.person_id IS 'One of them.';
COMMENT ON COLUMN linked_pair.other_id IS 'The other.';
COMMENT ON COLUMN linked_pair.begun_at IS 'When it was decided.';
COMMENT ON COLUMN linked_pair.ended_at IS 'When it was ended; null: it stands.';
SELECT protect('linked_pair');
CREATE INDEX ON linked_pair (person_id);
CREATE INDEX ON linked_pair (other_id);

CREATE FUNCTION linked_pair_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
        OR (NEW.id, NEW.person_id, NEW.other_id, NEW.begun_at)
        IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.other_id, OLD.begun_at) THEN
        RAISE 'a link is ended once, and not changed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION linked_pair_kept() IS 'Lets a link be ended, once, and changes nothing else of it.';
CREATE TRIGGER linked_pair_kept BEFORE UPDATE ON linked_pair
    FOR EACH ROW EXECUTE FUNCTION linked_pair_kept();

-- plpgsql keeps its plan with the connection. At most ten people are one.
CREATE FUNCTION linked_people(people uuid[], at timestamptz)
    RETURNS TABLE (person_id uuid, other_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY WITH RECURSIVE together AS (
        SELECT p AS one, p AS other FROM unnest(people) AS p
        UNION
        SELECT t.one, CASE WHEN l.person_id = t.other THEN l.other_id ELSE l.person_id END
        FROM together t JOIN linked_pair l ON l.person_id = t.other OR l.other_id = t.other
        WHERE CASE WHEN at IS NULL THEN l.ended_at IS NULL
            ELSE l.begun_at <= at AND (l.ended_at IS NULL OR at < l.ended_at) END
    )
    SELECT t.one, t.other FROM together t WHERE t.other <> t.one;
END $$;
COMMENT ON FUNCTION linked_people IS
    'Who is one with each of these, by any number of links that stand, or stood at an instant: ids only.';

-- The owner numbers changes, of those too who are linked with whom they are about. No content is in either.
DO $$
BEGIN
    EXECUTE format('CREATE POLICY changes ON person_revision TO %I USING (true)', current_user);
    EXECUTE format('CREATE POLICY changes ON fact_change TO %I USING (true)', current_user);
END $$;

CREATE FUNCTION facts_changed(people uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    all_of_them uuid[] := people;
    changed uuid[] := '{}';
    last bigint;
BEGIN
    -- A link that was made meanwhile is seen once the rows are locked: then again, until nobody is new.
    LOOP
        SELECT array_agg(DISTINCT p ORDER BY p) INTO all_of_them FROM (
            SELECT unnest(people) AS p
            UNION
            SELECT l.other_id FROM linked_people(people, NULL) AS l
        ) AS every;
        EXIT WHEN all_of_them IS NULL OR all_of_them <@ changed;
        INSERT INTO person_revision AS r (person_id, revision)
        SELECT p, 1 FROM unnest(all_of_them) AS p WHERE p <> ALL (changed) ORDER BY p
        ON CONFLICT (person_id) DO UPDATE SET revision = r.revision + 1;
        changed := changed || all_of_them;
    END LOOP;
    SELECT array_agg(DISTINCT p ORDER BY p) INTO changed FROM unnest(changed) AS p;
    IF changed IS NULL THEN
        RETURN;
    END IF;
    last := next_values('fact_change', cardinality(changed));
    INSERT INTO fact_change (seq, person_id, revision)
    SELECT last - cardinality(changed) + row_number() OVER (ORDER BY r.person_id), r.person_id, r.revision
    FROM person_revision r WHERE r.person_id = ANY (changed);
END $$;
COMMENT ON FUNCTION facts_changed IS
    'New revisions for these people and for whoever is one with them. Their rows stay locked until the commit, '
    'and so does the counter, which is taken after them: changes become visible in their order.';
