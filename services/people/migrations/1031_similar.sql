-- Whether two registrations are of one person, scored: the twin in SQL of the comparison in
-- crates/matching, so that what agencies state of people is compared here and never leaves. A test holds
-- the two beside each other.

-- 1. What is compared -------------------------------------------------------------------------

CREATE TABLE match_form (
    profile_id uuid NOT NULL REFERENCES profile,
    place smallint NOT NULL CHECK (place BETWEEN 0 AND 5),
    person_id uuid NOT NULL REFERENCES person,
    custodian_id uuid NOT NULL,
    given_words text NOT NULL,
    given text NOT NULL,
    family_words text NOT NULL,
    family text NOT NULL,
    born date NOT NULL,
    phone text,
    postal_code text,
    street text,
    systems text[] NOT NULL,
    numbers text[] NOT NULL CHECK (cardinality(numbers) = cardinality(systems)),
    stands boolean NOT NULL,
    PRIMARY KEY (profile_id, place)
);
COMMENT ON TABLE match_form IS
    'A profile in the normal form in which it is compared, once for each name. None of a victim-service '
    'provider''s profiles and none labelled so has one.';
COMMENT ON COLUMN match_form.profile_id IS 'The profile.';
COMMENT ON COLUMN match_form.place IS '0: the name in the profile; from 1 on: former names.';
COMMENT ON COLUMN match_form.person_id IS 'Whose.';
COMMENT ON COLUMN match_form.custodian_id IS 'The profile''s agency.';
COMMENT ON COLUMN match_form.given_words IS 'Content: given name, words with one space between.';
COMMENT ON COLUMN match_form.given IS 'Content: the same without spaces.';
COMMENT ON COLUMN match_form.family_words IS 'Content: family name, words with one space between.';
COMMENT ON COLUMN match_form.family IS 'Content: the same without spaces.';
COMMENT ON COLUMN match_form.born IS 'Content: birth date.';
COMMENT ON COLUMN match_form.phone IS 'Content: the last digits of the first telephone number.';
COMMENT ON COLUMN match_form.postal_code IS 'Content: the beginning of the first address''s postal code.';
COMMENT ON COLUMN match_form.street IS 'Content: the first address''s line.';
COMMENT ON COLUMN match_form.systems IS 'Content: the systems of its shared identifiers.';
COMMENT ON COLUMN match_form.numbers IS 'Content: their values.';
COMMENT ON COLUMN match_form.stands IS 'Whether the profile still says so.';
SELECT protect('match_form');
CREATE INDEX ON match_form (person_id);

CREATE TABLE match_block (
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    profile_id uuid NOT NULL REFERENCES profile,
    person_id uuid NOT NULL REFERENCES person,
    PRIMARY KEY (key, profile_id)
);
COMMENT ON TABLE match_block IS
    'Which profiles are compared at all: those that share a key. One that no longer holds does no harm.';
COMMENT ON COLUMN match_block.key IS 'Keyed hash of a block of crates/matching.';
COMMENT ON COLUMN match_block.profile_id IS 'The profile.';
COMMENT ON COLUMN match_block.person_id IS 'Whose.';
SELECT protect('match_block');

CREATE TABLE match_doubt (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    other_id uuid NOT NULL REFERENCES person CHECK (other_id <> person_id),
    weight real NOT NULL,
    found_at timestamptz NOT NULL
);
COMMENT ON TABLE match_doubt IS 'Two people who may be one: for a data steward to decide.';
COMMENT ON COLUMN match_doubt.id IS 'Its id.';
COMMENT ON COLUMN match_doubt.person_id IS 'Who was registered or changed when it was found.';
COMMENT ON COLUMN match_doubt.other_id IS 'Who may be the same.';
COMMENT ON COLUMN match_doubt.weight IS 'The sum of the weights of what agrees and differs, in bits.';
COMMENT ON COLUMN match_doubt.found_at IS 'When it was found first.';
SELECT protect('match_doubt');
CREATE UNIQUE INDEX match_doubt_once
    ON match_doubt (least(person_id, other_id), greatest(person_id, other_id));
