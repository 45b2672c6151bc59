-- +goose Up
-- Public notes that staff mark as an answer are suggested to others who report something similar.
CREATE INDEX timeline_answers ON timeline (record_id, seq DESC) WHERE type = 'note.added' AND public AND data ->> 'answer' = 'true';

-- +goose Down
DROP INDEX timeline_answers;
