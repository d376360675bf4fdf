-- What opens or closes records beside consents (restrictions, medical emergencies, court orders); how
-- a consent was given and ended; and the events of consents that agencies follow.

-- Each keeps the message that the contract gives out: its words are as they were sent.

CREATE TABLE restriction (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    custodian_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('REQUESTED', 'AGREED', 'ENDED')),
    created_at timestamptz NOT NULL,
    agreed_at timestamptz,
    ended_at timestamptz,
    version integer NOT NULL CHECK (version > 0),
    wire bytea NOT NULL,
    CONSTRAINT restriction_times_follow_status CHECK (
        (ended_at IS NOT NULL) = (status = 'ENDED')
        AND (status <> 'AGREED' OR agreed_at IS NOT NULL)
        AND (status <> 'REQUESTED' OR agreed_at IS NULL))
);
COMMENT ON TABLE restriction IS 'What a person asked an agency not to use or disclose (164.522(a)).';
COMMENT ON COLUMN restriction.id IS 'Version 7, of the asking''s time.';
COMMENT ON COLUMN restriction.person_id IS 'Who asked.';
COMMENT ON COLUMN restriction.custodian_id IS 'The agency that is asked.';
COMMENT ON COLUMN restriction.status IS 'REQUESTED, AGREED or ENDED (refused too).';
COMMENT ON COLUMN restriction.created_at IS 'When it was asked for.';
COMMENT ON COLUMN restriction.agreed_at IS 'When the custodian agreed.';
COMMENT ON COLUMN restriction.ended_at IS 'When it was refused, or ended.';
COMMENT ON COLUMN restriction.version IS 'Grows by one with every change.';
COMMENT ON COLUMN restriction.wire IS 'trellis.consent.v1.Restriction.';
SELECT protect('restriction');
CREATE INDEX restriction_newest ON restriction (person_id, created_at DESC, id DESC);

CREATE TABLE emergency (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    practitioner text NOT NULL,
    granted_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    reviewed_by uuid[] NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    wire bytea NOT NULL,
    CONSTRAINT emergency_at_most_a_day CHECK (expires_at <= granted_at + interval '24 hours'),
    CONSTRAINT emergency_reviewed_once_an_agency CHECK (cardinality(reviewed_by) <= 100)
);
COMMENT ON TABLE emergency IS 'Declared medical emergencies (42 CFR 2.51).';
COMMENT ON COLUMN emergency.id IS 'Version 7, of the declaring''s time.';
COMMENT ON COLUMN emergency.person_id IS 'Whose records it opens.';
COMMENT ON COLUMN emergency.agency_id IS 'The agency whose staff declared it.';
COMMENT ON COLUMN emergency.practitioner IS 'Who declared it: the id within the agency.';
COMMENT ON COLUMN emergency.granted_at IS 'From when.';
COMMENT ON COLUMN emergency.expires_at IS 'Until when; earlier where a review found it not justified.';
COMMENT ON COLUMN emergency.reviewed_by IS 'The agencies whose privacy officer has reviewed it.';
COMMENT ON COLUMN emergency.version IS 'Grows by one with every change.';
COMMENT ON COLUMN emergency.wire IS 'trellis.consent.v1.Emergency.';
SELECT protect('emergency');
CREATE INDEX emergency_newest ON emergency (person_id, granted_at DESC, id DESC);
CREATE INDEX emergency_of_agency ON emergency (agency_id, granted_at DESC, id DESC);

CREATE TABLE court_order (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    custodian_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    accepted_at timestamptz,
    version integer NOT NULL CHECK (version > 0),
    wire bytea NOT NULL
);
COMMENT ON TABLE court_order IS 'Court orders about records of a person (42 CFR 2.61 to 2.67).';
COMMENT ON COLUMN court_order.id IS 'Version 7, of the recording''s time.';
COMMENT ON COLUMN court_order.person_id IS 'Whose records.';
COMMENT ON COLUMN court_order.custodian_id IS 'The agency that holds them, and recorded the order.';
COMMENT ON COLUMN court_order.created_at IS 'When it was recorded.';
COMMENT ON COLUMN court_order.accepted_at IS 'When the custodian''s privacy officer accepted it.';
COMMENT ON COLUMN court_order.version IS 'Grows by one with every change.';
COMMENT ON COLUMN court_order.wire IS 'trellis.consent.v1.CourtOrder.';
SELECT protect('court_order');
CREATE INDEX court_order_newest ON court_order (person_id, created_at DESC, id DESC);

