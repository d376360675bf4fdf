-- Consents, the revision of each person's facts, and the changes of these in their order.

CREATE TABLE consent (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('DRAFT', 'ACTIVE', 'INACTIVE', 'REVOKED')),
    created_at timestamptz NOT NULL,
    signed_at timestamptz,
    revoked_at timestamptz,
    withdrawn_at timestamptz,
    begins_at timestamptz,
    ends_at timestamptz,
    revocable_at timestamptz,
    drafted_agency uuid,
    named_agencies uuid[] NOT NULL,
    supersedes uuid[] NOT NULL,
    document jsonb NOT NULL,
    text text NOT NULL,
    text_sha256 text NOT NULL CHECK (text_sha256 ~ '^[0-9a-f]{64}$'),
    version integer NOT NULL CHECK (version > 0),
    wire bytea NOT NULL,
    CONSTRAINT consent_times_follow_status CHECK (
        (signed_at IS NOT NULL) = (status IN ('ACTIVE', 'REVOKED'))
        AND (revoked_at IS NOT NULL) = (status = 'REVOKED')
        AND (withdrawn_at IS NOT NULL) = (status = 'INACTIVE')
        AND (begins_at IS NOT NULL) = (signed_at IS NOT NULL)),
    CONSTRAINT consent_begins_with_its_signature CHECK (begins_at >= signed_at)
);
COMMENT ON TABLE consent IS
    'What a person agrees to or forbids. Never deleted; as signed but for its revocation.';
COMMENT ON COLUMN consent.id IS 'Version 7, of the drafting''s time.';
COMMENT ON COLUMN consent.person_id IS 'Whose consent.';
COMMENT ON COLUMN consent.status IS 'As in the document: DRAFT, ACTIVE, INACTIVE or REVOKED.';
COMMENT ON COLUMN consent.created_at IS 'When it was drafted.';
COMMENT ON COLUMN consent.signed_at IS 'When it was signed.';
COMMENT ON COLUMN consent.revoked_at IS 'When it was revoked.';
COMMENT ON COLUMN consent.withdrawn_at IS 'When it was withdrawn, never having been signed.';
COMMENT ON COLUMN consent.begins_at IS 'From when it is effective; with the signature.';
COMMENT ON COLUMN consent.ends_at IS 'Until when; absent: no end, or not signed.';
COMMENT ON COLUMN consent.revocable_at IS
    'A revocation takes effect no earlier (42 CFR 2.35(b)); with the signature.';
COMMENT ON COLUMN consent.drafted_agency IS 'The agency whose staff drafted it; absent: the person.';
COMMENT ON COLUMN consent.named_agencies IS
    'Every agency named as recipient or discloser, a practitioner''s too: they may see it.';
COMMENT ON COLUMN consent.supersedes IS 'The consents that it replaces.';
COMMENT ON COLUMN consent.document IS 'What it says, as the policy reads it.';
COMMENT ON COLUMN consent.text IS 'The text as shown for signing.';
COMMENT ON COLUMN consent.text_sha256 IS 'SHA-256 of the text''s UTF-8.';
COMMENT ON COLUMN consent.version IS 'Grows by one with every change.';
COMMENT ON COLUMN consent.wire IS
    'The document as other services are sent it: trellis.consent.v1.Consent without the text.';
SELECT protect('consent');

CREATE INDEX consent_newest ON consent (person_id, created_at DESC, id DESC);
-- For what time alone changes.
CREATE INDEX consent_begins ON consent (begins_at) WHERE status = 'ACTIVE';
CREATE INDEX consent_ends ON consent (ends_at) WHERE status = 'ACTIVE';
CREATE INDEX consent_revocable ON consent (revocable_at) WHERE status = 'REVOKED';

-- What was signed is kept as signed, whatever the service may think.
CREATE FUNCTION consent_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN
        (('DRAFT', 'ACTIVE'), ('DRAFT', 'INACTIVE'), ('ACTIVE', 'REVOKED')) THEN
        RAISE 'a consent does not move that way' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.version <> OLD.version + 1
        OR (NEW.id, NEW.person_id, NEW.created_at, NEW.drafted_agency, NEW.named_agencies,
            NEW.supersedes, NEW.text, NEW.text_sha256)
        IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.created_at, OLD.drafted_agency,
            OLD.named_agencies, OLD.supersedes, OLD.text, OLD.text_sha256)
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
COMMENT ON FUNCTION consent_kept() IS
    'Lets a consent be signed, withdrawn and revoked, and changes nothing else of it.';
