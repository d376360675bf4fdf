-- What a privacy officer is told of access: by their agency's own staff, or of its own records.

CREATE INDEX access_by_staff ON disclosure (agency_id, occurred_at DESC, event_id DESC)
    WHERE caller_kind = 'AGENCY_STAFF';
CREATE INDEX access_refused_to_staff ON disclosure (agency_id, occurred_at DESC, event_id DESC)
    WHERE caller_kind = 'AGENCY_STAFF' AND outcome = 'DENY';
CREATE INDEX access_of_custodian ON disclosure USING gin (custodians);

-- Planned with its arguments each time: which index serves depends on them.
CREATE FUNCTION access_events(office uuid, by_staff boolean, practitioner text,
        since timestamptz, until timestamptz, refused_only boolean,
        before_at timestamptz, before_id uuid, most bigint)
    RETURNS TABLE (service text, sequence bigint, event_id uuid, occurred_at timestamptz,
        decision_id uuid, agency_id uuid, subject text, purposes integer, rpc text, action text,
        permitted boolean, person_id uuid, records uuid[], record_kinds integer, bases text[],
        reason text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    -- Nothing was disclosed to whoever was refused. That they asked about somebody may tell what that
    -- person is to them, a victim service or a program: so not who.
    SELECT d.service, d.sequence, d.event_id, d.occurred_at, d.decision_id,
        CASE WHEN t.who THEN d.agency_id END,
        CASE WHEN t.who AND d.caller_kind = 'AGENCY_STAFF' THEN d.subject ELSE '' END,
        CASE WHEN t.who THEN d.purposes ELSE 0 END, d.rpc, d.action, d.outcome = 'PERMIT',
        -- The agency holds a record of theirs, or was permitted. Who was refused is not told whether
        -- there is anything, and so of whom it would be.
        CASE WHEN t.told OR NOT access_events.by_staff
            THEN NULLIF(d.person_id, '00000000-0000-0000-0000-000000000000') END,
        CASE WHEN t.told THEN d.records ELSE '{}' END,
        CASE WHEN t.told THEN d.record_kinds ELSE 0 END,
        CASE WHEN t.told THEN d.bases ELSE '{}' END,
        CASE WHEN t.own THEN d.detail ->> 'reason' END
    FROM disclosure d
        CROSS JOIN LATERAL (SELECT d.custodians = ARRAY[access_events.office] AS own) o
        CROSS JOIN LATERAL (SELECT o.own,
            o.own OR (access_events.by_staff AND d.outcome = 'PERMIT') AS told,
            d.outcome = 'PERMIT' OR d.agency_id IS NOT DISTINCT FROM access_events.office AS who) t
    WHERE ((access_events.by_staff AND d.caller_kind = 'AGENCY_STAFF'
                AND d.agency_id = access_events.office)
            OR (NOT access_events.by_staff AND d.custodians @> ARRAY[access_events.office]))
        AND (access_events.practitioner IS NULL OR d.subject = access_events.practitioner)
        AND (access_events.since IS NULL OR d.occurred_at >= access_events.since)
        AND (access_events.until IS NULL OR d.occurred_at < access_events.until)
        AND (NOT access_events.refused_only OR d.outcome = 'DENY')
        AND (d.occurred_at, d.event_id) < (access_events.before_at, access_events.before_id)
    ORDER BY d.occurred_at DESC, d.event_id DESC
    LIMIT access_events.most;
END $$;
COMMENT ON FUNCTION access_events IS
    'A page of access for an agency''s privacy officer, without what the agency is not to know.';
