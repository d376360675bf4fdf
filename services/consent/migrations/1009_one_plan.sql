-- For an array of few people the planner thinks a plan of its own cheaper than the one it keeps, and
-- makes one at every call, which costs more than the reading. The one kept may have been made for an
-- empty table.
ALTER FUNCTION locate_revisions(uuid[]) SET enable_seqscan = off;
ALTER FUNCTION locate_revisions(uuid[]) SET plan_cache_mode = force_generic_plan;
