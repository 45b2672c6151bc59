-- +goose Up
-- When a service's support opens and is paged for an incident.
ALTER TABLE incidents ADD COLUMN page_at timestamptz(3);

-- What automation rules did and could not do lately, for the page of their document.
CREATE INDEX timeline_automation ON timeline ((data ->> 'policy'), recorded_at DESC)
    WHERE type IN ('incident.automated', 'incident.automation_held', 'incident.automation_refused', 'incident.automation_failed');

-- +goose Down
DROP INDEX timeline_automation;
ALTER TABLE incidents DROP COLUMN page_at;
