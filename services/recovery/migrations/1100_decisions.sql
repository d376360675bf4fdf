-- Decisions that a person and a practitioner make together: records of the person's own, and who else has confirmed them.

ALTER TABLE contribution DROP CONSTRAINT contribution_kind_check;
ALTER TABLE contribution ADD CONSTRAINT contribution_kind_check CHECK (kind BETWEEN 1 AND 8);
COMMENT ON COLUMN contribution.kind IS 'For which section: PlanSectionKind of the contract; 8: a decision.';
COMMENT ON COLUMN contribution.content IS
    'Their words: SectionContent, or DecisionContent, of the contract, through the Sealed codec.';

CREATE TABLE decision (
    record_id uuid PRIMARY KEY REFERENCES own_record,
    person_id uuid NOT NULL,
    practitioner text
);
COMMENT ON TABLE decision IS 'With whom a decision is made. What it says is its record''s.';
COMMENT ON COLUMN decision.record_id IS 'decisions/{id}.';
COMMENT ON COLUMN decision.person_id IS 'Whose.';
COMMENT ON COLUMN decision.practitioner IS 'With whom: agency/practitioner; null: nobody.';
SELECT protect('decision');
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON decision FROM %I', login_role());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (practitioner) ON decision TO %I', login_role());
END $$;

CREATE TABLE decision_confirmed (
    record_id uuid NOT NULL REFERENCES decision,
    version integer NOT NULL CHECK (version > 0),
    practitioner text NOT NULL,
    person_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (record_id, version, practitioner)
);
COMMENT ON TABLE decision_confirmed IS 'That a practitioner stands by what a decision said, never changed.';
COMMENT ON COLUMN decision_confirmed.record_id IS 'Which decision.';
COMMENT ON COLUMN decision_confirmed.version IS 'As of this version.';
COMMENT ON COLUMN decision_confirmed.practitioner IS 'Who: agency/practitioner.';
COMMENT ON COLUMN decision_confirmed.person_id IS 'Whose decision it is: for the wall.';
COMMENT ON COLUMN decision_confirmed.at IS 'When.';
SELECT protect('decision_confirmed');
SELECT append_only('decision_confirmed');
