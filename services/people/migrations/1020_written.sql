-- What writes on record have made, as their records name it: see the ledger's migration 0104.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM profile
    UNION ALL SELECT id FROM representative
    UNION ALL SELECT id FROM invitation
    UNION ALL SELECT id FROM sign_in
    UNION ALL SELECT id FROM notice;
