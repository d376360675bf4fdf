-- An agency vouches for one sign-in of a person at a time, and ends no other: a person may have
-- several, each of which opens what those agencies hold that vouch for it. And notices say to whom
-- they are: to the holder of one sign-in, or to whoever an agency vouches for.

DROP INDEX sign_in_one_a_person;
CREATE INDEX sign_in_of_person ON sign_in (person_id);
COMMENT ON COLUMN sign_in.ended_at IS
    'When one that is at least as strong took its place, or its appointment ended; null: it is live.';

ALTER TABLE notice DROP CONSTRAINT notice_what_check;
ALTER TABLE notice
    ADD CONSTRAINT notice_what_check CHECK (what IN ('SIGN_IN_REPLACED', 'SIGN_IN_ADDED',
        'REPRESENTATIVE_ADDED', 'REPRESENTATIVE_ENDED')),
    ADD COLUMN sign_in_id uuid REFERENCES sign_in,
    ADD COLUMN agency_id uuid,
    ADD CONSTRAINT notice_to_one CHECK (sign_in_id IS NULL OR agency_id IS NULL);
COMMENT ON COLUMN notice.about IS
    'To what: the binding that ended or was added, or the representative.';
COMMENT ON COLUMN notice.sign_in_id IS 'To whoever holds this binding, and to nobody else.';
COMMENT ON COLUMN notice.agency_id IS
    'Whose act it was: to whoever holds a binding that this agency vouches for, or a proofed one.';

-- The owner sees all rows and changes none, but for this.
ALTER TABLE notice NO FORCE ROW LEVEL SECURITY;
UPDATE notice n SET agency_id = r.agency_id FROM representative r WHERE r.id = n.about;
UPDATE notice n SET sign_in_id = s.id FROM sign_in s
WHERE n.what = 'SIGN_IN_REPLACED' AND s.person_id = n.person_id AND s.representative_id IS NULL
    AND s.ended_at IS NULL;
ALTER TABLE notice FORCE ROW LEVEL SECURITY;
