-- Notices that something is withheld no more, as the notes service tells them.

ALTER TABLE notice DROP CONSTRAINT notice_what_check;
ALTER TABLE notice
    ADD CONSTRAINT notice_what_check CHECK (what IN ('SIGN_IN_REPLACED', 'SIGN_IN_ADDED',
        'REPRESENTATIVE_ADDED', 'REPRESENTATIVE_ENDED', 'EMERGENCY', 'CONSENT_ENDED',
        'COURT_ORDER', 'CRISIS_ACTIVATED', 'CRISIS_ENDED', 'BLOCK_LIFTED'));

ALTER TABLE person_event_cursor
    ADD COLUMN releases bigint NOT NULL DEFAULT 0 CHECK (releases >= 0);
COMMENT ON COLUMN person_event_cursor.releases IS 'Of the notes service: the number of the last that is.';
