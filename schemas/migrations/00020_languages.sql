-- +goose Up
-- The language that somebody chose for their pages, as BCP 47 names it; empty: none, and their browser is asked.
ALTER TABLE people ADD COLUMN language text NOT NULL DEFAULT '' CONSTRAINT people_language CHECK (language ~ '^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$');

-- +goose Down
ALTER TABLE people DROP COLUMN language;
