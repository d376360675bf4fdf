-- Where people are told, outside their box, that something waits in it: by e-mail or by their own app's webhook.

CREATE TABLE notice_delivery (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    sign_in_id uuid NOT NULL REFERENCES sign_in,
    way smallint NOT NULL CHECK (way BETWEEN 1 AND 2),
    content bytea,
    safe_way boolean NOT NULL CHECK (NOT safe_way OR way = 2),
    set_at timestamptz NOT NULL,
    ended_at timestamptz,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
    code bytea CHECK (octet_length(code) = 32),
    wrong_codes smallint NOT NULL DEFAULT 0 CHECK (wrong_codes BETWEEN 0 AND 5),
    code_at timestamptz,
    waiting boolean NOT NULL DEFAULT false,
    reached bigint NOT NULL CHECK (reached >= 0),
    delivered_at timestamptz,
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since timestamptz,
    last_failure smallint CHECK (last_failure BETWEEN 1 AND 8),
    next_attempt timestamptz NOT NULL,
    deliverer uuid,
    lease_until timestamptz,
    CONSTRAINT notice_delivery_forgotten CHECK ((ended_at IS NULL) = (content IS NOT NULL)
        AND (ended_at IS NULL OR code IS NULL)),
    CONSTRAINT notice_delivery_failing CHECK ((failures = 0) = (failing_since IS NULL)
        AND (failures = 0) = (last_failure IS NULL)),
    CONSTRAINT notice_delivery_leased CHECK ((deliverer IS NULL) = (lease_until IS NULL)),
    CONSTRAINT notice_delivery_coded CHECK (code IS NULL OR code_at IS NOT NULL)
);
COMMENT ON TABLE notice_delivery IS
    'Where a person is told that something waits, by one of their sign-ins. History: one that ended stays, '
    'without where it led. No secret is kept: each is derived.';
COMMENT ON COLUMN notice_delivery.id IS 'noticeDeliveries/{id}, and its etag; UUIDv7.';
COMMENT ON COLUMN notice_delivery.person_id IS 'Whose.';
COMMENT ON COLUMN notice_delivery.sign_in_id IS 'Which binding set it: only what is in its box is told, and it ends with it.';
COMMENT ON COLUMN notice_delivery.way IS 'DeliveryWay of the contract.';
COMMENT ON COLUMN notice_delivery.content IS
    'Content, through the Sealed codec: the address or URL, and the time zone; null: it has ended.';
COMMENT ON COLUMN notice_delivery.safe_way IS 'The person said, when it was set, that it is a safe way for them.';
COMMENT ON COLUMN notice_delivery.set_at IS 'When it was set.';
COMMENT ON COLUMN notice_delivery.ended_at IS 'When it, or its sign-in, ended; null: it has not.';
COMMENT ON COLUMN notice_delivery.state IS 'DeliveryState of the contract.';
COMMENT ON COLUMN notice_delivery.code IS 'Keyed hash of the code that confirms it, which is kept nowhere; null: none is out.';
COMMENT ON COLUMN notice_delivery.wrong_codes IS 'Wrong codes given; at 5 the code is void.';
COMMENT ON COLUMN notice_delivery.code_at IS 'When a code was made for it; null: none was.';
COMMENT ON COLUMN notice_delivery.waiting IS 'A notice of the person''s was written since it was last looked at.';
COMMENT ON COLUMN notice_delivery.reached IS 'The position of the last notice that was there when it was told last, or was set.';
COMMENT ON COLUMN notice_delivery.delivered_at IS 'When something was delivered last; null: nothing was.';
COMMENT ON COLUMN notice_delivery.failures IS 'How often in a row it has failed.';
COMMENT ON COLUMN notice_delivery.failing_since IS 'Since when; null: it does not.';
COMMENT ON COLUMN notice_delivery.last_failure IS 'DeliveryFailure of the contract; null: none.';
COMMENT ON COLUMN notice_delivery.next_attempt IS 'Nothing is delivered before.';
COMMENT ON COLUMN notice_delivery.deliverer IS 'Who delivers now: one at a time; null: nobody.';
COMMENT ON COLUMN notice_delivery.lease_until IS 'Until when nobody else does; null: nobody does.';
SELECT protect('notice_delivery');
CREATE UNIQUE INDEX notice_delivery_one_a_way ON notice_delivery (sign_in_id, way) WHERE ended_at IS NULL;
CREATE INDEX notice_delivery_of_person ON notice_delivery (person_id);
CREATE INDEX notice_delivery_due ON notice_delivery (next_attempt, id)
    WHERE waiting AND state = 2 AND ended_at IS NULL;

CREATE FUNCTION due_notice_deliveries(at timestamptz, most bigint) RETURNS TABLE (id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.id, d.person_id FROM notice_delivery d
    WHERE d.waiting AND d.state = 2 AND d.ended_at IS NULL AND d.next_attempt <= at
        AND (d.lease_until IS NULL OR d.lease_until <= at)
    ORDER BY d.next_attempt, d.id LIMIT most
$$;
COMMENT ON FUNCTION due_notice_deliveries IS 'Those for which there may be something to tell now: ids only.';

-- In the transaction of the notice: what waits is not lost, whoever is away.
CREATE FUNCTION notice_waits() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE notice_delivery SET waiting = true
    -- Those that wait, too: whoever looks at one of them now waits for this notice, and sees it.
    WHERE person_id = NEW.person_id AND ended_at IS NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notice_waits IS 'Remembers with a notice that somebody may have to be told.';
CREATE TRIGGER notice_waits AFTER INSERT OR UPDATE OF sign_in_id ON notice
    FOR EACH ROW EXECUTE FUNCTION notice_waits();

CREATE FUNCTION end_notice_deliveries() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE notice_delivery SET ended_at = NEW.ended_at, content = NULL, code = NULL
    WHERE sign_in_id = NEW.id AND ended_at IS NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION end_notice_deliveries IS 'A sign-in that has ended is told nothing more, nor is where it led.';
CREATE TRIGGER sign_in_ended AFTER UPDATE OF ended_at ON sign_in
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
    EXECUTE FUNCTION end_notice_deliveries();

CREATE FUNCTION contact_said(of_person uuid)
    RETURNS TABLE (member uuid, agency uuid, sign_in uuid, proofed boolean, vouching uuid[], id uuid,
        rule text, stated_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.member, x.agency_id, x.sign_in_id, COALESCE(s.proofed, false),
        ARRAY(SELECT c.agency_id FROM sign_in_confirmation c WHERE c.sign_in_id = x.sign_in_id),
        x.id, x.content->>'contact_rule', x.stated_at
    FROM merged_with(ARRAY[of_person], NULL) AS m
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (p.agency_id, p.sign_in_id)
            p.id, p.agency_id, p.sign_in_id, p.content, p.stated_at
        FROM preference p WHERE p.person_id = m.member
        ORDER BY p.agency_id, p.sign_in_id, p.place DESC) AS x
    LEFT JOIN sign_in s ON s.id = x.sign_in_id
    ORDER BY x.stated_at, x.id
$$;
COMMENT ON FUNCTION contact_said IS
    'What was said last of contacting the person, by each agency and each sign-in of theirs, and of all who are one with '
    'them: rules, no ways.';
