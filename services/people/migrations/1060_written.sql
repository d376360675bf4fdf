-- What writes on record have made, as their records name it: see the ledger's migration 0105. With what
-- data stewards decide.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM profile
    UNION ALL SELECT doubt_id FROM match_decision
    UNION ALL SELECT id FROM person_link;
