-- How old people may be, for who may sign for them: whole years, and no birth date.

CREATE FUNCTION stated_ages(people uuid[], first_days date[], last_days date[])
    RETURNS TABLE (place bigint, youngest integer, oldest integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT q.place,
        greatest(0, min(extract(year FROM
            age(q.first_day::timestamp, p.birth_date::timestamp)))::integer),
        greatest(0, max(extract(year FROM
            age(q.last_day::timestamp, p.birth_date::timestamp)))::integer)
    FROM unnest(people, first_days, last_days) WITH ORDINALITY
        AS q (person, first_day, last_day, place)
    JOIN profile p ON p.person_id = q.person
    GROUP BY q.place
$$;
COMMENT ON FUNCTION stated_ages IS
    'The least years that a person is on the first day, and the most on the last, by the birth dates '
    'that agencies state; nobody states one: no row. Born on 29 February, they are a year older on '
    '1 March.';