CREATE INDEX ON match_doubt (other_id);

-- 2. How common names are ---------------------------------------------------------------------

CREATE TABLE name_count (
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 2),
    name text NOT NULL,
    n bigint NOT NULL CHECK (n >= 0),
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE name_count IS
    'How often names are registered: whether a name is rare, or one that people have. The owner''s alone.';
COMMENT ON COLUMN name_count.kind IS '0: all registrations; 1: given names; 2: family names.';
COMMENT ON COLUMN name_count.name IS 'The name in its normal form, without spaces; of all: empty.';
COMMENT ON COLUMN name_count.n IS 'How many registrations.';
DO $$ BEGIN EXECUTE format('REVOKE ALL ON name_count FROM %I', login_role()); END $$;

CREATE FUNCTION count_names() RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    -- One at a time; who comes second finds it done.
    IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || '.name_count')) THEN
        RETURN;
    END IF;
    DELETE FROM name_count;
    INSERT INTO name_count (kind, name, n)
    SELECT 0, '', count(*) FROM match_form WHERE stands AND place = 0
    UNION ALL
    SELECT 1, given, count(*) FROM match_form WHERE stands AND place = 0 GROUP BY given
    UNION ALL
    SELECT 2, family, count(*) FROM match_form WHERE stands AND place = 0 GROUP BY family;
END $$;
COMMENT ON FUNCTION count_names() IS 'Counts them anew.';

CREATE FUNCTION times(kind_of smallint, wanted text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT n FROM name_count WHERE kind = kind_of AND name = wanted), 0)
$$;
COMMENT ON FUNCTION times IS 'How often a name is registered.';

CREATE FUNCTION are_names(one text, one_n bigint, other text, other_n bigint, total bigint)
    RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a bigint := CASE WHEN char_length(one) > 1 THEN one_n ELSE 0 END;
    b bigint := CASE WHEN char_length(other) > 1 THEN other_n ELSE 0 END;
BEGIN
    RETURN total = 0 OR (least(a, b) >= 5 AND least(a, b) >= 0.00002 * total
        AND least(a, b) >= 0.02 * greatest(a, b));
END $$;
COMMENT ON FUNCTION are_names IS 'Whether both are names that people have.';

