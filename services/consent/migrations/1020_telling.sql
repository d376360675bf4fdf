-- Who must be told: the agencies that were served under a consent without being named there, of its
-- end; and the person, and privacy officers, of what others did.

CREATE TABLE served_agency (
    consent_id uuid NOT NULL REFERENCES consent,
    agency_id uuid NOT NULL,
    person_id uuid NOT NULL,
    served_at timestamptz NOT NULL,
    PRIMARY KEY (consent_id, agency_id)
);
COMMENT ON TABLE served_agency IS
    'The agencies that were served under a consent, as the audit service has told.';
COMMENT ON COLUMN served_agency.consent_id IS 'Under which consent.';
COMMENT ON COLUMN served_agency.agency_id IS 'Which agency.';
COMMENT ON COLUMN served_agency.person_id IS 'Whose consent.';
COMMENT ON COLUMN served_agency.served_at IS 'When it was served first, as far as is known.';
SELECT append_only('served_agency');
SELECT protect('served_agency');

CREATE TABLE served_cursor (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    sequence bigint NOT NULL CHECK (sequence >= 0)
);
COMMENT ON TABLE served_cursor IS 'How far the audit service has been followed.';
COMMENT ON COLUMN served_cursor.only_one IS 'There is one row.';
COMMENT ON COLUMN served_cursor.sequence IS 'The last number of the audit service''s that is kept here.';
INSERT INTO served_cursor (sequence) VALUES (0);

COMMENT ON COLUMN consent_event.agencies IS
    'Who are told: the agencies that it names; of its end those, too, that were served under it. One '
    'that is known to have been served only later has an event of its own.';
CREATE INDEX consent_event_of_consent ON consent_event (consent_id);

CREATE TABLE person_event (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    person_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('EMERGENCY', 'CONSENT_ENDED', 'COURT_ORDER')),
    record_id uuid NOT NULL,
    alarm text CHECK (alarm IN ('REPEATED', 'BULK')),
    agencies uuid[] NOT NULL,
    happened_at timestamptz NOT NULL,
    CONSTRAINT person_event_alarm_of_emergency CHECK (alarm IS NULL OR kind = 'EMERGENCY')
);
COMMENT ON TABLE person_event IS
    'What a person must be told of that others did, in commit order: numbered by the counter of this '
    'name.';
COMMENT ON COLUMN person_event.seq IS 'Its place: 1, 2, 3 and so on.';
COMMENT ON COLUMN person_event.person_id IS 'Who must be told.';
COMMENT ON COLUMN person_event.kind IS 'What happened.';
COMMENT ON COLUMN person_event.record_id IS 'The emergency access, the consent or the court order.';
COMMENT ON COLUMN person_event.alarm IS 'What is unusual about an emergency; null: nothing.';
COMMENT ON COLUMN person_event.agencies IS
    'Only a sign-in is told for which all of these vouch, or which stands everywhere; none of them: '
    'only one that stands everywhere.';
COMMENT ON COLUMN person_event.happened_at IS 'When.';
SELECT append_only('person_event');
SELECT protect('person_event');
CREATE INDEX person_event_emergencies ON person_event (seq) WHERE kind = 'EMERGENCY';

CREATE FUNCTION follow_person_events(after bigint, most bigint)
    RETURNS TABLE (seq bigint, person_id uuid, kind text, agencies uuid[], happened_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.seq, e.person_id, e.kind, e.agencies, e.happened_at FROM person_event e
    WHERE e.seq > follow_person_events.after ORDER BY e.seq LIMIT follow_person_events.most
$$;
COMMENT ON FUNCTION follow_person_events IS
    'What people must be told of after a number, for the people service that follows: ids and kinds.';

CREATE FUNCTION follow_emergencies(after bigint, most bigint)
    RETURNS TABLE (seq bigint, emergency_id uuid, person_id uuid, alarm text,
        happened_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.seq, e.record_id, e.person_id, e.alarm, e.happened_at FROM person_event e
    WHERE e.kind = 'EMERGENCY' AND e.seq > follow_emergencies.after
    ORDER BY e.seq LIMIT follow_emergencies.most
$$;
COMMENT ON FUNCTION follow_emergencies IS
    'The emergencies declared after a number, of anybody: ids and codes. Who is told of which is for '
    'the caller to ask.';

CREATE FUNCTION person_event_head() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT coalesce(max(e.seq), 0) FROM person_event e
$$;
COMMENT ON FUNCTION person_event_head IS 'The number of the last such event; 0: there is none.';
