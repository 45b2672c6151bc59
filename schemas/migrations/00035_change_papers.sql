-- +goose Up
-- The digests of the files that the votes about a change are about, as they were last looked at.
ALTER TABLE changes ADD COLUMN attached json NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE changes DROP COLUMN attached;
