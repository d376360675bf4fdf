-- Shares are read for decisions while they last, and a moment longer.

CREATE INDEX share_lasting ON share (person_id, until_at) WHERE ended_at IS NULL;
