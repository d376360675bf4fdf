-- Referrals, their moves, what the agencies are told of them, and how far the changes of people's
-- facts have been dealt with.

CREATE TABLE referral (id uuid PRIMARY KEY);
SELECT add_facets('referral');
ALTER TABLE referral
    ADD COLUMN target_id uuid NOT NULL,
    ADD COLUMN service_id uuid,
    ADD COLUMN need_category text NOT NULL,
    ADD COLUMN priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 3),
    ADD COLUMN summary bytea NOT NULL,
    ADD COLUMN state smallint NOT NULL CHECK (state BETWEEN 1 AND 9),
    ADD COLUMN held_from smallint CHECK (held_from BETWEEN 2 AND 5),
    ADD COLUMN hold_reason_system boolean NOT NULL DEFAULT false,
    ADD COLUMN outcome smallint CHECK (outcome BETWEEN 1 AND 9),
    ADD COLUMN housing_result smallint CHECK (housing_result BETWEEN 1 AND 3),
    ADD COLUMN enrollment smallint CHECK (enrollment BETWEEN 1 AND 3),
    ADD COLUMN purposes integer CHECK (purposes > 0),
    ADD COLUMN target_sees boolean NOT NULL,
    ADD COLUMN updated_at timestamptz NOT NULL,
    ADD COLUMN row_version bigint NOT NULL CHECK (row_version > 0),
    ADD CHECK (kind = 1),
    ADD CHECK (target_id <> custodian_id),
    -- A draft has been sent to nobody, and whatever is no draft has been sent for some purpose.
    ADD CHECK ((state = 1) = (purposes IS NULL)),
    ADD CHECK (state <> 1 OR NOT target_sees),
    -- Held by the network: on hold, and it is known from where.
    ADD CHECK (NOT hold_reason_system OR (state = 6 AND held_from IS NOT NULL));
COMMENT ON TABLE referral IS 'A referral of a person from one agency to another; its custodian is its source.';
COMMENT ON COLUMN referral.id IS 'referrals/{id}; UUIDv7.';
COMMENT ON COLUMN referral.target_id IS 'The agency asked.';
COMMENT ON COLUMN referral.service_id IS 'The service asked for, if any; of another service''s schema.';
COMMENT ON COLUMN referral.need_category IS 'An Open Eligibility code; empty: none.';
COMMENT ON COLUMN referral.priority IS 'Priority of the contract.';
COMMENT ON COLUMN referral.summary IS 'What is needed, through the Sealed codec.';
COMMENT ON COLUMN referral.state IS 'ReferralState of the contract.';
COMMENT ON COLUMN referral.held_from IS 'On hold: the state that it was held in.';
COMMENT ON COLUMN referral.hold_reason_system IS 'On hold by the network, since no consent covers it.';
COMMENT ON COLUMN referral.outcome IS 'Outcome of the contract, once it has ended with one.';
COMMENT ON COLUMN referral.housing_result IS 'HousingResult of the contract; null: not housing.';
COMMENT ON COLUMN referral.enrollment IS 'Enrollment of the contract; null: not stated.';
COMMENT ON COLUMN referral.purposes IS 'The purposes under which it was sent, as a mask: sending is decided on them again when the person''s consents change.';
COMMENT ON COLUMN referral.target_sees IS 'Sent, and the target has not been told that it is withdrawn.';
COMMENT ON COLUMN referral.updated_at IS 'When it last moved.';
COMMENT ON COLUMN referral.row_version IS 'Grows by one with every move; its etag, and the number of its last move.';
CREATE INDEX referral_of_person ON referral (person_id, authored_at DESC, id DESC);
CREATE INDEX referral_of_source ON referral (custodian_id, person_id);
CREATE INDEX referral_of_target ON referral (target_id, person_id);

