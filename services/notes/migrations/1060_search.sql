-- Words to search by, section by section: who does not see a section is not told of a word in it.

-- English, and Spanish as written and without accents: both ways of writing find each other. A text that is too
-- much for one is indexed with fewer places, never left out.
CREATE FUNCTION section_words(said text, folded text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN to_tsvector('pg_catalog.english', folded) || to_tsvector('pg_catalog.spanish', said)
        || to_tsvector('pg_catalog.spanish', folded);
EXCEPTION WHEN program_limit_exceeded THEN
    BEGIN
        RETURN strip(to_tsvector('pg_catalog.english', folded))
            || strip(to_tsvector('pg_catalog.spanish', folded));
    EXCEPTION WHEN program_limit_exceeded THEN
        -- Half a text's words are always few enough.
        RETURN strip(to_tsvector('pg_catalog.simple', left(folded, 50000)));
    END;
END $$;
COMMENT ON FUNCTION section_words IS 'The words of a section, in English and Spanish.';

-- Of what was written before, or by an instance from before.
CREATE FUNCTION words_of_body(body bytea) RETURNS tsvector[] LANGUAGE sql STABLE
    RETURN CASE WHEN octet_length(body) > 0 AND get_byte(body, 0) = 1 THEN ARRAY(
        SELECT section_words(t.said, translate(lower(t.said), 'áàâäãéèêëíìîïóòôöõúùûüñç', 'aaaaaeeeeiiiiooooouuuunc'))
        FROM jsonb_array_elements(convert_from(substr(body, 2), 'UTF8')::jsonb)
            WITH ORDINALITY AS s (section, place)
        CROSS JOIN LATERAL (SELECT concat_ws(' ', s.section->>'title', s.section->>'body') AS said) t
        ORDER BY s.place
    ) END;
COMMENT ON FUNCTION words_of_body IS 'The words of each section of a body that is kept as it is.';

ALTER TABLE note_version ADD COLUMN words tsvector[];
COMMENT ON COLUMN note_version.words IS
    'Of each section the words that it is found by. Null: they are taken from the body.';
