-- What a person says to a referral, attempts to reach them, several that are asked for the same, reentry,
-- and the state entered-in-error.

-- The rules of before, found by what they say: they have no names of their own.
DO $$
DECLARE
    old record;
BEGIN
    FOR old IN SELECT c.conrelid::regclass AS of, c.conname FROM pg_constraint c
        WHERE c.contype = 'c' AND c.conrelid IN
            ('referral'::regclass, 'referral_move'::regclass, 'referral_event'::regclass)
            AND (pg_get_constraintdef(c.oid) ~ '\mstate\M' OR pg_get_constraintdef(c.oid) ~ '\mkind\M')
            AND NOT (c.conrelid = 'referral'::regclass AND pg_get_constraintdef(c.oid) ~ '\mkind\M')
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', old.of, old.conname);
    END LOOP;
END $$;

ALTER TABLE referral
    ADD COLUMN group_id uuid,
    ADD COLUMN expected_release date,
    ADD COLUMN warm_handoff boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT referral_state CHECK (state BETWEEN 1 AND 10),
    -- What was sent has been sent for some purpose. A draft has not, nor what was marked as an error before.
    ADD CONSTRAINT referral_sent CHECK (CASE state WHEN 1 THEN purposes IS NULL
        WHEN 10 THEN true ELSE purposes IS NOT NULL END),
    ADD CONSTRAINT referral_seen CHECK (purposes IS NOT NULL OR NOT target_sees),
    -- Held by the network: on hold, and it is known from where.
    ADD CONSTRAINT referral_held
        CHECK (NOT hold_reason_system OR (state = 6 AND held_from IS NOT NULL));
COMMENT ON COLUMN referral.group_id IS
    'The first of several that ask for the same, by whose id they are locked; null: alone.';
COMMENT ON COLUMN referral.expected_release IS 'Of a reentry: the day; null: no reentry.';
COMMENT ON COLUMN referral.warm_handoff IS 'Source, target and person are to speak with each other.';
CREATE INDEX referral_of_group ON referral (group_id) WHERE group_id IS NOT NULL;

ALTER TABLE referral_move
    ADD COLUMN practitioner text,
    ADD COLUMN outcome smallint CHECK (outcome BETWEEN 1 AND 9),
    ADD COLUMN housing_result smallint CHECK (housing_result BETWEEN 1 AND 3),
    ADD COLUMN enrollment smallint CHECK (enrollment BETWEEN 1 AND 3),
    ADD CONSTRAINT referral_move_state CHECK (state BETWEEN 1 AND 10),
    ADD CONSTRAINT referral_move_by CHECK (practitioner IS NULL OR agency IS NOT NULL);
COMMENT ON COLUMN referral_move.outcome IS 'Outcome of the contract, as said with the move.';
COMMENT ON COLUMN referral_move.housing_result IS 'HousingResult of the contract, as said with the move.';
COMMENT ON COLUMN referral_move.enrollment IS 'Enrollment of the contract, as said with the move.';
COMMENT ON COLUMN referral_move.practitioner IS
    'By whom: agency/practitioner; null: the person, the network, or before this was kept.';
ALTER TABLE referral_event
    ADD CONSTRAINT referral_event_kind CHECK (kind IN (1, 2, 4)),
    ADD CONSTRAINT referral_event_state
        CHECK (CASE kind WHEN 1 THEN state IS NOT NULL AND state BETWEEN 1 AND 10 ELSE state IS NULL END),
    ADD CONSTRAINT referral_event_withdrawn
        CHECK (kind <> 2 OR for_agency IS NOT DISTINCT FROM target_id);
COMMENT ON COLUMN referral_event.kind IS
    'ReferralEventKind of the contract: 1 STATE, 2 WITHDRAWN, 4 ADDED.';

CREATE TABLE referral_answer (
    referral_id uuid NOT NULL REFERENCES referral (id),
    n bigint NOT NULL CHECK (n > 0),
    person_id uuid NOT NULL,
    answer smallint NOT NULL CHECK (answer BETWEEN 1 AND 3),
    at timestamptz NOT NULL,
    words bytea,
    by_representative boolean NOT NULL,
    PRIMARY KEY (referral_id, n)
);
COMMENT ON TABLE referral_answer IS 'What the person said to a referral, never changed; the last one counts.';
COMMENT ON COLUMN referral_answer.referral_id IS 'To which referral.';
COMMENT ON COLUMN referral_answer.n IS 'From 1.';
COMMENT ON COLUMN referral_answer.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN referral_answer.answer IS 'PersonAnswer of the contract.';
COMMENT ON COLUMN referral_answer.at IS 'When.';
COMMENT ON COLUMN referral_answer.words IS 'In their words, through the Sealed codec; null: none.';
COMMENT ON COLUMN referral_answer.by_representative IS 'Said by who acts for them.';
SELECT protect('referral_answer');
SELECT append_only('referral_answer');

CREATE TABLE referral_contact (
    referral_id uuid NOT NULL REFERENCES referral (id),
    n bigint NOT NULL CHECK (n > 0),
    person_id uuid NOT NULL,
    at timestamptz NOT NULL,
    agency uuid NOT NULL,
    channel smallint NOT NULL CHECK (channel BETWEEN 1 AND 6),
    result smallint NOT NULL CHECK (result BETWEEN 1 AND 4),
    warm_handoff boolean NOT NULL,
    note bytea,
    PRIMARY KEY (referral_id, n),
    CONSTRAINT handed_over_in_talk CHECK (NOT warm_handoff OR result = 1)
);
COMMENT ON TABLE referral_contact IS 'Attempts to reach the person, never changed.';
COMMENT ON COLUMN referral_contact.referral_id IS 'For which referral.';
COMMENT ON COLUMN referral_contact.n IS 'From 1, as recorded.';
COMMENT ON COLUMN referral_contact.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN referral_contact.at IS 'When it was.';
COMMENT ON COLUMN referral_contact.agency IS 'By which agency.';
COMMENT ON COLUMN referral_contact.channel IS 'ContactChannel of the contract.';
COMMENT ON COLUMN referral_contact.result IS 'ContactResult of the contract.';
COMMENT ON COLUMN referral_contact.warm_handoff IS 'Source, target and person spoke with each other.';
COMMENT ON COLUMN referral_contact.note IS 'Through the Sealed codec; null: none.';
SELECT protect('referral_contact');
SELECT append_only('referral_contact');

