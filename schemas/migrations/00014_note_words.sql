-- +goose Up
-- Notes are found by their words. Internal ones stand in the same index: whoever asks is told of them by their rights alone.
CREATE INDEX timeline_note_words ON timeline USING gin (to_tsvector('english', personal ->> 'body')) WHERE type = 'note.added';

-- Records with notes that have some words, and whether the note is public: no more than is asked for. Words that the database has
-- counted in very many notes tell nothing, and gathering all of them would take too long: for such it answers none. Whether words
-- stand beside each other is not in the index, and would have every note with all of them read, so it is asked of the first ones
-- alone. It speaks with its owner's rights, because what was counted of an index is only for that one to read.
-- +goose StatementBegin
CREATE FUNCTION find_notes(words text, most integer) RETURNS TABLE (record_id uuid, public boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    asked tsquery := websearch_to_tsquery('english', words);
    apart tsquery := regexp_replace(asked::text, '<(-|[0-9]+)>', '&', 'g')::tsquery;
    expected float8 := (SELECT min(coalesce(counted.share, 0)) * (SELECT reltuples FROM pg_class WHERE oid = 'timeline_note_words'::regclass)
        FROM unnest(to_tsvector('english', words)) l
        LEFT JOIN (SELECT e.lexeme, e.share FROM pg_stats s CROSS JOIN unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS e (lexeme, share)
            WHERE s.schemaname = 'public' AND s.tablename = 'timeline_note_words') counted ON counted.lexeme = l.lexeme);
BEGIN
    IF expected > 20 * most OR querytree(asked) IN ('', 'T') THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT f.record_id, f.public FROM (SELECT t.record_id, t.public, t.position, t.personal FROM timeline t
            WHERE t.type = 'note.added' AND to_tsvector('english', t.personal ->> 'body') @@ apart
            LIMIT CASE WHEN apart = asked THEN 3 * most ELSE most / 5 END) f
        WHERE apart = asked OR to_tsvector('english', f.personal ->> 'body') @@ asked ORDER BY f.position DESC LIMIT most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION find_notes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_notes TO holdfast_app;

-- +goose Down
DROP FUNCTION find_notes;
DROP INDEX timeline_note_words;
