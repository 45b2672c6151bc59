-- +goose Up
-- Who has carried some of a change out, whoever is named now; and the beginning of the window for which its scope was last asked about.
ALTER TABLE changes ADD COLUMN carried_by json NOT NULL DEFAULT '[]', ADD COLUMN agreed_from timestamptz(3);
UPDATE changes SET carried_by = (SELECT json_build_array(r.assignee) FROM records r WHERE r.id = changes.id AND r.assignee <> '')
    WHERE actual_start IS NOT NULL AND EXISTS (SELECT FROM records r WHERE r.id = changes.id AND r.assignee <> '');
UPDATE changes SET agreed_from = window_from WHERE approval IS NOT NULL;

-- +goose Down
ALTER TABLE changes DROP COLUMN carried_by, DROP COLUMN agreed_from;
