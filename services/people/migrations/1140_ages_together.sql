-- Whoever is one with a person by a steward's link is as old as they are: what is stated of either counts.

CREATE OR REPLACE FUNCTION stated_ages(people uuid[], first_days date[], last_days date[])
    RETURNS TABLE (place bigint, youngest integer, oldest integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place,
        greatest(0, min(extract(year FROM
            age(q.first_day::timestamp, p.birth_date::timestamp)))::integer),
        greatest(0, max(extract(year FROM
            age(q.last_day::timestamp, p.birth_date::timestamp)))::integer)
    FROM unnest(people, first_days, last_days) WITH ORDINALITY
        AS q (person, first_day, last_day, place)
    CROSS JOIN LATERAL merged_with(ARRAY[q.person], NULL) AS m
    JOIN profile p ON p.person_id = m.member
    GROUP BY q.place
$$;
COMMENT ON FUNCTION stated_ages IS
    'The least years that a person is on the first day, and the most on the last, by the birth dates '
    'that agencies state of whoever is one with them; nobody states one: no row. Born on 29 February, '
    'they are a year older on 1 March.';