CREATE TABLE referral_move (
    referral_id uuid NOT NULL REFERENCES referral (id),
    n bigint NOT NULL CHECK (n > 0),
    person_id uuid NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 9),
    at timestamptz NOT NULL,
    agency uuid,
    reason bytea,
    PRIMARY KEY (referral_id, n)
);
COMMENT ON TABLE referral_move IS 'Every move of a referral, never changed.';
COMMENT ON COLUMN referral_move.referral_id IS 'Of which referral.';
COMMENT ON COLUMN referral_move.n IS 'From 1: the referral''s row version after it.';
COMMENT ON COLUMN referral_move.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN referral_move.state IS 'The state after it.';
COMMENT ON COLUMN referral_move.at IS 'When.';
COMMENT ON COLUMN referral_move.agency IS 'By which agency; null: by the network.';
COMMENT ON COLUMN referral_move.reason IS 'Why, through the Sealed codec; null: no reason was needed.';
SELECT protect('referral_move');
SELECT append_only('referral_move');

CREATE TABLE referral_event (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    referral_id uuid NOT NULL REFERENCES referral (id),
    person_id uuid NOT NULL,
    source_id uuid NOT NULL,
    target_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind IN (1, 2)),
    state smallint CHECK (state BETWEEN 1 AND 9),
    at timestamptz NOT NULL,
    for_agency uuid,
    CHECK ((kind = 1) = (state IS NOT NULL)),
    CHECK (kind = 1 OR for_agency = target_id)
);
COMMENT ON TABLE referral_event IS 'What those who watch are told, in its order: ids and states, no content.';
COMMENT ON COLUMN referral_event.seq IS 'From the counter referral_event, which no later value passes.';
COMMENT ON COLUMN referral_event.referral_id IS 'Of which referral.';
COMMENT ON COLUMN referral_event.person_id IS 'Whom it is about: for the wall.';
COMMENT ON COLUMN referral_event.source_id IS 'The agency that sends.';
COMMENT ON COLUMN referral_event.target_id IS 'The agency asked.';
COMMENT ON COLUMN referral_event.kind IS 'ReferralEventKind of the contract: 1 STATE, 2 WITHDRAWN.';
COMMENT ON COLUMN referral_event.state IS 'STATE: the state.';
COMMENT ON COLUMN referral_event.at IS 'When.';
COMMENT ON COLUMN referral_event.for_agency IS 'Told to this agency alone; null: to both.';
CREATE INDEX referral_event_of_source ON referral_event (source_id, seq);
CREATE INDEX referral_event_of_target ON referral_event (target_id, seq);
SELECT protect('referral_event');
SELECT append_only('referral_event');

CREATE TABLE facts_cursor (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    sequence bigint NOT NULL CHECK (sequence >= 0)
);
COMMENT ON TABLE facts_cursor IS 'How far the changes of people''s facts have been dealt with.';
COMMENT ON COLUMN facts_cursor.only_one IS 'There is one row.';
COMMENT ON COLUMN facts_cursor.sequence IS 'The last change''s number in the consent service.';