CREATE TABLE nickname (
    line smallint NOT NULL,
    word text NOT NULL,
    PRIMARY KEY (word, line)
);
COMMENT ON TABLE nickname IS 'Short forms and other spellings of given names, as in crates/matching.';
COMMENT ON COLUMN nickname.line IS 'The names of one line are one person''s.';
COMMENT ON COLUMN nickname.word IS 'One of them.';
SELECT read_only('nickname');
CREATE INDEX ON nickname (line);
INSERT INTO nickname (line, word)
SELECT line, unnest(string_to_array(words, ' ')) FROM (VALUES
    (0, 'alexander alex alec xander sandy'),
    (1, 'alejandro alex ale jandro'),
    (2, 'alexandra alex lexi sandra sandy'),
    (3, 'alejandra ale alex'),
    (4, 'alfred al fred alfie'),
    (5, 'alicia ali licia'),
    (6, 'amanda mandy amy'),
    (7, 'andrew andy drew'),
    (8, 'angela angie'),
    (9, 'ana anna anita ani'),
    (10, 'anthony tony antony'),
    (11, 'antonio tony toni tono'),
    (12, 'barbara barb babs'),
    (13, 'benjamin ben benny benji'),
    (14, 'beatriz bea betty'),
    (15, 'catherine kathryn katherine cathy kathy kate katie kat'),
    (16, 'caroline carolyn carrie'),
    (17, 'charles charlie chuck chas'),
    (18, 'christina chris tina christy'),
    (19, 'christine chris tina christy kristine'),
    (20, 'christopher chris topher kit'),
    (21, 'christian chris'),
    (22, 'cynthia cindy'),
    (23, 'daniel dan danny dani'),
    (24, 'david dave davy'),
    (25, 'deborah debra deb debbie'),
    (26, 'donald don donny'),
    (27, 'dorothy dot dottie'),
    (28, 'edward ed eddie ted ned'),
    (29, 'eduardo edu lalo eddie'),
    (30, 'elizabeth liz beth betty eliza lizzie elisabeth'),
    (31, 'emily em emmy'),
    (32, 'enrique quique kike'),
    (33, 'ernesto neto'),
    (34, 'fatima fatma fati'),
    (35, 'francis frank fran'),
    (36, 'francisco pancho paco frank cisco'),
    (37, 'frances fran franny'),
    (38, 'gabriel gabe'),
    (39, 'gabriela gaby gabi gabriella'),
    (40, 'gregory greg'),
    (41, 'guadalupe lupe lupita'),
    (42, 'guillermo memo'),
    (43, 'henry hank harry'),
    (44, 'ignacio nacho'),
    (45, 'isabel isa chabela isabella'),
    (46, 'jacob jake'),
    (47, 'jacqueline jackie jacquelyn'),
    (48, 'james jim jimmy jamie'),
    (49, 'javier javi'),
    (50, 'jennifer jen jenny'),
    (51, 'jessica jess jessie'),
    (52, 'jesus chuy'),
    (53, 'john jon johnny jack'),
    (54, 'jonathan jon john johnathan'),
    (55, 'jose pepe'),
    (56, 'joseph joe joey'),
    (57, 'joshua josh'),
    (58, 'juan juanito'),
    (59, 'katarzyna kasia'),
    (60, 'kimberly kim kimberley'),
    (61, 'lawrence larry laurence'),
    (62, 'leticia lety leti'),
    (63, 'luis luisito lucho'),
    (64, 'manuel manny manolo'),
    (65, 'margaret maggie meg peggy marge'),
    (66, 'maria mary mari'),
    (67, 'matthew matt mathew'),
    (68, 'michael mike mikey mick'),
    (69, 'michelle shelly michele'),
    (70, 'mohammed muhammad mohamed mohammad mo'),
    (71, 'nicholas nick nicolas nico'),
    (72, 'patricia pat patty tricia trish'),
    (73, 'patrick pat paddy'),
    (74, 'pamela pam'),
    (75, 'rebecca becky becca'),
    (76, 'richard rick dick rich ricky'),
    (77, 'ricardo rick ricky'),
    (78, 'robert rob bob bobby robbie bert'),
    (79, 'roberto beto rob'),
    (80, 'rosario charo'),
    (81, 'samuel sam sammy'),
    (82, 'samantha sam sammy'),
    (83, 'sarah sara sally'),
    (84, 'stephen steven steve stephan'),
    (85, 'susan sue susie suzanne'),
    (86, 'theresa teresa terry tess'),
    (87, 'thomas tom tommy'),
    (88, 'timothy tim timmy'),
    (89, 'victoria vicky tori'),
    (90, 'vincent vince vinny'),
    (91, 'walter walt wally'),
    (92, 'william will bill billy willie liam'),
    (93, 'yolanda yoli'),
    (94, 'zachary zach zack zachery'),
    (95, 'aleksander olek sasha'),
    (96, 'vladimir vova'),
    (97, 'dmitri dima dmitry')
) AS lines (line, words);

-- 3. How far two values agree -------------------------------------------------------------------
-- Levels are places in the crate's list: 0 exact, 1 nickname, 2 part, 3 near, 4 initial, 5 similar,
-- 6 swapped, 7 unsure, 8 year, 9 different, 10 missing.

