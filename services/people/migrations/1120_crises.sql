-- Notices of what a person's circle did, as the recovery service tells them.

ALTER TABLE notice DROP CONSTRAINT notice_what_check;
ALTER TABLE notice
    ADD CONSTRAINT notice_what_check CHECK (what IN ('SIGN_IN_REPLACED', 'SIGN_IN_ADDED',
        'REPRESENTATIVE_ADDED', 'REPRESENTATIVE_ENDED', 'EMERGENCY', 'CONSENT_ENDED',
        'COURT_ORDER', 'CRISIS_ACTIVATED', 'CRISIS_ENDED'));

ALTER TABLE person_event_cursor
    ADD COLUMN circles bigint NOT NULL DEFAULT 0 CHECK (circles >= 0);
COMMENT ON TABLE person_event_cursor IS 'How far the events of other services are dealt with.';
COMMENT ON COLUMN person_event_cursor.sequence IS 'Of the consent service: the number of the last that is.';
COMMENT ON COLUMN person_event_cursor.circles IS 'Of the recovery service: the number of the last that is.';
