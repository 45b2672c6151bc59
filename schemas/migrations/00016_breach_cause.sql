-- +goose Up
-- Why a promise was broken, as whoever resolved the incident put it: a term of the Vocabulary breach-causes.
ALTER TABLE incidents ADD COLUMN breach_cause text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE incidents DROP COLUMN breach_cause;
