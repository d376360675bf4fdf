-- Records beside the plan are shared as its sections are. Tasks, decisions and what may come are such records, too.

ALTER TABLE own_record DROP CONSTRAINT own_record_kind_check;
ALTER TABLE own_record ADD CONSTRAINT own_record_kind_check CHECK (kind BETWEEN 1 AND 9);
COMMENT ON COLUMN own_record.id IS 'Of its name, goals/{id} and the like; random.';
COMMENT ON COLUMN own_record.kind IS '1: a goal; 2: a check-in; 3: a task; 4: a decision; 5: an employment plan.';
COMMENT ON COLUMN own_version.content IS
    'The person''s words or answers: GoalContent, CheckIn and the like of the contract, through the Sealed codec.';

ALTER TABLE share
    ALTER COLUMN section_id DROP NOT NULL,
    ADD COLUMN record_id uuid REFERENCES own_record,
    ADD CONSTRAINT share_of_one CHECK (num_nonnulls(section_id, record_id) = 1),
    -- A crisis shows sections alone.
    ADD CONSTRAINT share_in_crisis_of_section CHECK (crisis_id IS NULL OR section_id IS NOT NULL);
COMMENT ON TABLE share IS
    'That a section, or a record beside the plan, is shared with somebody, to read: a fact for decisions.';
COMMENT ON COLUMN share.section_id IS 'Which section; null: it is a record''s.';
COMMENT ON COLUMN share.record_id IS 'Which record beside the plan; null: it is a section''s.';
CREATE UNIQUE INDEX share_record_once ON share (record_id, grantee)
    WHERE ended_at IS NULL AND record_id IS NOT NULL;
