-- Notices are followed in the order in which they were committed.

ALTER TABLE notice ADD COLUMN position bigint;
COMMENT ON COLUMN notice.position IS
    'Of its last change (it was written, acknowledged, or went to another sign-in), by the counter of '
    'the table''s name. Null: within the transaction that writes it.';

ALTER TABLE notice NO FORCE ROW LEVEL SECURITY;
UPDATE notice n SET position = o.place
FROM (SELECT id, row_number() OVER (ORDER BY at, id) AS place FROM notice) AS o WHERE o.id = n.id;
SELECT next_values('notice', (SELECT count(*) FROM notice));
ALTER TABLE notice FORCE ROW LEVEL SECURITY;
CREATE INDEX notice_in_order ON notice (person_id, position);

CREATE FUNCTION place_notice() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE notice SET position = next_values('notice', 1) WHERE id = NEW.id;
    IF NOT FOUND THEN
        RAISE 'a notice that this transaction cannot see';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION place_notice IS
    'Gives a notice that was changed its position. At the commit: the counter is taken after all '
    'other locks, so nobody waits for each other, and is held for the commit alone.';
CREATE CONSTRAINT TRIGGER notice_written AFTER INSERT ON notice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION place_notice();
CREATE CONSTRAINT TRIGGER notice_changed AFTER UPDATE OF sign_in_id, acknowledged_at ON notice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.sign_in_id, OLD.acknowledged_at) IS DISTINCT FROM (NEW.sign_in_id, NEW.acknowledged_at))
    EXECUTE FUNCTION place_notice();

CREATE FUNCTION in_inbox(
    to_sign_in uuid, to_agency uuid, to_all_of uuid[], own uuid, vouching uuid[]
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_sign_in = own
        OR (to_agency IS NOT NULL AND (vouching IS NULL OR to_agency = ANY (vouching)))
        OR (to_all_of IS NOT NULL
            AND (vouching IS NULL OR (to_all_of <> '{}' AND to_all_of <@ vouching)));
COMMENT ON FUNCTION in_inbox IS
    'Whether a notice so addressed is for the holder of this sign-in, for whom these agencies vouch '
    '(null: it stands everywhere).';
