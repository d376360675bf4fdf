-- What writes on record have made, as their records name it: see the ledger's migration 0104.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM consent
    UNION ALL SELECT id FROM restriction
    UNION ALL SELECT id FROM emergency
    UNION ALL SELECT id FROM court_order;
