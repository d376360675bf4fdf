-- What a person must be told of that their circle did, for the people service that follows.

CREATE TABLE circle_event (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    person_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('CRISIS_ACTIVATED', 'CRISIS_ENDED')),
    step_id uuid NOT NULL REFERENCES crisis_step,
    agencies uuid[] NOT NULL,
    happened_at timestamptz NOT NULL
);
COMMENT ON TABLE circle_event IS
    'What a person must be told of, in commit order: numbered by the counter of this name.';
COMMENT ON COLUMN circle_event.seq IS 'Its place: 1, 2, 3 and so on.';
COMMENT ON COLUMN circle_event.person_id IS 'Who must be told.';
COMMENT ON COLUMN circle_event.kind IS 'What happened.';
COMMENT ON COLUMN circle_event.step_id IS 'By which act.';
COMMENT ON COLUMN circle_event.agencies IS
    'Who vouched for the sign-in that wrote to the plan last: only a sign-in is told for which all of these vouch, or which '
    'stands everywhere; none of them: only one that stands everywhere.';
COMMENT ON COLUMN circle_event.happened_at IS 'When.';
SELECT append_only('circle_event');
SELECT protect('circle_event');

CREATE FUNCTION follow_circle_events(after bigint, most bigint)
    RETURNS TABLE (seq bigint, person_id uuid, kind text, agencies uuid[], happened_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.seq, e.person_id, e.kind, e.agencies, e.happened_at FROM circle_event e
    WHERE e.seq > follow_circle_events.after ORDER BY e.seq LIMIT follow_circle_events.most
$$;
COMMENT ON FUNCTION follow_circle_events IS
    'What people must be told of after a number, for the people service that follows: ids and kinds.';
