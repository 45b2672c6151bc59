-- +goose Up
-- Whose vote a link leads to, where that is not its reader's own: a delegate's link is theirs alone, and votes in place of who delegated.
ALTER TABLE approval_links ADD COLUMN seat text REFERENCES people;
-- What users are told of changes that have not ended.
CREATE INDEX changes_outage ON changes (window_from) WHERE expected_outage <> '' AND outcome = '';

-- +goose Down
DROP INDEX changes_outage;
ALTER TABLE approval_links DROP COLUMN seat;
