-- +goose Up
-- Whether those still are of those who are asked who have a seat in an undecided stage matters to a change from now on: also to one
-- that is being voted on already.
INSERT INTO interests (record_id, kind, key, practice, command)
SELECT DISTINCT record_id, 'person', person, 'change', 'change.electorate_changed' FROM approval_seats
ON CONFLICT DO NOTHING;
-- Who holds a role is asked with every command on a change that is voted on.
CREATE INDEX grants_role ON grants (role);

-- +goose Down
DROP INDEX grants_role;
DELETE FROM interests WHERE kind = 'person';
