-- +goose Up
-- Public notes that staff mark as an answer are suggested to others who report something similar, by their own words.
CREATE INDEX timeline_answers ON timeline USING gin (to_tsvector('english', personal ->> 'body'))
    WHERE type = 'note.added' AND public AND data ->> 'answer' = 'true';

-- +goose Down
DROP INDEX timeline_answers;
