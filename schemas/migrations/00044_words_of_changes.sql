-- +goose Up
-- Words of the few changes are looked for among theirs alone: a common word stands in very many incidents.
CREATE INDEX record_words_of_changes ON record_words USING gin (words) WHERE practice = 'change';

-- +goose Down
DROP INDEX record_words_of_changes;
