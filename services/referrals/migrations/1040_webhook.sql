-- Where agencies are told what their Watch tells.

CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    agency uuid NOT NULL,
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 500),
    purposes integer NOT NULL CHECK (purposes > 0),
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    status smallint NOT NULL CHECK (status BETWEEN 1 AND 3),
    generation integer NOT NULL CHECK (generation > 0),
    rotated_at timestamptz,
    reached bigint NOT NULL CHECK (reached >= 0),
    delivered_at timestamptz,
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since timestamptz,
    last_failure smallint CHECK (last_failure BETWEEN 1 AND 8),
    next_attempt timestamptz NOT NULL,
    deliverer uuid,
    lease_until timestamptz,
    CONSTRAINT webhook_failing CHECK ((failures = 0) = (failing_since IS NULL)
        AND (failures = 0) = (last_failure IS NULL)),
    CONSTRAINT webhook_leased CHECK ((deliverer IS NULL) = (lease_until IS NULL)),
    CONSTRAINT webhook_rotated CHECK ((generation = 1) = (rotated_at IS NULL))
);
COMMENT ON TABLE webhook IS
    'Where an agency is told what its Watch tells. It names nobody, and no secret is kept: each is derived.';
COMMENT ON COLUMN webhook.id IS 'webhooks/{id}; UUIDv7.';
COMMENT ON COLUMN webhook.agency IS 'Whose it is.';
COMMENT ON COLUMN webhook.url IS 'Where.';
COMMENT ON COLUMN webhook.purposes IS 'The purposes of use that its agency is told for, as a mask.';
COMMENT ON COLUMN webhook.created_at IS 'When it was registered.';
COMMENT ON COLUMN webhook.ended_at IS 'When its agency ended it; null: it has not.';
COMMENT ON COLUMN webhook.status IS 'WebhookStatus of the contract.';
COMMENT ON COLUMN webhook.generation IS 'Which secret it has: from 1, with each rotation one more.';
COMMENT ON COLUMN webhook.rotated_at IS 'When it got that secret; null: it has its first.';
COMMENT ON COLUMN webhook.reached IS 'The last event that it was told, or was not to be told.';
COMMENT ON COLUMN webhook.delivered_at IS 'When something was delivered last; null: nothing was.';
COMMENT ON COLUMN webhook.failures IS 'How often the next event has failed.';
COMMENT ON COLUMN webhook.failing_since IS 'Since when; null: it has not.';
COMMENT ON COLUMN webhook.last_failure IS 'WebhookFailure of the contract; null: none.';
COMMENT ON COLUMN webhook.next_attempt IS 'Nothing is delivered before.';
COMMENT ON COLUMN webhook.deliverer IS 'Who delivers to it now: one at a time; null: nobody.';
COMMENT ON COLUMN webhook.lease_until IS 'Until when nobody else does; null: nobody does.';
CREATE INDEX webhook_of_agency ON webhook (agency, created_at DESC, id DESC) WHERE ended_at IS NULL;
CREATE INDEX webhook_due ON webhook (next_attempt) WHERE status = 1 AND ended_at IS NULL;

-- What writes on record have made, as their records name it: see the ledger's migration 0104.
CREATE OR REPLACE VIEW written_record WITH (security_invoker = true) AS
    SELECT id AS record_id FROM referral
    UNION ALL SELECT id FROM webhook;