CREATE FUNCTION locate_beside(wanted uuid) RETURNS TABLE (person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.person_id FROM restriction r WHERE r.id = wanted
    UNION ALL SELECT e.person_id FROM emergency e WHERE e.id = wanted
    UNION ALL SELECT o.person_id FROM court_order o WHERE o.id = wanted
$$;
COMMENT ON FUNCTION locate_beside IS
    'Whose restriction, emergency access or court order an id names.';

CREATE FUNCTION locate_emergencies(agency uuid, unreviewed boolean, before timestamptz,
        before_id uuid, most bigint)
    RETURNS TABLE (id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.id, e.person_id FROM emergency e
    WHERE e.agency_id = agency AND (e.granted_at, e.id) < (before, before_id)
        AND NOT (unreviewed AND e.reviewed_by @> ARRAY[agency])
    ORDER BY e.granted_at DESC, e.id DESC LIMIT most
$$;
COMMENT ON FUNCTION locate_emergencies IS
    'The emergency accesses that an agency''s staff declared, newest first: ids only.';

-- Volatile: it locks, so that two declarations at once count each other.
CREATE FUNCTION count_emergencies(agency uuid, who text, person uuid, week timestamptz,
        day timestamptz)
    RETURNS TABLE (repeated bigint, people bigint)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(agency::text || '/' || who, 51));
    RETURN QUERY SELECT
        count(*) FILTER (WHERE e.person_id = person AND e.granted_at > week),
        count(DISTINCT e.person_id) FILTER (WHERE e.granted_at > day AND e.person_id <> person)
        FROM emergency e
        WHERE e.agency_id = agency AND e.practitioner = who AND e.granted_at > least(week, day);
END $$;
COMMENT ON FUNCTION count_emergencies IS
    'How often a practitioner declared an emergency of this person, and of how many others: numbers '
    'only.';

-- Consents: how they were given and ended ----------------------------------------------------

ALTER TABLE consent
    ADD COLUMN concerned_agencies uuid[],
    ADD COLUMN language text NOT NULL DEFAULT 'en',
    ADD COLUMN reading_level real NOT NULL DEFAULT 0,
    ADD COLUMN recorded_agency uuid,
    ADD COLUMN recorded jsonb,
    ADD COLUMN revoked_agency uuid,
    ADD COLUMN revoked_word text CHECK (revoked_word IN ('SPOKEN', 'WRITTEN')),
    ADD CONSTRAINT consent_recorded_whole CHECK (
        (recorded IS NULL) = (recorded_agency IS NULL)),
    ADD CONSTRAINT consent_revoked_whole CHECK (
        (revoked_word IS NULL) = (revoked_agency IS NULL)
        AND (revoked_word IS NULL OR status = 'REVOKED'));
COMMENT ON COLUMN consent.concerned_agencies IS
    'The agencies whose records it is about: a sign-in that these alone vouch for may see it. '
    'Absent: it is about everybody''s.';
COMMENT ON COLUMN consent.language IS 'BCP 47 language of the text.';
COMMENT ON COLUMN consent.reading_level IS 'The text''s reading level: a school grade.';
COMMENT ON COLUMN consent.recorded_agency IS
    'Signed by hand: the agency whose staff recorded it.';
COMMENT ON COLUMN consent.recorded IS
    'Signed by hand: the image''s SHA-256, the witness, and who recorded it.';
COMMENT ON COLUMN consent.revoked_agency IS
    'Revoked on the person''s word: the agency whose staff recorded that.';
COMMENT ON COLUMN consent.revoked_word IS 'Revoked on the person''s word: how it was said.';

-- As before; how it was given is kept as well.
CREATE OR REPLACE FUNCTION consent_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN
        (('DRAFT', 'ACTIVE'), ('DRAFT', 'INACTIVE'), ('ACTIVE', 'REVOKED')) THEN
        RAISE 'a consent does not move that way' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.version <> OLD.version + 1
        OR (NEW.id, NEW.person_id, NEW.created_at, NEW.drafted_agency, NEW.named_agencies,
            NEW.supersedes, NEW.text, NEW.text_sha256, NEW.language, NEW.reading_level,
            NEW.recorded_agency, NEW.recorded, NEW.concerned_agencies)
        IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.created_at, OLD.drafted_agency,
            OLD.named_agencies, OLD.supersedes, OLD.text, OLD.text_sha256, OLD.language,
            OLD.reading_level, OLD.recorded_agency, OLD.recorded, OLD.concerned_agencies)
        OR NEW.document - ARRAY['status', 'signature', 'effective', 'revoked_at']
        IS DISTINCT FROM OLD.document - ARRAY['status', 'signature', 'effective', 'revoked_at'] THEN
        RAISE 'a consent is kept as drafted' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.signed_at IS NOT NULL AND (
        (NEW.signed_at, NEW.begins_at, NEW.ends_at, NEW.revocable_at)
        IS DISTINCT FROM (OLD.signed_at, OLD.begins_at, OLD.ends_at, OLD.revocable_at)
        OR NEW.document - ARRAY['status', 'revoked_at']
        IS DISTINCT FROM OLD.document - ARRAY['status', 'revoked_at']) THEN
        RAISE 'a consent is kept as signed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- Events of consents -------------------------------------------------------------------------

