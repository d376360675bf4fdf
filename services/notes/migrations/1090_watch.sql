-- What those who watch are told of notes. It is written by the database, so that an older instance's writes are
-- told as well.

CREATE TABLE note_event (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    note_id uuid NOT NULL REFERENCES note (id),
    person_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind IN (1, 2)),
    state smallint CHECK (state BETWEEN 1 AND 5),
    version integer CHECK (version > 0),
    at timestamptz NOT NULL,
    CHECK ((kind = 1) = (state IS NOT NULL) AND (kind = 1) = (version IS NOT NULL))
);
COMMENT ON TABLE note_event IS
    'What happened to notes, in the order of the commits, never changed: ids and states, no content.';
COMMENT ON COLUMN note_event.seq IS 'From the counter note_event, which no later value passes.';
COMMENT ON COLUMN note_event.note_id IS 'To which note.';
COMMENT ON COLUMN note_event.person_id IS 'Whom it is about: for the wall, and those who watch.';
COMMENT ON COLUMN note_event.kind IS 'NoteEventKind of the contract: 1 STATE, 2 ADDED.';
COMMENT ON COLUMN note_event.state IS 'STATE: the state, as note.state; 1 is signed and not cosigned.';
COMMENT ON COLUMN note_event.version IS 'STATE: the present version of then.';
COMMENT ON COLUMN note_event.at IS 'When.';
CREATE INDEX note_event_of_person ON note_event (person_id, seq);
SELECT protect('note_event');
SELECT append_only('note_event');

-- At the commit: the counter is taken after all other locks, so nobody waits for each other, and is held for the
-- commit alone.
CREATE FUNCTION tell_of_note() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO note_event (seq, note_id, person_id, kind, state, version, at)
    VALUES (next_values('note_event', 1), NEW.id, NEW.person_id, 1, NEW.state, NEW.version,
        CASE WHEN NEW.state = 5 THEN NEW.error_at
            WHEN NEW.version <> OLD.version THEN (
                SELECT v.at FROM note_version v WHERE v.note_id = NEW.id AND v.version = NEW.version)
            ELSE COALESCE(NEW.cosigned_at, NEW.signed_at)
        END);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_note IS
    'Keeps that a note was signed, cosigned, changed or marked: what a draft says is told to nobody.';
CREATE CONSTRAINT TRIGGER note_told AFTER UPDATE OF state, version, signed_at ON note
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((NEW.signed_at IS NOT NULL OR NEW.state = 5)
        AND (OLD.state, OLD.version, OLD.signed_at) IS DISTINCT FROM (NEW.state, NEW.version, NEW.signed_at))
    EXECUTE FUNCTION tell_of_note();

CREATE FUNCTION tell_beside_note() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    added_at timestamptz;
BEGIN
    IF TG_TABLE_NAME = 'note_statement' THEN added_at := NEW.at; ELSE added_at := NEW.decided_at; END IF;
    INSERT INTO note_event (seq, note_id, person_id, kind, at)
    VALUES (next_values('note_event', 1), NEW.note_id, NEW.person_id, 2, added_at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_beside_note IS
    'Keeps that the person wrote something beside a note, or that a request of theirs was decided.';
CREATE CONSTRAINT TRIGGER note_statement_told AFTER INSERT ON note_statement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_beside_note();
CREATE CONSTRAINT TRIGGER amendment_request_told AFTER UPDATE OF state ON amendment_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state = 1 AND NEW.state > 1)
    EXECUTE FUNCTION tell_beside_note();

CREATE FUNCTION locate_note_events(after bigint, upto bigint, most integer) RETURNS SETOF note_event
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT e.* FROM note_event e WHERE e.seq > after AND e.seq <= upto ORDER BY e.seq LIMIT most;
END $$;
COMMENT ON FUNCTION locate_note_events IS
    'What happened to anybody''s notes, in its order: ids and states, no content.';
