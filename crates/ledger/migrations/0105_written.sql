-- Nobody was the nil id once. The text is looked at first: most records are of reads, and are not parsed.
CREATE VIEW written_audit WITH (security_invoker = true) AS
    SELECT a.seq, x.event ->> 'rpc' AS rpc, x.event -> 'records' AS records,
        COALESCE((x.event ->> 'person')::uuid, '00000000-0000-0000-0000-000000000000') AS person_id
    FROM audit_record a CROSS JOIN LATERAL (SELECT a.detail::jsonb AS event OFFSET 0) x
    WHERE a.detail IS NOT NULL AND a.detail NOT LIKE '%"action":"READ"%'
        AND a.detail LIKE '%"outcome":"PERMIT"%';
COMMENT ON VIEW written_audit IS 'The records of writes that were permitted.';
COMMENT ON COLUMN written_audit.seq IS 'Place in this ledger.';
COMMENT ON COLUMN written_audit.rpc IS 'By which call.';
COMMENT ON COLUMN written_audit.records IS 'What was written, as ids.';
COMMENT ON COLUMN written_audit.person_id IS 'About whom; nil: nobody.';
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON written_audit FROM %I', login_role());
END $$;