CREATE FUNCTION slips(one text, other text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a text[];
    b text[];
    m integer := char_length(one);
    n integer := char_length(other);
    same integer := 0;
    before integer[];
    above integer[];
    here integer[];
    best integer;
    least_here integer;
    least_above integer := 0;
BEGIN
    -- What they begin and end with alike costs nothing.
    WHILE same < least(m, n) AND substr(one, same + 1, 1) = substr(other, same + 1, 1) LOOP
        same := same + 1;
    END LOOP;
    WHILE m > same AND n > same AND substr(one, m, 1) = substr(other, n, 1) LOOP
        m := m - 1;
        n := n - 1;
    END LOOP;
    a := string_to_array(substr(one, same + 1, m - same), NULL);
    b := string_to_array(substr(other, same + 1, n - same), NULL);
    m := m - same;
    n := n - same;
    IF m = 0 OR n = 0 THEN
        RETURN least(greatest(m, n), 3);
    END IF;
    above := ARRAY(SELECT generate_series(0, n));
    FOR i IN 1..m LOOP
        here := ARRAY[i];
        least_here := i;
        FOR j IN 1..n LOOP
            best := least(above[j + 1] + 1, here[j] + 1,
                above[j] + CASE WHEN a[i] = b[j] THEN 0 ELSE 1 END);
            IF i > 1 AND j > 1 AND a[i] = b[j - 1] AND a[i - 1] = b[j] THEN
                best := least(best, before[j - 1] + 1);
            END IF;
            here[j + 1] := best;
            least_here := least(least_here, best);
        END LOOP;
        -- No row after these two is below both.
        IF least(least_here, least_above) > 2 THEN
            RETURN 3;
        END IF;
        before := above;
        above := here;
        least_above := least_here;
    END LOOP;
    RETURN least(above[n + 1], 3);
END $$;
COMMENT ON FUNCTION slips IS
    'How many letters are left out, added, changed or exchanged with the next (optimal string alignment); 3 '
    'stands for more, too.';

CREATE FUNCTION jaro_winkler(one text, other text) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a text[] := string_to_array(one, NULL);
    b text[] := string_to_array(other, NULL);
    m integer := cardinality(a);
    n integer := cardinality(b);
    reach integer := greatest(greatest(m, n) / 2 - 1, 0);
    taken_a boolean[] := array_fill(false, ARRAY[m]);
    taken_b boolean[] := array_fill(false, ARRAY[n]);
    same integer := 0;
    moved integer := 0;
    j integer := 0;
    alike double precision;
    start integer := 0;
BEGIN
    FOR i IN 1..m LOOP
        FOR k IN greatest(1, i - reach)..least(n, i + reach) LOOP
            IF a[i] = b[k] AND NOT taken_b[k] THEN
                taken_a[i] := true;
                taken_b[k] := true;
                same := same + 1;
                EXIT;
            END IF;
        END LOOP;
    END LOOP;
    IF same = 0 THEN
        RETURN 0;
    END IF;
    FOR i IN 1..m LOOP
        CONTINUE WHEN NOT taken_a[i];
        LOOP
            j := j + 1;
            EXIT WHEN taken_b[j];
        END LOOP;
        IF a[i] <> b[j] THEN
            moved := moved + 1;
        END IF;
    END LOOP;
    moved := moved / 2;
    alike := (same::double precision / m + same::double precision / n
        + (same - moved)::double precision / same) / 3;
    IF alike > 0.7 THEN
        FOR i IN 1..least(4, m, n) LOOP
            EXIT WHEN a[i] <> b[i];
            start := i;
        END LOOP;
        alike := alike + 0.1 * start * (1 - alike);
    END IF;
    RETURN alike;
END $$;
COMMENT ON FUNCTION jaro_winkler IS 'Jaro''s similarity with Winkler''s bonus for a common beginning.';

CREATE FUNCTION is_part(few text, many text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    there text[] := string_to_array(many, ' ');
    at integer := 0;
    word text;
    whole boolean := false;
    found_it boolean;
BEGIN
    IF cardinality(there) < 2 THEN
        RETURN false;
    END IF;
    FOREACH word IN ARRAY string_to_array(few, ' ') LOOP
        found_it := false;
        WHILE at < cardinality(there) AND NOT found_it LOOP
            at := at + 1;
            whole := whole OR (there[at] = word AND char_length(word) > 1);
            found_it := there[at] = word
                OR (char_length(word) = 1 AND starts_with(there[at], word));
        END LOOP;
        IF NOT found_it THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN whole;
END $$;
COMMENT ON FUNCTION is_part IS
    'Whether the words of the one are, in order, among the other''s, or their first letters; one whole.';

CREATE FUNCTION name_level(one_words text, one text, other_words text, other text) RETURNS smallint
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    short_words text := one_words;
    short text := one;
    long_words text := other_words;
    long text := other;
    length integer;
    apart integer := 99;
BEGIN
    IF one = '' OR other = '' THEN
        RETURN 10;
    ELSIF one = other THEN
        RETURN 0;
    END IF;
    IF octet_length(one) > octet_length(other) THEN
        short_words := other_words; short := other; long_words := one_words; long := one;
    END IF;
    length := char_length(short);
    IF length = 1 AND left(long, 1) = short THEN
        RETURN 4;
    ELSIF is_part(short_words, long_words) THEN
        RETURN 2;
    END IF;
    IF length >= 2 AND char_length(long) >= 3 AND abs(char_length(long) - length) <= 2 THEN
        apart := slips(short, long);
    END IF;
    IF apart = 1 OR (apart = 2 AND length >= 7 AND jaro_winkler(short, long) >= 0.92) THEN
        RETURN 3;
    ELSIF length >= 3 AND starts_with(long, short) THEN
        RETURN 2;
    END IF;
    RETURN 9;
END $$;
COMMENT ON FUNCTION name_level IS 'How far two names agree, whatever kind of name they are.';

CREATE FUNCTION is_nearly_one_persons(one_words text, other_words text) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    one text := split_part(one_words, ' ', 1);
    other text := split_part(other_words, ' ', 1);
BEGIN
    RETURN EXISTS (
        SELECT FROM (VALUES (one, other), (other, one)) AS pair (name, near)
        JOIN nickname n ON n.word = pair.name
        JOIN nickname form ON form.line = n.line
        WHERE form.word = pair.near
            OR (octet_length(form.word) >= 4 AND octet_length(pair.near) >= 3
                AND abs(char_length(form.word) - char_length(pair.near)) <= 1
                AND slips(form.word, pair.near) = 1));
END $$;
COMMENT ON FUNCTION is_nearly_one_persons IS
    'Whether the first words are names that one person may go by, with a slip in one of them.';

CREATE FUNCTION or_similar(level smallint, one_words text, other_words text, are boolean)
    RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN are AND (level = 3
        OR (level = 2 AND strpos(one_words, ' ') = 0 AND strpos(other_words, ' ') = 0))
        THEN 5::smallint ELSE level END
$$;
COMMENT ON FUNCTION or_similar IS
    'A slip seldom makes another name of one: where both are names that people have, they are two.';

CREATE FUNCTION given_level(one_words text, one text, other_words text, other text, are boolean)
    RETURNS smallint LANGUAGE plpgsql STABLE AS $$
DECLARE
    level smallint := name_level(one_words, one, other_words, other);
BEGIN
    IF level IN (2, 3, 9) AND EXISTS (
        SELECT FROM nickname a JOIN nickname b ON b.line = a.line
        WHERE a.word = one AND b.word = other)
    THEN
        RETURN 1;
    ELSIF level = 9 AND NOT are AND is_nearly_one_persons(one_words, other_words) THEN
        RETURN 1;
    END IF;
    RETURN or_similar(level, one_words, other_words, are);
END $$;
COMMENT ON FUNCTION given_level IS 'How far two given names agree; `are`: both are names that people have.';

CREATE FUNCTION family_level(one_words text, one text, other_words text, other text, are boolean)
    RETURNS smallint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    level smallint := name_level(one_words, one, other_words, other);
BEGIN
    IF level = 4 THEN
        RETURN 9;
    END IF;
    RETURN or_similar(level, one_words, other_words, are);
END $$;
COMMENT ON FUNCTION family_level IS 'The same of family names.';

CREATE FUNCTION birth_level(one date, other date) RETURNS smallint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a text := to_char(one, 'YYYYMMDD');
    b text := to_char(other, 'YYYYMMDD');
    same_year boolean := left(a, 4) = left(b, 4);
    places integer[];
BEGIN
    IF same_year AND (right(a, 4) = '0101' OR right(b, 4) = '0101') THEN
        RETURN 7;
    ELSIF one = other THEN
        RETURN 0;
    ELSIF same_year AND substr(a, 5, 2) = substr(b, 7, 2) AND substr(a, 7, 2) = substr(b, 5, 2) THEN
        RETURN 6;
    END IF;
    places := ARRAY(SELECT p FROM generate_series(1, 8) AS p
        WHERE substr(a, p, 1) <> substr(b, p, 1) ORDER BY p);
    IF cardinality(places) = 1 OR (cardinality(places) = 2 AND places[2] = places[1] + 1
        AND substr(a, places[1], 1) = substr(b, places[2], 1)
        AND substr(a, places[2], 1) = substr(b, places[1], 1))
    THEN
        RETURN 3;
    ELSIF same_year THEN
        RETURN 8;
    END IF;
    RETURN 9;
END $$;
COMMENT ON FUNCTION birth_level IS 'How far two birth dates agree.';

CREATE FUNCTION slip_level(one text, other text) RETURNS smallint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF one IS NULL OR other IS NULL THEN
        RETURN 10;
    ELSIF one = other THEN
        RETURN 0;
    ELSIF abs(octet_length(one) - octet_length(other)) <= 1 AND slips(one, other) = 1 THEN
        RETURN 3;
    END IF;
    RETURN 9;
END $$;
COMMENT ON FUNCTION slip_level IS 'Whether two values are the same, or one slip apart.';

CREATE FUNCTION street_level(one text, other text) RETURNS smallint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a text := split_part(one, ' apt ', 1);
    b text := split_part(other, ' apt ', 1);
    a_rest text := CASE WHEN strpos(a, ' ') > 0 THEN substr(a, strpos(a, ' ') + 1) ELSE a END;
    b_rest text := CASE WHEN strpos(b, ' ') > 0 THEN substr(b, strpos(b, ' ') + 1) ELSE b END;
BEGIN
    IF one IS NULL OR other IS NULL THEN
        RETURN 10;
    ELSIF one = other THEN
        RETURN 0;
    ELSIF (CASE WHEN strpos(a, ' ') > 0 THEN split_part(a, ' ', 1) ELSE '' END)
            = (CASE WHEN strpos(b, ' ') > 0 THEN split_part(b, ' ', 1) ELSE '' END)
        AND (a_rest = b_rest OR (octet_length(a_rest) >= 4
            AND abs(char_length(a_rest) - char_length(b_rest)) <= 2 AND slips(a_rest, b_rest) <= 2))
    THEN
        RETURN 3;
    END IF;
    RETURN 9;
END $$;
COMMENT ON FUNCTION street_level IS 'How far two streets agree, without the flat: another number differs.';

CREATE FUNCTION numbers_level(one_systems text[], one text[], other_systems text[], other text[],
        many text[]) RETURNS smallint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    worst smallint := -1;
    common boolean := false;
    level smallint;
BEGIN
    FOR i IN 1..cardinality(one) LOOP
        FOR j IN 1..cardinality(other) LOOP
            CONTINUE WHEN one_systems[i] <> other_systems[j];
            level := slip_level(one[i], other[j]);
            IF one_systems[i] = ANY (many) THEN
                common := common OR level = 0;
            ELSE
                worst := greatest(worst, level);
            END IF;
        END LOOP;
    END LOOP;
    RETURN CASE WHEN worst >= 0 THEN worst WHEN common THEN 0 ELSE 10 END;
END $$;
COMMENT ON FUNCTION numbers_level IS 'How far shared identifiers agree, of the systems that both have.';

CREATE FUNCTION form_levels(one match_form, other match_form, many text[], both_given boolean,
        both_family boolean) RETURNS smallint[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    given smallint := given_level(one.given_words, one.given, other.given_words, other.given,
        both_given);
    family smallint := family_level(one.family_words, one.family, other.family_words, other.family,
        both_family);
BEGIN
    IF given = 9 AND family = 9
        AND name_level(one.given_words, one.given, other.family_words, other.family) IN (0, 2, 3)
        AND name_level(one.family_words, one.family, other.given_words, other.given) IN (0, 2, 3)
    THEN
        given := 6;
        family := 6;
    END IF;
    RETURN ARRAY[given, family, birth_level(one.born, other.born), 10,
        slip_level(one.phone, other.phone), slip_level(one.postal_code, other.postal_code),
        street_level(one.street, other.street),
        numbers_level(one.systems, one.numbers, other.systems, other.numbers, many)]::smallint[];
END $$;
COMMENT ON FUNCTION form_levels IS 'How far two forms agree, field by field; nobody''s sex is stated.';

-- 4. The one door -------------------------------------------------------------------------------

CREATE FUNCTION similar_people(keys bytea[], forms jsonb, many text[], never uuid[], asking uuid,
        most integer)
    RETURNS TABLE (person_id uuid, profile bigint, known boolean, levels smallint[],
        both_names boolean, counts bigint[], total bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    -- Compiling it takes longer than running it.
    SET jit = off AS $$
    WITH near AS MATERIALIZED (
        SELECT b.person_id, count(DISTINCT b.key) AS shared FROM match_block b
        WHERE b.key = ANY (keys) AND NOT EXISTS (
            SELECT FROM profile p WHERE p.person_id = b.person_id
                AND (p.victim_service OR p.custodian_id = ANY (never)))
        GROUP BY b.person_id ORDER BY shared DESC, b.person_id LIMIT most
    ), compared AS MATERIALIZED (
        SELECT n.person_id, true AS near FROM near n
        UNION ALL
        -- As much is compared where there is nobody.
        (SELECT f.person_id, false FROM match_form f
            WHERE f.place = 0 AND f.person_id NOT IN (SELECT n.person_id FROM near n)
            LIMIT most - (SELECT count(*) FROM near))
    ), all_names AS MATERIALIZED (
        SELECT times(0::smallint, '') AS n
    ), probe AS MATERIALIZED (
        SELECT f AS form, times(1::smallint, f.given) AS given_n, times(2::smallint, f.family) AS family_n
        FROM jsonb_populate_recordset(NULL::match_form, forms) AS f
    ), pair AS MATERIALIZED (
        SELECT c.person_id, c.near, f.profile_id, p.form AS one, f AS other,
            are_names((p.form).given, p.given_n, f.given, g.n, a.n) AS both_given,
            are_names((p.form).family, p.family_n, f.family, h.n, a.n) AS both_family,
            ARRAY[p.given_n, p.family_n, g.n, h.n] AS counts, a.n AS total
        FROM compared c
        JOIN match_form f ON f.person_id = c.person_id AND f.stands
        CROSS JOIN probe p CROSS JOIN all_names a
        CROSS JOIN LATERAL (SELECT times(1::smallint, f.given) AS n) AS g
        CROSS JOIN LATERAL (SELECT times(2::smallint, f.family) AS n) AS h
    ), judged AS MATERIALIZED (
        SELECT x.person_id, x.near, dense_rank() OVER (ORDER BY x.profile_id) AS profile,
            form_levels(x.one, x.other, many, x.both_given, x.both_family) AS levels,
            x.both_given, x.counts, x.total
        FROM pair x
    )
    SELECT j.person_id, j.profile,
        EXISTS (SELECT FROM profile p WHERE p.person_id = j.person_id AND p.custodian_id = asking),
        j.levels, j.both_given, j.counts, j.total
    FROM judged j WHERE j.near
    ORDER BY j.person_id, j.profile
$$;
COMMENT ON FUNCTION similar_people IS
    'Who shares a block with what an agency states, none of them a victim-service provider''s or labelled '
    'so, and how far each of their forms agrees with each of those stated: ids, levels, and how often the '
    'names are registered; no name, no date. `profile` tells the profiles of one person apart and says '
    'nothing else; `known`: the agency that asks has registered them. Always as many are compared.';
