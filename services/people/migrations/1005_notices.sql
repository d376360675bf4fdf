-- Notices are read, and acknowledged.

ALTER TABLE notice ADD COLUMN acknowledged_at timestamptz;
COMMENT ON COLUMN notice.acknowledged_at IS 'When the person acknowledged it; null: they have not.';
CREATE INDEX notice_of_person ON notice (person_id, at DESC, id DESC);

CREATE FUNCTION locate_notice(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT n.person_id FROM notice n WHERE n.id = wanted
$$;
COMMENT ON FUNCTION locate_notice IS 'Who must be told: their id only.';
