-- +goose Up
-- The rows that words may be found in, of many no more than is asked for, so that ranking them takes a bounded time: those that
-- the index gives first, and where there are more of them, what matches among the newest records.
--
-- The index is always used: a planner that expects many rows would read the whole table, and words that never stand together
-- would have it read to its end. Each question is planned for its own words. OFFSET 0 has the newest records looked up one by one.
-- +goose StatementBegin
CREATE FUNCTION find_words(the_practice text, asked tsquery, most integer) RETURNS SETOF record_words
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    found record_words[] := ARRAY(SELECT w FROM record_words w WHERE w.words @@ asked AND w.practice = the_practice LIMIT most);
    known uuid[];
BEGIN
    RETURN QUERY SELECT * FROM unnest(found);
    IF cardinality(found) < most THEN
        RETURN;
    END IF;
    known := ARRAY(SELECT f.record_id FROM unnest(found) f);
    RETURN QUERY SELECT w.* FROM (SELECT id FROM records WHERE practice = the_practice ORDER BY opened_at DESC, id LIMIT most) n
        CROSS JOIN LATERAL (SELECT * FROM record_words WHERE record_id = n.id OFFSET 0) w
        WHERE w.words @@ asked AND w.record_id <> ALL (known);
END $$;
-- +goose StatementEnd

-- The ids of records with some words, no more than is asked for, by the index.
-- +goose StatementBegin
CREATE FUNCTION with_words(the_practice text, asked tsquery, most integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY SELECT w.record_id FROM record_words w WHERE w.words @@ asked AND w.practice = the_practice LIMIT most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION find_words, with_words FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_words, with_words TO holdfast_app;

-- +goose Down
DROP FUNCTION find_words, with_words;