DROP FUNCTION locate_referrals(uuid[]);
CREATE FUNCTION locate_referrals(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, target_id uuid, sent boolean
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.id, r.person_id, r.class, r.custodian_id, r.author, r.episode_id, r.authored_at,
        r.confidentiality, r.sensitivities, r.part2, r.victim_service, r.release_block_until,
        r.target_id, r.purposes IS NOT NULL
    FROM referral r WHERE r.id = ANY (ids)
$$;
COMMENT ON FUNCTION locate_referrals IS 'The one door without a person: facets, no content.';

CREATE FUNCTION locate_all_events(after bigint, upto bigint, most integer)
    RETURNS TABLE (
        seq bigint, kind smallint, event_state smallint, at timestamptz, id uuid, person_id uuid,
        class smallint, custodian_id uuid, author text, episode_id uuid, authored_at timestamptz,
        confidentiality smallint, sensitivities integer, part2 boolean, victim_service boolean,
        release_block_until timestamptz, target_id uuid, for_agency uuid
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.seq, e.kind, e.state, e.at, r.id, r.person_id, r.class, r.custodian_id, r.author,
        r.episode_id, r.authored_at, r.confidentiality, r.sensitivities, r.part2,
        r.victim_service, r.release_block_until, e.target_id, e.for_agency
    FROM referral_event e JOIN referral r ON r.id = e.referral_id
    WHERE e.seq > after AND e.seq <= upto
    ORDER BY e.seq LIMIT most
$$;
COMMENT ON FUNCTION locate_all_events IS
    'What all agencies are to be told, in its order: ids, states and facets, no content.';

CREATE OR REPLACE FUNCTION locate_people_of(agency uuid, most integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT p.person_id FROM (
        SELECT r.person_id FROM referral r WHERE r.custodian_id = agency
        UNION
        SELECT r.person_id FROM referral r WHERE r.target_id = agency AND r.purposes IS NOT NULL
    ) p LIMIT most
$$;

DROP FUNCTION read_referrals(uuid[]);
DROP FUNCTION referral_rows(uuid[]);
CREATE FUNCTION referral_rows(ids uuid[], added boolean)
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, target_id uuid, service_id uuid,
        need_category text, priority smallint, summary bytea, state smallint, outcome smallint,
        housing_result smallint, enrollment smallint, updated_at timestamptz, row_version bigint,
        move_states smallint[], move_times timestamptz[], move_agencies uuid[],
        move_reasons bytea[], move_practitioners text[], move_outcomes smallint[],
        move_housing_results smallint[], move_enrollments smallint[], sent boolean, group_id uuid, expected_release date,
        warm_handoff boolean, answers smallint[], answer_times timestamptz[], answer_words bytea[],
        answers_by_representative boolean[], contact_times timestamptz[], contact_agencies uuid[],
        contact_channels smallint[], contact_results smallint[], contact_handoffs boolean[],
        contact_notes bytea[]
    )
    LANGUAGE sql STABLE AS $$
    SELECT r.id, r.person_id, r.class, r.custodian_id, r.author, r.episode_id, r.authored_at,
        r.confidentiality, r.sensitivities, r.part2, r.victim_service, r.release_block_until,
        r.target_id, r.service_id, r.need_category, r.priority, r.summary, r.state, r.outcome,
        r.housing_result, r.enrollment, r.updated_at, r.row_version,
        m.states, m.times, m.agencies, m.reasons, m.practitioners, m.outcomes,
        m.housing_results, m.enrollments, r.purposes IS NOT NULL, r.group_id,
        r.expected_release, r.warm_handoff, a.answers, a.times, a.words, a.represented,
        c.times, c.agencies, c.channels, c.results, c.handoffs, c.notes
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
    ) c
    WHERE r.id = ANY (ids)
$$;
COMMENT ON FUNCTION referral_rows IS
    'Referrals with their moves, of the people in scope; with answers and contacts, or without.';

CREATE FUNCTION read_referrals(ids uuid[]) RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, target_id uuid, service_id uuid,
        need_category text, priority smallint, summary bytea, state smallint, outcome smallint,
        housing_result smallint, enrollment smallint, updated_at timestamptz, row_version bigint,
        move_states smallint[], move_times timestamptz[], move_agencies uuid[],
        move_reasons bytea[], move_practitioners text[], move_outcomes smallint[],
        move_housing_results smallint[], move_enrollments smallint[], sent boolean, group_id uuid, expected_release date,
        warm_handoff boolean, answers smallint[], answer_times timestamptz[], answer_words bytea[],
        answers_by_representative boolean[], contact_times timestamptz[], contact_agencies uuid[],
        contact_channels smallint[], contact_results smallint[], contact_handoffs boolean[],
        contact_notes bytea[]
    )
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('trellis.people',
        (SELECT string_agg(DISTINCT l.person_id::text, ',') FROM locate_referrals(ids) l), true);
    RETURN QUERY SELECT s.* FROM referral_rows(ids, true) s;
END $$;
COMMENT ON FUNCTION read_referrals IS 'Referrals by id, for readers whose decisions are made at release.';
