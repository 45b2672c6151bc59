-- +goose Up
-- What 20,000 incidents showed to be missing: lists by priority and by what is due next, a requester's own, and what a team
-- or a person waits for.
CREATE INDEX records_priority ON records (practice, priority, opened_at, id);
CREATE INDEX records_due ON records (practice, (coalesce(wake_at, 'infinity'::timestamptz)), id);
CREATE INDEX records_opened_by ON records (opened_by, opened_at DESC, id);
CREATE INDEX records_waiting_team ON records (team) WHERE wake_at IS NOT NULL;
CREATE INDEX records_waiting_assignee ON records (assignee) WHERE wake_at IS NOT NULL AND assignee <> '';

-- +goose Down
DROP INDEX records_waiting_assignee, records_waiting_team, records_opened_by, records_due, records_priority;
