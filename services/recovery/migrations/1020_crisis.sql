-- Crisis plans: by whom they are activated, what they show to whom, and what happened.

CREATE TABLE crisis_rules (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES plan,
    threshold smallint NOT NULL CHECK (threshold BETWEEN 1 AND 20),
    end_threshold smallint NOT NULL CHECK (end_threshold BETWEEN 0 AND 20),
    most_hours smallint NOT NULL CHECK (most_hours BETWEEN 1 AND 720),
    created_at timestamptz NOT NULL,
    replaced_at timestamptz
);
COMMENT ON TABLE crisis_rules IS 'By what rule a crisis plan is activated and ends, as the person set it.';
COMMENT ON COLUMN crisis_rules.id IS 'Their id; UUIDv7.';
COMMENT ON COLUMN crisis_rules.person_id IS 'Whose.';
COMMENT ON COLUMN crisis_rules.threshold IS 'How many activators must call.';
COMMENT ON COLUMN crisis_rules.end_threshold IS 'How many activators end it; 0: none do.';
COMMENT ON COLUMN crisis_rules.most_hours IS 'It ends by itself after so many hours.';
COMMENT ON COLUMN crisis_rules.created_at IS 'When they were set.';
COMMENT ON COLUMN crisis_rules.replaced_at IS 'When others took their place; null: they are in force.';
CREATE UNIQUE INDEX crisis_rules_once ON crisis_rules (person_id) WHERE replaced_at IS NULL;
SELECT protect('crisis_rules');
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON crisis_rules FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (replaced_at) ON crisis_rules TO %I', login_role());
END $$;

CREATE TABLE crisis_activator (
    rules_id uuid NOT NULL REFERENCES crisis_rules,
    person_id uuid NOT NULL,
    supporter_id uuid NOT NULL REFERENCES supporter,
    PRIMARY KEY (rules_id, supporter_id)
);
COMMENT ON TABLE crisis_activator IS 'Who may call for a crisis plan.';
COMMENT ON COLUMN crisis_activator.rules_id IS 'Under which rules.';
COMMENT ON COLUMN crisis_activator.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN crisis_activator.supporter_id IS 'Who.';
SELECT protect('crisis_activator');
SELECT append_only('crisis_activator');

CREATE TABLE crisis_view (
    rules_id uuid NOT NULL REFERENCES crisis_rules,
    person_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 7),
    grantee text NOT NULL,
    supporter_id uuid REFERENCES supporter,
    PRIMARY KEY (rules_id, kind, grantee),
    CHECK ((supporter_id IS NULL AND grantee NOT LIKE 'supporters/%')
        OR grantee = 'supporters/' || supporter_id::text)
);
COMMENT ON TABLE crisis_view IS 'What a crisis shows to whom.';
COMMENT ON COLUMN crisis_view.rules_id IS 'Under which rules.';
COMMENT ON COLUMN crisis_view.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN crisis_view.kind IS 'Which section: PlanSectionKind of the contract.';
COMMENT ON COLUMN crisis_view.grantee IS 'To whom: agency/practitioner, or supporters/{id}.';
COMMENT ON COLUMN crisis_view.supporter_id IS 'Where it is a supporter.';
SELECT protect('crisis_view');
SELECT append_only('crisis_view');

CREATE TABLE crisis_step (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    rules_id uuid NOT NULL REFERENCES crisis_rules,
    place integer NOT NULL CHECK (place > 0),
    act smallint NOT NULL CHECK (act BETWEEN 1 AND 4),
    supporter_id uuid REFERENCES supporter,
    turned boolean NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT crisis_step_once UNIQUE (rules_id, place),
    CHECK ((act = 4) = (supporter_id IS NULL))
);
COMMENT ON TABLE crisis_step IS 'What was done about a crisis plan, never changed.';
COMMENT ON COLUMN crisis_step.id IS 'crisisSteps/{id}; UUIDv7.';
COMMENT ON COLUMN crisis_step.person_id IS 'Whose: for the wall.';
COMMENT ON COLUMN crisis_step.rules_id IS 'Under which rules.';
COMMENT ON COLUMN crisis_step.place IS 'From 1, in their order.';
COMMENT ON COLUMN crisis_step.act IS 'CrisisStepKind of the contract.';
COMMENT ON COLUMN crisis_step.supporter_id IS 'Who; null: the person.';
COMMENT ON COLUMN crisis_step.turned IS 'By this it was activated or, of the other acts, ended.';
COMMENT ON COLUMN crisis_step.at IS 'When.';
SELECT protect('crisis_step');
SELECT append_only('crisis_step');

-- What a crisis opens are shares like others, beside those that the person made.
ALTER TABLE share ADD COLUMN crisis_id uuid REFERENCES crisis_step;
COMMENT ON COLUMN share.crisis_id IS 'The call that activated the crisis which opened it; null: the person shared it.';
DROP INDEX share_once;
CREATE UNIQUE INDEX share_once ON share (section_id, grantee)
    WHERE ended_at IS NULL AND crisis_id IS NULL;
CREATE UNIQUE INDEX share_once_a_crisis ON share (crisis_id, section_id, grantee) WHERE crisis_id IS NOT NULL;
CREATE INDEX share_in_crisis ON share (grantee) WHERE crisis_id IS NOT NULL AND ended_at IS NULL;

CREATE FUNCTION locate_crises(to_whom text, after uuid, at timestamptz, most bigint) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT s.person_id FROM share s
    WHERE s.grantee = to_whom AND s.crisis_id IS NOT NULL AND s.ended_at IS NULL AND s.until_at > at
        AND s.person_id > after
    ORDER BY s.person_id LIMIT most
$$;
COMMENT ON FUNCTION locate_crises IS
    'Whose crises show something to this grantee, after one person, at most so many: ids only.';

CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM section_version
    UNION ALL SELECT id FROM share WHERE crisis_id IS NULL
    UNION ALL SELECT id FROM supporter
    UNION ALL SELECT id FROM contribution
    UNION ALL SELECT id FROM crisis_rules
    UNION ALL SELECT id FROM crisis_step;
