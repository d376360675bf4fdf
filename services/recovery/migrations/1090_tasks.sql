-- Tasks and reminders: what a person wants done, with one of their circle or alone.

ALTER TABLE share ADD COLUMN with_record boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN share.with_record IS
    'It was made by the write that made or rewrote its record, and is on record by that.';

CREATE TABLE task (
    record_id uuid PRIMARY KEY REFERENCES own_record,
    person_id uuid NOT NULL,
    supporter_id uuid REFERENCES supporter,
    repeats boolean NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 5),
    steps integer NOT NULL CHECK (steps > 0)
);
COMMENT ON TABLE task IS 'Where a task stands. What it says is its record''s.';
COMMENT ON COLUMN task.record_id IS 'tasks/{id}.';
COMMENT ON COLUMN task.person_id IS 'Whose.';
COMMENT ON COLUMN task.supporter_id IS 'Who is asked for it; null: it is the person''s alone.';
COMMENT ON COLUMN task.repeats IS 'It is done again and again.';
COMMENT ON COLUMN task.state IS 'TaskState of the contract.';
COMMENT ON COLUMN task.steps IS 'How many steps there are.';
SELECT protect('task');
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON task FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (supporter_id, repeats, state, steps) ON task TO %I', login_role());
END $$;

CREATE TABLE task_step (
    record_id uuid NOT NULL REFERENCES task,
    number integer NOT NULL CHECK (number > 0),
    person_id uuid NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 5),
    supporter_id uuid REFERENCES supporter,
    at timestamptz NOT NULL,
    PRIMARY KEY (record_id, number)
);
COMMENT ON TABLE task_step IS 'What was said of a task, never changed.';
COMMENT ON COLUMN task_step.record_id IS 'Which task.';
COMMENT ON COLUMN task_step.number IS 'From 1.';
COMMENT ON COLUMN task_step.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN task_step.state IS 'TaskState of the contract, as it was said.';
COMMENT ON COLUMN task_step.supporter_id IS 'By whom; null: by the person.';
COMMENT ON COLUMN task_step.at IS 'When.';
SELECT protect('task_step');
SELECT append_only('task_step');

CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM section_version
    UNION ALL SELECT id FROM share WHERE crisis_id IS NULL AND NOT with_record
    UNION ALL SELECT id FROM supporter
    UNION ALL SELECT id FROM contribution
    UNION ALL SELECT id FROM crisis_rules
    UNION ALL SELECT id FROM crisis_step
    UNION ALL SELECT id FROM own_record;
