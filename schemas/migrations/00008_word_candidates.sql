-- +goose Up
-- The rows that words may be found in, of many no more than is asked for, so that ranking them takes a bounded time: those that
-- the index gives first, and where there are more of them, what matches among the newest records. The index is always used: a
-- planner that expects many rows would read the whole table, and words that never stand together would have it read to its end.
CREATE FUNCTION find_words(the_practice text, asked tsquery, most integer) RETURNS SETOF record_words
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    WITH found AS MATERIALIZED (SELECT w.* FROM record_words w WHERE w.words @@ asked AND w.practice = the_practice LIMIT most),
    newest AS (SELECT w.* FROM (SELECT id FROM records WHERE practice = the_practice ORDER BY opened_at DESC, id LIMIT most) n
        JOIN record_words w ON w.record_id = n.id WHERE w.words @@ asked AND (SELECT count(*) FROM found) >= most)
    SELECT * FROM found UNION ALL SELECT * FROM newest n WHERE NOT EXISTS (SELECT FROM found f WHERE f.record_id = n.record_id)
$$;
REVOKE ALL ON FUNCTION find_words FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_words TO holdfast_app;

-- +goose Down
DROP FUNCTION find_words;
