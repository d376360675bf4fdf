-- For an array of few ids the planner thinks a plan of its own cheaper than the one it keeps, and
-- makes one at every call, which costs more than the reading.
ALTER FUNCTION locate_notes(uuid[]) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION locate_people_of_notes(uuid[]) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION read_notes(uuid[]) SET plan_cache_mode = force_generic_plan;