CREATE FUNCTION locate_referrals(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, target_id uuid, state smallint
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.id, r.person_id, r.class, r.custodian_id, r.author, r.episode_id, r.authored_at,
        r.confidentiality, r.sensitivities, r.part2, r.victim_service, r.release_block_until,
        r.target_id, r.state
    FROM referral r WHERE r.id = ANY (ids)
$$;
COMMENT ON FUNCTION locate_referrals IS 'The one door without a person: facets, no content.';

CREATE FUNCTION locate_people_of(agency uuid, most integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT p.person_id FROM (
        SELECT r.person_id FROM referral r WHERE r.custodian_id = agency
        UNION
        SELECT r.person_id FROM referral r WHERE r.target_id = agency AND r.state <> 1
    ) p LIMIT most
$$;
COMMENT ON FUNCTION locate_people_of IS 'People with a referral that the agency sends or was sent: ids.';

CREATE FUNCTION locate_events(agency uuid, after bigint, upto bigint, most integer)
    RETURNS TABLE (
        seq bigint, kind smallint, event_state smallint, at timestamptz, id uuid, person_id uuid,
        class smallint, custodian_id uuid, author text, episode_id uuid, authored_at timestamptz,
        confidentiality smallint, sensitivities integer, part2 boolean, victim_service boolean,
        release_block_until timestamptz
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.seq, e.kind, e.state, e.at, r.id, r.person_id, r.class, r.custodian_id, r.author,
        r.episode_id, r.authored_at, r.confidentiality, r.sensitivities, r.part2,
        r.victim_service, r.release_block_until
    FROM (
        (SELECT s.* FROM referral_event s
            WHERE s.source_id = agency AND s.seq > after AND s.seq <= upto
                AND (s.for_agency IS NULL OR s.for_agency = agency)
            ORDER BY s.seq LIMIT most)
        UNION ALL
        (SELECT t.* FROM referral_event t
            WHERE t.target_id = agency AND t.seq > after AND t.seq <= upto
                AND (t.for_agency IS NULL OR t.for_agency = agency)
            ORDER BY t.seq LIMIT most)
    ) e JOIN referral r ON r.id = e.referral_id
    ORDER BY e.seq LIMIT most
$$;
COMMENT ON FUNCTION locate_events IS 'What an agency is to be told, in its order: ids, states and facets, no content.';

-- A list of everybody's has clauses of thousands of people, and each row needs those of its own.
CREATE FUNCTION visibility_of(person uuid, of_all jsonb, by_person jsonb) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    SELECT of_all || jsonb_build_object(
        'open', (of_all->'open') || COALESCE(own.clauses->'open', '[]'),
        'consent', (of_all->'consent') || COALESCE(own.clauses->'consent', '[]'),
        'deny', (of_all->'deny') || COALESCE(own.clauses->'deny', '[]'))
    FROM (SELECT by_person->(person::text) AS clauses) own
$$;
COMMENT ON FUNCTION visibility_of IS 'What visible() needs of a visibility to judge a row of this person.';

-- A referral as it is shown, behind the wall: the one spelling of it for every reader.
CREATE FUNCTION referral_rows(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, target_id uuid, service_id uuid,
        need_category text, priority smallint, summary bytea, state smallint, outcome smallint,
        housing_result smallint, enrollment smallint, updated_at timestamptz, row_version bigint,
        move_states smallint[], move_times timestamptz[], move_agencies uuid[],
        move_reasons bytea[]
    )
    LANGUAGE sql STABLE AS $$
    SELECT r.id, r.person_id, r.class, r.custodian_id, r.author, r.episode_id, r.authored_at,
        r.confidentiality, r.sensitivities, r.part2, r.victim_service, r.release_block_until,
        r.target_id, r.service_id, r.need_category, r.priority, r.summary, r.state, r.outcome,
        r.housing_result, r.enrollment, r.updated_at, r.row_version,
        m.states, m.times, m.agencies, m.reasons
    FROM referral r CROSS JOIN LATERAL (
        SELECT array_agg(v.state ORDER BY v.n) AS states, array_agg(v.at ORDER BY v.n) AS times,
            array_agg(v.agency ORDER BY v.n) AS agencies,
            array_agg(v.reason ORDER BY v.n) AS reasons
        FROM referral_move v WHERE v.referral_id = r.id
    ) m
    WHERE r.id = ANY (ids)
$$;
COMMENT ON FUNCTION referral_rows IS 'Referrals with their moves, of the people in scope.';

-- Point reads of many callers in one statement. It tells the wall whose referrals they are: each is
-- sealed by the caller of this function and opened only by that reader's own decision.
CREATE FUNCTION read_referrals(ids uuid[])
    RETURNS TABLE (
        id uuid, person_id uuid, class smallint, custodian_id uuid, author text, episode_id uuid,
        authored_at timestamptz, confidentiality smallint, sensitivities integer, part2 boolean,
        victim_service boolean, release_block_until timestamptz, target_id uuid, service_id uuid,
        need_category text, priority smallint, summary bytea, state smallint, outcome smallint,
        housing_result smallint, enrollment smallint, updated_at timestamptz, row_version bigint,
        move_states smallint[], move_times timestamptz[], move_agencies uuid[],
        move_reasons bytea[]
    )
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('trellis.people',
        (SELECT string_agg(DISTINCT l.person_id::text, ',') FROM locate_referrals(ids) l), true);
    RETURN QUERY SELECT s.* FROM referral_rows(ids) s;
END $$;
COMMENT ON FUNCTION read_referrals IS 'Referrals by id, for readers whose decisions are made at release.';