CREATE TABLE consent_event (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    consent_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('SIGNED', 'REVOKED')),
    agencies uuid[] NOT NULL,
    happened_at timestamptz NOT NULL
);
COMMENT ON TABLE consent_event IS
    'What happened to consents, in commit order: numbered by the counter of this name.';
COMMENT ON COLUMN consent_event.seq IS 'Its place: 1, 2, 3 and so on.';
COMMENT ON COLUMN consent_event.consent_id IS 'Which consent.';
COMMENT ON COLUMN consent_event.person_id IS 'Whose.';
COMMENT ON COLUMN consent_event.kind IS 'SIGNED or REVOKED.';
COMMENT ON COLUMN consent_event.agencies IS 'The agencies that it names, who are told.';
COMMENT ON COLUMN consent_event.happened_at IS 'When.';
SELECT append_only('consent_event');
SELECT protect('consent_event');
CREATE INDEX consent_event_agencies ON consent_event USING gin (agencies);

CREATE FUNCTION follow_consents(agency uuid, after bigint, most bigint)
    RETURNS TABLE (seq bigint, consent_id uuid, person_id uuid, kind text, happened_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.seq, e.consent_id, e.person_id, e.kind, e.happened_at FROM consent_event e
    WHERE e.seq > after AND e.agencies @> ARRAY[agency]
    ORDER BY e.seq LIMIT most
$$;
COMMENT ON FUNCTION follow_consents IS
    'The events, after one, of consents that name an agency: ids and kinds only.';

CREATE FUNCTION consent_event_head() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT coalesce(max(e.seq), 0) FROM consent_event e
$$;
COMMENT ON FUNCTION consent_event_head IS 'The number of the last event; 0: there is none.';

CREATE TABLE acknowledgement (
    consent_id uuid NOT NULL REFERENCES consent,
    agency_id uuid NOT NULL,
    person_id uuid NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    PRIMARY KEY (consent_id, agency_id)
);
COMMENT ON TABLE acknowledgement IS 'Agencies that said that a revocation has reached them.';
COMMENT ON COLUMN acknowledgement.consent_id IS 'The revoked consent.';
COMMENT ON COLUMN acknowledgement.agency_id IS 'Which agency.';
COMMENT ON COLUMN acknowledgement.person_id IS 'Whose consent.';
COMMENT ON COLUMN acknowledgement.acknowledged_at IS 'When.';
SELECT append_only('acknowledgement');
SELECT protect('acknowledgement');
