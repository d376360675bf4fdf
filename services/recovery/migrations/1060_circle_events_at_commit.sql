-- What people must be told of is numbered at the commit.

CREATE FUNCTION tell_of_turn() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO circle_event (seq, person_id, kind, step_id, agencies, happened_at)
    SELECT next_values('circle_event', 1), p.person_id,
        CASE NEW.act WHEN 1 THEN 'CRISIS_ACTIVATED' ELSE 'CRISIS_ENDED' END, NEW.id, p.vouching, NEW.at
    FROM plan p WHERE p.person_id = NEW.person_id;
    IF NOT FOUND THEN
        RAISE 'a plan that this transaction cannot see';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_turn IS
    'Writes down that supporters turned a crisis, for the sign-ins that may go on with the plan. At the commit: the '
    'counter, one for all people, is taken after all other locks and questions, and is held for the commit alone.';
CREATE CONSTRAINT TRIGGER crisis_turned AFTER INSERT ON crisis_step
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.turned AND NEW.act IN (1, 3))
    EXECUTE FUNCTION tell_of_turn();
