-- Notices of what others did about a person's consents and records, as the consent service tells them.

ALTER TABLE notice DROP CONSTRAINT notice_what_check, DROP CONSTRAINT notice_to_one;
ALTER TABLE notice
    ALTER COLUMN about DROP NOT NULL,
    ADD COLUMN agencies uuid[],
    ADD CONSTRAINT notice_what_check CHECK (what IN ('SIGN_IN_REPLACED', 'SIGN_IN_ADDED',
        'REPRESENTATIVE_ADDED', 'REPRESENTATIVE_ENDED', 'EMERGENCY', 'CONSENT_ENDED',
        'COURT_ORDER')),
    ADD CONSTRAINT notice_to_one CHECK (num_nonnulls(sign_in_id, agency_id, agencies) <= 1);
COMMENT ON COLUMN notice.about IS
    'To what: the binding that ended or was added, or the representative. Null: to what another '
    'service holds.';
COMMENT ON COLUMN notice.agencies IS
    'To whoever holds a binding that all of these vouch for, or a proofed one; none of them: a proofed '
    'one only.';

CREATE TABLE person_event_cursor (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    sequence bigint NOT NULL CHECK (sequence >= 0)
);
COMMENT ON TABLE person_event_cursor IS 'How far the consent service''s events are dealt with.';
COMMENT ON COLUMN person_event_cursor.only_one IS 'There is one row.';
COMMENT ON COLUMN person_event_cursor.sequence IS 'The number of the last that is.';
INSERT INTO person_event_cursor (sequence) VALUES (0);
