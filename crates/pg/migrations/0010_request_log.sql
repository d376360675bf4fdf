-- The first answer to every write, so that a repeated request_id answers as the first time. Kept in
-- the write's own transaction. An answer may hold a person's data: it stands behind the same wall.

CREATE TABLE request_log (
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    request_id uuid NOT NULL,
    method text NOT NULL,
    payload_sha256 bytea NOT NULL CHECK (octet_length(payload_sha256) = 32),
    person_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    record_id uuid NOT NULL,
    answer bytea NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT request_log_once PRIMARY KEY (fingerprint, request_id)
);
COMMENT ON TABLE request_log IS 'The first answer to every write.';
COMMENT ON COLUMN request_log.fingerprint IS 'SHA-256 over issuer, subject and agency of the caller.';
COMMENT ON COLUMN request_log.request_id IS 'The caller''s own id of the request.';
COMMENT ON COLUMN request_log.method IS 'The RPC: the same id may not be used for another.';
COMMENT ON COLUMN request_log.payload_sha256 IS 'Of the request: a different one is refused.';
COMMENT ON COLUMN request_log.person_id IS 'Whose data the answer holds; nil: nobody''s.';
COMMENT ON COLUMN request_log.record_id IS 'What was written, so that a replay is authorized again.';
COMMENT ON COLUMN request_log.answer IS 'The answer, encoded, without its disclosure part.';
COMMENT ON COLUMN request_log.at IS 'When.';
SELECT protect('request_log');

-- The rows of nobody's data need no person in scope.
DO $$
BEGIN
    EXECUTE format('CREATE POLICY nobody ON request_log TO %I USING '
        '(person_id = ''00000000-0000-0000-0000-000000000000'')', login_role());
END $$;

CREATE FUNCTION locate_request(caller bytea, request uuid)
    RETURNS TABLE (method text, payload_sha256 bytea, person_id uuid, record_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.method, r.payload_sha256, r.person_id, r.record_id
    FROM request_log r WHERE r.fingerprint = caller AND r.request_id = request
$$;
COMMENT ON FUNCTION locate_request IS 'What a request_id was used for: ids only.';
