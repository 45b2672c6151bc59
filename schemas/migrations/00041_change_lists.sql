-- +goose Up
-- The names in a JSON array. As an array of its own kind the planner knows how often each stands in one.
CREATE FUNCTION names_of(list json) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT json_array_elements_text(list))
$$;
REVOKE ALL ON FUNCTION names_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION names_of TO holdfast_worker, holdfast_app;

-- Lists of changes by what they touch, whose they are and when they are carried out, among many that are over. The partial ones cost
-- the records of other practices nothing.
CREATE INDEX changes_services ON changes USING gin (names_of(services));
CREATE INDEX changes_during ON changes USING spgist (tstzrange(window_from, coalesce(extended_to, window_to))) WHERE window_from IS NOT NULL;
CREATE INDEX changes_of_model ON changes (model) WHERE model <> '';
CREATE INDEX records_change_items ON records USING gin (configuration_items jsonb_path_ops) WHERE practice = 'change';
CREATE INDEX records_change_team ON records (team, opened_at DESC, id) WHERE practice = 'change';
CREATE INDEX records_change_assignee ON records (assignee, opened_at DESC, id) WHERE practice = 'change';
CREATE INDEX records_change_updated ON records (updated_at DESC, id) WHERE practice = 'change';
-- What is known of an expression comes with its index, and only once it was counted.
ANALYZE changes;

-- +goose Down
DROP INDEX records_change_updated, records_change_assignee, records_change_team, records_change_items, changes_of_model, changes_during, changes_services;
DROP FUNCTION names_of;
