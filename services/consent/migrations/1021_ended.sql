-- Consents that were entered in error; that a consent was replaced; and of what an agency says that it
-- has heard.

ALTER TABLE consent
    ADD COLUMN in_error_at timestamptz,
    ADD COLUMN in_error_mistake text CHECK (in_error_mistake IN ('WRONG_PERSON', 'WRONG_TERMS',
        'NOT_SIGNED', 'SIGNED_UNINTENDED', 'DUPLICATE')),
    ADD COLUMN in_error_agency uuid,
    DROP CONSTRAINT consent_times_follow_status,
    DROP CONSTRAINT consent_revoked_whole,
    ADD CONSTRAINT consent_times_follow_status CHECK (
        (signed_at IS NOT NULL) = (status IN ('ACTIVE', 'REVOKED') OR in_error_at IS NOT NULL)
        AND ((revoked_at IS NOT NULL) = (status = 'REVOKED') OR in_error_at IS NOT NULL)
        AND (withdrawn_at IS NOT NULL OR in_error_at IS NOT NULL) = (status = 'INACTIVE')
        AND (withdrawn_at IS NULL OR in_error_at IS NULL)
        AND (begins_at IS NOT NULL) = (signed_at IS NOT NULL)),
    ADD CONSTRAINT consent_revoked_whole CHECK (
        (revoked_word IS NULL) = (revoked_agency IS NULL)
        AND (revoked_word IS NULL OR revoked_at IS NOT NULL)),
    ADD CONSTRAINT consent_in_error_whole CHECK (
        (in_error_mistake IS NULL) = (in_error_at IS NULL)
        AND (in_error_agency IS NULL OR in_error_at IS NOT NULL));
COMMENT ON COLUMN consent.in_error_at IS
    'When it was marked as entered in error, having been signed.';
COMMENT ON COLUMN consent.in_error_mistake IS 'Entered in error: what was wrong.';
COMMENT ON COLUMN consent.in_error_agency IS
    'Entered in error: the agency whose staff marked it; absent: the person.';

-- As before; and what was signed may be marked as entered in error, with its revocation kept.
CREATE OR REPLACE FUNCTION consent_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('DRAFT', 'ACTIVE'), ('DRAFT', 'INACTIVE'),
            ('ACTIVE', 'REVOKED'), ('ACTIVE', 'INACTIVE'), ('REVOKED', 'INACTIVE'))
        OR (NEW.in_error_at IS NOT NULL)
            <> (OLD.status IN ('ACTIVE', 'REVOKED') AND NEW.status = 'INACTIVE') THEN
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
    IF NEW.in_error_at IS NOT NULL AND (
        (NEW.revoked_at, NEW.revoked_agency, NEW.revoked_word, NEW.document -> 'revoked_at')
        IS DISTINCT FROM
        (OLD.revoked_at, OLD.revoked_agency, OLD.revoked_word, OLD.document -> 'revoked_at')) THEN
        RAISE 'a consent is kept as revoked' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION consent_kept() IS
    'Lets a consent be signed, withdrawn, revoked and marked as entered in error, and changes nothing '
    'else of it.';
COMMENT ON TABLE consent IS
    'What a person agrees to or forbids. Never deleted; as signed but for its revocation and for being '
    'marked as entered in error.';

ALTER TABLE consent_event
    DROP CONSTRAINT consent_event_kind_check,
    ADD CONSTRAINT consent_event_kind_check CHECK (
        kind IN ('SIGNED', 'REVOKED', 'ENTERED_IN_ERROR', 'SUPERSEDED'));
COMMENT ON COLUMN consent_event.kind IS 'SIGNED, REVOKED, ENTERED_IN_ERROR or SUPERSEDED.';
DROP INDEX consent_event_of_consent;
CREATE INDEX consent_event_of_consent ON consent_event (consent_id, seq);

-- One for each event: a consent may be replaced, and then revoked.
ALTER TABLE acknowledgement
    ADD COLUMN event_seq bigint REFERENCES consent_event,
    DROP CONSTRAINT acknowledgement_pkey;
CREATE UNIQUE INDEX acknowledgement_once ON acknowledgement (consent_id, agency_id, event_seq)
    NULLS NOT DISTINCT;
COMMENT ON TABLE acknowledgement IS
    'Agencies that said that the end of a consent has reached them.';
COMMENT ON COLUMN acknowledgement.consent_id IS 'The consent that ended.';
COMMENT ON COLUMN acknowledgement.event_seq IS
    'The event that told of it; absent: of before there were several kinds, the revocation.';
