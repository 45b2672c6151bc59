-- +goose Up
-- An address at which calendars read shows shifts, as all did, or the change calendar: of all services, or of one.
ALTER TABLE on_call_feeds
    ADD COLUMN shows text NOT NULL DEFAULT 'shifts' CONSTRAINT on_call_feeds_shows CHECK (shows IN ('shifts', 'changes')),
    ADD COLUMN service text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX on_call_feeds_one ON on_call_feeds (owner, shows, schedule, service) WHERE revoked_at IS NULL;
DROP INDEX on_call_feeds_live;

-- +goose Down
DELETE FROM on_call_feeds WHERE shows <> 'shifts';
DROP INDEX on_call_feeds_one;
CREATE UNIQUE INDEX on_call_feeds_live ON on_call_feeds (owner, schedule) WHERE revoked_at IS NULL;
ALTER TABLE on_call_feeds DROP COLUMN service, DROP COLUMN shows;
