-- +goose Up
-- Whether the account is active of those who have voted for others matters to a change from now on: also to one that is being voted on.
INSERT INTO interests (record_id, kind, key, practice, command)
SELECT DISTINCT v.record_id, 'hand', v.voter, 'change', 'change.electorate_changed' FROM votes v JOIN records r ON r.id = v.record_id AND r.open
WHERE v.void = '' AND v.voter <> v.seat
ON CONFLICT DO NOTHING;

-- +goose Down
DELETE FROM interests WHERE kind = 'hand';
