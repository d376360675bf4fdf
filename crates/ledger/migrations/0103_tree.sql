-- Each record's commitment, and the tree over them (RFC 6962). A commitment is to a record with a salt
-- that nobody can guess: when record and salt are gone, the tree is as true as before, and what is left
-- tells nothing of the record.
ALTER TABLE audit_event ADD COLUMN salt bytea NOT NULL DEFAULT uuid_send(gen_random_uuid());
ALTER TABLE audit_event ADD COLUMN commitment bytea;
-- As a change of type, which row-level security is not asked about.
ALTER TABLE audit_event
    ALTER COLUMN commitment TYPE bytea USING sha256(salt || convert_to(detail, 'UTF8'));
ALTER TABLE audit_event
    ALTER COLUMN salt DROP DEFAULT,
    ALTER COLUMN commitment SET NOT NULL,
    ADD CHECK (octet_length(salt) = 16),
    ADD CHECK (octet_length(commitment) = 32);
COMMENT ON COLUMN audit_event.salt IS '122 random bits, and 6 that are always the same.';
COMMENT ON COLUMN audit_event.commitment IS 'SHA-256 of the salt and the detail.';

CREATE OR REPLACE FUNCTION append_audit(event_ids uuid[], details text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    n CONSTANT bigint := cardinality(event_ids);
    last bigint;
    added bigint;
BEGIN
    UPDATE ledger_head h SET seq = h.seq + n WHERE h.one RETURNING h.seq - n INTO STRICT last;
    -- On a snapshot that begins after the lock was had: an append that was still committing is seen.
    IF NOT EXISTS (SELECT FROM audit_event a WHERE a.event_id = ANY (event_ids)) THEN
        WITH new AS MATERIALIZED (
            SELECT e.place, e.event_id, e.detail, uuid_send(gen_random_uuid()) AS salt
            FROM unnest(event_ids, details) WITH ORDINALITY AS e (event_id, detail, place)
        )
        INSERT INTO audit_event (seq, event_id, detail, salt, commitment)
        SELECT last + new.place, new.event_id, new.detail, new.salt,
            sha256(new.salt || convert_to(new.detail, 'UTF8'))
        FROM new;
        RETURN last + n;
    END IF;
    -- OFFSET 0 keeps the look-up from becoming a join, which might read all of a ledger that has
    -- grown since the plan was made.
    WITH new AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY e.place) AS place, e.event_id, e.detail,
            uuid_send(gen_random_uuid()) AS salt
        FROM unnest(event_ids, details) WITH ORDINALITY AS e (event_id, detail, place)
        WHERE NOT EXISTS (SELECT FROM audit_event a WHERE a.event_id = e.event_id OFFSET 0)
    )
    INSERT INTO audit_event (seq, event_id, detail, salt, commitment)
    SELECT last + new.place, new.event_id, new.detail, new.salt,
        sha256(new.salt || convert_to(new.detail, 'UTF8'))
    FROM new;
    GET DIAGNOSTICS added = ROW_COUNT;
    UPDATE ledger_head SET seq = last + added WHERE one;
    RETURN last + added;
END $$;

CREATE TABLE tree_head (
    size bigint PRIMARY KEY CHECK (size > 0),
    note text NOT NULL,
    frontier bytea NOT NULL CHECK (octet_length(frontier) % 32 = 0)
);
COMMENT ON TABLE tree_head IS 'The signed heads of the tree over the records, as it grew.';
COMMENT ON COLUMN tree_head.size IS 'How many records it is over: all up to the one of this number.';
COMMENT ON COLUMN tree_head.note IS 'The head, signed: a checkpoint of a transparency log.';
COMMENT ON COLUMN tree_head.frontier IS
    'The roots of its complete subtrees, largest first: what it takes to let it grow.';
SELECT append_only('tree_head');

CREATE TABLE tree_node (
    level smallint NOT NULL CHECK (level > 0),
    place bigint NOT NULL CHECK (place >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, place)
);
COMMENT ON TABLE tree_node IS 'Roots of complete subtrees of 2^8, 2^16 and so on records, for proofs.';
COMMENT ON COLUMN tree_node.level IS 'Of 2^level records.';
COMMENT ON COLUMN tree_node.place IS 'Which one, from 0: the first record is number place * 2^level + 1.';
COMMENT ON COLUMN tree_node.hash IS 'Its hash.';
SELECT append_only('tree_node');
