-- What writes on record have made, as their records name it: see the ledger's migration 0104. The records
-- of all else (representatives, invitations, sign-ins, notices) name whom they are about.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM profile;
