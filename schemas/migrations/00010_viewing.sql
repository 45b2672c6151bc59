-- +goose Up
-- Who has which record open, as each server process last said. Not logged: it is old within seconds, and a crash may empty it.
CREATE UNLOGGED TABLE viewing (
    process   uuid NOT NULL,
    record_id uuid NOT NULL,
    person    text NOT NULL,
    seen_at   timestamptz(3) NOT NULL,
    PRIMARY KEY (process, record_id, person)
);
CREATE INDEX viewing_record ON viewing (record_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON viewing TO holdfast_app;

-- +goose Down
DROP TABLE viewing;
