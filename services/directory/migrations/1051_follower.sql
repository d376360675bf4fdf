-- What takes something away (a suspension, flags, a member of a care team) returns only when whoever follows
-- the directory has come so far, or may no longer go by less. All of it is by this database's clock.

CREATE TABLE narrowed (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL CHECK (revision >= 0)
);
COMMENT ON TABLE narrowed IS 'One row, locked by whoever takes something away until their commit: whoever acknowledges less waits for that, and is refused.';
COMMENT ON COLUMN narrowed.one IS 'There is one row.';
COMMENT ON COLUMN narrowed.revision IS 'The directory''s revision of the last change that took something away.';
INSERT INTO narrowed (revision) VALUES (0);

CREATE TABLE follower (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision >= 0),
    at timestamptz NOT NULL
);
COMMENT ON TABLE follower IS 'Processes that follow the directory, one row each, those that have ended too.';
COMMENT ON COLUMN follower.id IS 'Made by the process for itself.';
COMMENT ON COLUMN follower.revision IS 'As far as it has come.';
COMMENT ON COLUMN follower.at IS 'When it last asked and was told that it may go by that: for 10 seconds by its own clock.';
