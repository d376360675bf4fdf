-- What a person must be told of that was decided about the release of notes, for the people service that follows.

CREATE TABLE release_event (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    person_id uuid NOT NULL,
    decision_id uuid NOT NULL REFERENCES release_decision (id),
    agencies uuid[] NOT NULL,
    happened_at timestamptz NOT NULL
);
COMMENT ON TABLE release_event IS
    'That a block was lifted, in commit order: numbered by the counter of this name.';
COMMENT ON COLUMN release_event.seq IS 'Its place: 1, 2, 3 and so on.';
COMMENT ON COLUMN release_event.person_id IS 'Who must be told.';
COMMENT ON COLUMN release_event.decision_id IS 'By which decision.';
COMMENT ON COLUMN release_event.agencies IS
    'Who holds the note: only a sign-in is told for which it vouches, or which stands everywhere.';
COMMENT ON COLUMN release_event.happened_at IS 'When.';
SELECT append_only('release_event');
SELECT protect('release_event');

CREATE FUNCTION tell_of_release() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO release_event (seq, person_id, decision_id, agencies, happened_at)
    SELECT next_values('release_event', 1), NEW.person_id, NEW.id, ARRAY[n.custodian_id], NEW.at
    FROM note n WHERE n.id = NEW.note_id;
    IF NOT FOUND THEN
        RAISE 'a note that this transaction cannot see';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_release IS
    'Writes down that a block was lifted. At the commit: the counter, one for all people, is taken after all other locks '
    'and questions, and is held for the commit alone.';
CREATE CONSTRAINT TRIGGER release_lifted AFTER INSERT ON release_decision
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind IN (2, 4))
    EXECUTE FUNCTION tell_of_release();

CREATE FUNCTION follow_release_events(after bigint, most bigint)
    RETURNS TABLE (seq bigint, person_id uuid, agencies uuid[], happened_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.seq, e.person_id, e.agencies, e.happened_at FROM release_event e
    WHERE e.seq > follow_release_events.after ORDER BY e.seq LIMIT follow_release_events.most
$$;
COMMENT ON FUNCTION follow_release_events IS
    'Whose blocks were lifted after a number, for the people service that follows: ids.';
