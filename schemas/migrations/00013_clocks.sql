-- +goose Up
-- What an incident's clocks count by: the agreements it is under, and its circumstances since it was opened.
ALTER TABLE incidents
    ADD COLUMN agreements json NOT NULL DEFAULT '[]',
    ADD COLUMN life       json NOT NULL DEFAULT '[]',
    -- The record's version at which its clocks were last written: whoever waited for the row's lock learns that they moved.
    ADD COLUMN responded_at timestamptz(3),
    ADD COLUMN clocks_version bigint NOT NULL DEFAULT 0;

-- One row per promise, cycle and rating. The worker writes them in the transaction of the command that moves them.
CREATE TABLE clocks (
    record_id         uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    metric            text NOT NULL CONSTRAINT clocks_metric CHECK (metric IN ('response','resolution','update','ola','underpinning')),
    agreement         text NOT NULL,
    agreement_version integer NOT NULL,
    cycle             integer NOT NULL CONSTRAINT clocks_cycle CHECK (cycle >= 1),
    rating            integer NOT NULL CONSTRAINT clocks_rating CHECK (rating >= 1),
    why               text NOT NULL,
    priority          smallint NOT NULL,
    calendar          text NOT NULL,
    calendar_version  integer NOT NULL,
    target            text NOT NULL,
    length_ms         bigint NOT NULL,
    state             text NOT NULL CONSTRAINT clocks_state CHECK (state IN ('running','paused','met','breached','canceled')),
    counting          boolean NOT NULL,
    cycle_from        timestamptz(3) NOT NULL,
    from_at           timestamptz(3) NOT NULL,
    due_at            timestamptz(3),
    breached_at       timestamptz(3),
    stopped_at        timestamptz(3),
    stopped_by        text NOT NULL DEFAULT '',
    elapsed_ms        bigint NOT NULL,
    paused_ms         bigint NOT NULL,
    as_of             timestamptz(3) NOT NULL,
    next_at           timestamptz(3),
    next              text NOT NULL DEFAULT '',
    points            json NOT NULL DEFAULT '[]',
    raised            boolean NOT NULL DEFAULT false,
    in_force          boolean NOT NULL,
    version           bigint NOT NULL,
    PRIMARY KEY (record_id, metric, agreement, cycle, rating),
    CONSTRAINT clocks_breach CHECK ((state = 'breached') = (breached_at IS NOT NULL)),
    CONSTRAINT clocks_end CHECK ((stopped_at IS NULL) = (stopped_by = ''))
);
-- Of a cycle, one rating counts.
CREATE UNIQUE INDEX clocks_in_force ON clocks (record_id, metric, agreement, cycle) WHERE in_force;
-- What is due next, and what was broken or kept in a period.
CREATE INDEX clocks_due ON clocks (due_at) WHERE in_force AND stopped_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX clocks_breached ON clocks (breached_at) WHERE in_force AND breached_at IS NOT NULL;
CREATE INDEX clocks_stopped ON clocks (stopped_at) WHERE in_force AND stopped_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON clocks TO holdfast_worker;
GRANT SELECT ON clocks TO holdfast_app;

-- An agreement can make somebody watch. Watchers are the application's; the worker adds some through this door alone.
CREATE FUNCTION add_watchers(the_record uuid, the_people text[], the_moment timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO watchers (record_id, person, since)
    SELECT the_record, handle, the_moment FROM people WHERE handle = ANY (the_people) AND active ON CONFLICT DO NOTHING
$$;
REVOKE ALL ON FUNCTION add_watchers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION add_watchers TO holdfast_worker;

-- +goose Down
DROP FUNCTION add_watchers;
DROP TABLE clocks;
ALTER TABLE incidents DROP COLUMN agreements, DROP COLUMN life, DROP COLUMN responded_at, DROP COLUMN clocks_version;
