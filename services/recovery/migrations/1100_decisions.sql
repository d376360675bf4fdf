-- Decisions that a person and a practitioner make together: records of the person's own, and who else has confirmed them.

ALTER TABLE contribution DROP CONSTRAINT contribution_kind_check;
ALTER TABLE contribution ADD CONSTRAINT contribution_kind_check CHECK (kind BETWEEN 1 AND 8);
COMMENT ON COLUMN contribution.kind IS 'For which section: PlanSectionKind of the contract; 8: a decision.';
COMMENT ON COLUMN contribution.content IS
    'Their words: SectionContent, or DecisionContent, of the contract, through the Sealed codec.';

-- What a confirmation names is a version of a record.
ALTER TABLE own_version ADD CONSTRAINT own_version_whose UNIQUE (record_id, version, person_id);

CREATE TABLE decision (
    record_id uuid NOT NULL,
    version integer NOT NULL,
    person_id uuid NOT NULL,
    practitioner text CHECK (practitioner NOT LIKE 'supporters/%'),
    PRIMARY KEY (record_id, version),
    FOREIGN KEY (record_id, version, person_id) REFERENCES own_version (record_id, version, person_id)
);
COMMENT ON TABLE decision IS 'With whom a version of a decision is made. What it says is its record''s.';
COMMENT ON COLUMN decision.record_id IS 'decisions/{id}.';
COMMENT ON COLUMN decision.version IS 'Which version.';
COMMENT ON COLUMN decision.person_id IS 'Whose.';
COMMENT ON COLUMN decision.practitioner IS 'With whom: agency/practitioner; null: nobody.';
SELECT protect('decision');
SELECT append_only('decision');

CREATE TABLE decision_confirmed (
    record_id uuid NOT NULL,
    version integer NOT NULL,
    person_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (record_id, version),
    FOREIGN KEY (record_id, version, person_id) REFERENCES own_version (record_id, version, person_id)
);
COMMENT ON TABLE decision_confirmed IS
    'That the practitioner with whom a version of a decision is made stands by it, never changed.';
COMMENT ON COLUMN decision_confirmed.record_id IS 'Which decision.';
COMMENT ON COLUMN decision_confirmed.version IS 'Which version.';
COMMENT ON COLUMN decision_confirmed.person_id IS 'Whose decision it is: for the wall.';
COMMENT ON COLUMN decision_confirmed.at IS 'When.';
SELECT protect('decision_confirmed');
SELECT append_only('decision_confirmed');