CREATE TRIGGER consent_kept BEFORE UPDATE ON consent
    FOR EACH ROW EXECUTE FUNCTION consent_kept();

CREATE FUNCTION locate_consent(consent uuid) RETURNS TABLE (person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT c.person_id FROM consent c WHERE c.id = locate_consent.consent
$$;
COMMENT ON FUNCTION locate_consent IS 'Whose consent an id names.';

-- Revisions ---------------------------------------------------------------------------------

CREATE TABLE person_revision (
    person_id uuid NOT NULL,
    revision bigint NOT NULL CHECK (revision > 0),
    -- Asked for at every decision in the network: the index alone answers.
    PRIMARY KEY (person_id) INCLUDE (revision)
);
COMMENT ON TABLE person_revision IS
    'The revision of each person''s facts. Its row stays locked from a change to the commit.';
COMMENT ON COLUMN person_revision.person_id IS 'Whose facts.';
COMMENT ON COLUMN person_revision.revision IS 'Grows by one with every change of the facts.';
SELECT protect('person_revision');

-- plpgsql keeps its plan with the connection; an SQL function would be planned at every call.
CREATE FUNCTION locate_revisions(people uuid[]) RETURNS TABLE (person_id uuid, revision bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY SELECT r.person_id, r.revision FROM person_revision r
        WHERE r.person_id = ANY (people);
END $$;
COMMENT ON FUNCTION locate_revisions IS 'The revisions of these people''s facts, and no facts.';

-- Changes -----------------------------------------------------------------------------------

CREATE TABLE fact_change (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    person_id uuid NOT NULL,
    revision bigint NOT NULL CHECK (revision > 0)
);
COMMENT ON TABLE fact_change IS
    'Every change of anybody''s facts, in commit order: numbered by the counter of this name.';
COMMENT ON COLUMN fact_change.seq IS 'Its place: 1, 2, 3 and so on.';
COMMENT ON COLUMN fact_change.person_id IS 'Whose facts.';
COMMENT ON COLUMN fact_change.revision IS 'Their new revision.';
SELECT append_only('fact_change');
SELECT protect('fact_change');

CREATE FUNCTION follow_changes(after bigint, most bigint)
    RETURNS TABLE (seq bigint, person_id uuid, revision bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT c.seq, c.person_id, c.revision FROM fact_change c
    WHERE c.seq > follow_changes.after ORDER BY c.seq LIMIT follow_changes.most
$$;
COMMENT ON FUNCTION follow_changes IS 'The changes after one, for services that follow: ids only.';

-- What time alone changes -------------------------------------------------------------------

CREATE TABLE turn_scan (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    upto timestamptz NOT NULL
);
COMMENT ON TABLE turn_scan IS
    'One row, locked by whoever tells the changes that time alone has made.';
COMMENT ON COLUMN turn_scan.one IS 'There is one row.';
COMMENT ON COLUMN turn_scan.upto IS 'Beginnings and ends up to this instant have been told.';
INSERT INTO turn_scan (upto) VALUES ('1970-01-01T00:00:00Z');

-- A consent that begins with its signature is told by that.
CREATE FUNCTION locate_turns(after timestamptz, upto timestamptz, most bigint)
    RETURNS TABLE (person_id uuid, at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT t.person_id, t.at FROM (
        SELECT c.person_id, c.begins_at AS at FROM consent c
        WHERE c.status = 'ACTIVE' AND c.begins_at > c.signed_at
            AND c.begins_at > locate_turns.after AND c.begins_at <= locate_turns.upto
        UNION ALL
        SELECT c.person_id, c.ends_at FROM consent c
        WHERE c.status = 'ACTIVE'
            AND c.ends_at > locate_turns.after AND c.ends_at <= locate_turns.upto
        UNION ALL
        SELECT c.person_id, c.revocable_at FROM consent c
        WHERE c.status = 'REVOKED' AND c.revocable_at > c.revoked_at
            AND c.revocable_at > locate_turns.after AND c.revocable_at <= locate_turns.upto
    ) t
    ORDER BY t.at FETCH FIRST (locate_turns.most) ROWS WITH TIES
$$;
COMMENT ON FUNCTION locate_turns IS
    'Whose consents began or ended by time alone after one instant and up to another, the earliest '
    'of them, all of the last instant included: ids only.';
