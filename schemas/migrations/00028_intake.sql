-- +goose Up
-- With what monitoring may tell alerts of a service. Only the hash of the secret is kept; a service may have several, so that one can
-- be replaced while the other still works.
CREATE TABLE intake_keys (
    id         uuid PRIMARY KEY,
    service    text NOT NULL,
    name       text NOT NULL CONSTRAINT intake_keys_name CHECK (octet_length(name) BETWEEN 1 AND 200),
    hash       text NOT NULL CONSTRAINT intake_keys_hash UNIQUE,
    made_by    text NOT NULL,
    made_at    timestamptz(3) NOT NULL,
    used_at    timestamptz(3),
    revoked_at timestamptz(3),
    revoked_by text NOT NULL DEFAULT ''
);
CREATE INDEX intake_keys_service ON intake_keys (service, made_at);

-- Each occurrence of an alert: from when it is first told to fire until it is told to be over. It opens at most one
-- incident, of an id that is known before it is logged; incident_id is the one that it is about, that or an earlier one. The change is
-- the one that holds it.
CREATE TABLE alerts (
    id          uuid PRIMARY KEY,
    service     text NOT NULL,
    key         text NOT NULL,
    source      text NOT NULL,
    told_by     uuid NOT NULL REFERENCES intake_keys,
    firing      boolean NOT NULL,
    title       text NOT NULL,
    description text NOT NULL DEFAULT '',
    severity    text NOT NULL DEFAULT '',
    items       json NOT NULL DEFAULT '[]',
    item        text NOT NULL DEFAULT '',
    labels      json NOT NULL DEFAULT '{}',
    link        text NOT NULL DEFAULT '',
    starts_at   timestamptz(3),
    first_at    timestamptz(3) NOT NULL,
    last_at     timestamptz(3) NOT NULL,
    resolved_at timestamptz(3),
    times       integer NOT NULL DEFAULT 1,
    opens       uuid NOT NULL,
    incident_id uuid,
    change_id   uuid REFERENCES records ON DELETE RESTRICT,
    CONSTRAINT alerts_over CHECK (firing = (resolved_at IS NULL))
);
-- One alert that goes on is one occurrence, however often and from how many places it is told.
CREATE UNIQUE INDEX alerts_firing ON alerts (service, key) WHERE firing;
CREATE INDEX alerts_before ON alerts (service, key, first_at DESC);
CREATE INDEX alerts_newest ON alerts (first_at DESC, id DESC);
CREATE INDEX alerts_change ON alerts (change_id) WHERE change_id IS NOT NULL;
CREATE INDEX alerts_incident ON alerts (incident_id) WHERE incident_id IS NOT NULL;

-- What changes touch that are being carried out (alerts on it belong to their work until held_until) or ended a short while ago
-- (incidents on it may be caused by them, from watched_from until watched_until).
CREATE TABLE change_watches (
    change_id     uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    item          text NOT NULL,
    held_from     timestamptz(3),
    held_until    timestamptz(3),
    watched_from  timestamptz(3),
    watched_until timestamptz(3),
    PRIMARY KEY (change_id, item)
);
CREATE INDEX change_watches_item ON change_watches (item);

ALTER TABLE changes ADD COLUMN settle_at timestamptz(3);

GRANT SELECT, INSERT, UPDATE ON intake_keys, alerts TO holdfast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON change_watches TO holdfast_worker;
GRANT SELECT ON change_watches TO holdfast_app;
-- The worker alone knows when a change lets go of its alerts, and says then which incident each is about.
GRANT SELECT, UPDATE (incident_id) ON alerts TO holdfast_worker;

-- +goose Down
ALTER TABLE changes DROP COLUMN settle_at;
DROP TABLE change_watches, alerts, intake_keys;
