-- By which rules a consent was signed.

ALTER TABLE consent ADD COLUMN rule_pack text CHECK (rule_pack <> '');
COMMENT ON COLUMN consent.rule_pack IS
    'The rule packs by which it could be signed, as id-version, separated by ";". Absent: not signed, '
    'or signed before packs were named.';

CREATE FUNCTION consent_rule_pack_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.signed_at IS NOT NULL AND NEW.rule_pack IS DISTINCT FROM OLD.rule_pack THEN
        RAISE 'a consent is kept as signed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION consent_rule_pack_kept() IS 'Keeps by which rules a consent was signed.';
CREATE TRIGGER consent_rule_pack_kept BEFORE UPDATE ON consent
    FOR EACH ROW EXECUTE FUNCTION consent_rule_pack_kept();
