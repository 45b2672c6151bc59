-- +goose Up
CREATE SEQUENCE escalation_numbers;

-- Somebody being called to a record.
CREATE TABLE escalations (
    id              uuid PRIMARY KEY REFERENCES records ON DELETE RESTRICT,
    source_id       uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    source_number   text NOT NULL,
    source_practice text NOT NULL,
    why             text NOT NULL,
    policy          text NOT NULL DEFAULT '',
    policy_version  integer NOT NULL DEFAULT 0,
    plan            json NOT NULL,
    round           integer NOT NULL DEFAULT 1,
    step            integer NOT NULL DEFAULT 0,
    next_at         timestamptz(3),
    told            json NOT NULL DEFAULT '[]',
    acknowledged_by text NOT NULL DEFAULT '',
    acknowledged_at timestamptz(3),
    holds_until     timestamptz(3),
    snoozed_until   timestamptz(3),
    ended           text NOT NULL DEFAULT ''
);
CREATE INDEX escalations_source ON escalations (source_id);

-- The escalations that an incident has begun and that may still call somebody.
ALTER TABLE incidents ADD COLUMN escalations json NOT NULL DEFAULT '[]';

GRANT SELECT, INSERT, UPDATE ON escalations TO holdfast_worker;
GRANT USAGE ON SEQUENCE escalation_numbers TO holdfast_worker;
GRANT SELECT ON escalations TO holdfast_app;

-- +goose Down
ALTER TABLE incidents DROP COLUMN escalations;
DROP TABLE escalations;
DROP SEQUENCE escalation_numbers;
