-- +goose Up
-- The names under which monitoring may know an item, in lower case: its handle, its title, and what its attribute aliases holds, a list
-- or a text of names with commas, semicolons or spaces between them.
-- +goose StatementBegin
CREATE FUNCTION item_names(handle text, title text, attributes json) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT lower(n.name)) FROM (
        SELECT handle UNION ALL SELECT title
        UNION ALL SELECT json_array_elements_text(CASE WHEN json_typeof(attributes -> 'aliases') = 'array' THEN attributes -> 'aliases' ELSE '[]' END)
        UNION ALL SELECT regexp_split_to_table(CASE WHEN json_typeof(attributes -> 'aliases') = 'string' THEN attributes ->> 'aliases' END, '[,;\s]+')
    ) n (name) WHERE n.name <> '' AND octet_length(n.name) <= 300
$$;
-- The item in force that a name stands for: the one with that handle, else the only one that has the name. A name that several items
-- have stands for none.
CREATE FUNCTION item_named(name text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT i.handle FROM configuration_items i WHERE i.handle = name AND i.valid_to IS NULL),
        (SELECT min(i.handle) FROM configuration_items i
            WHERE i.valid_to IS NULL AND item_names(i.handle, i.title, i.attributes) @> ARRAY[lower(name)] HAVING count(*) = 1))
$$;
-- +goose StatementEnd
CREATE INDEX configuration_items_names ON configuration_items USING gin (item_names(handle, title, attributes)) WHERE valid_to IS NULL;

CREATE INDEX alerts_item ON alerts (item, first_at DESC, id DESC) WHERE item <> '';
CREATE INDEX alerts_ended ON alerts (resolved_at) WHERE NOT firing;

-- Alerts are the application's, but for those that are old: the worker's housekeeping removes them by this alone. One stays that a
-- record refers to which is not at its end, or has been for less long, or that waits to be logged.
-- +goose StatementBegin
CREATE FUNCTION forget_alerts(before timestamptz, most integer) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH old AS (
        SELECT a.id FROM alerts a WHERE NOT a.firing AND a.resolved_at < before
            AND NOT EXISTS (SELECT FROM records r WHERE r.id IN (a.incident_id, a.change_id) AND (r.active OR r.updated_at >= before))
            AND NOT EXISTS (SELECT FROM messages m WHERE m.record_id = a.incident_id AND m.state = 'pending')
        ORDER BY a.resolved_at LIMIT most FOR UPDATE SKIP LOCKED),
    gone AS (DELETE FROM alerts a USING old WHERE a.id = old.id RETURNING a.id)
    SELECT count(*) FROM gone
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION forget_alerts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_alerts TO holdfast_worker;

-- +goose Down
DROP FUNCTION forget_alerts;
DROP INDEX alerts_ended, alerts_item, configuration_items_names;
DROP FUNCTION item_named;
DROP FUNCTION item_names;
