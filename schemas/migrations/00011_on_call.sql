-- +goose Up
-- Lets an exclusion constraint compare texts and ranges at once. Part of PostgreSQL; whoever owns the database may install it.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- A change of turns between two people: what one gives, what they take for it, or both. Nothing changes until the other accepts.
CREATE TABLE on_call_swaps (
    id          uuid PRIMARY KEY,
    schedule    text NOT NULL,
    proposer    text NOT NULL REFERENCES people,
    other       text NOT NULL REFERENCES people,
    gives_from  timestamptz(3),
    gives_to    timestamptz(3),
    takes_from  timestamptz(3),
    takes_to    timestamptz(3),
    reason      text NOT NULL DEFAULT '' CONSTRAINT on_call_swaps_reason CHECK (octet_length(reason) <= 2000),
    state       text NOT NULL DEFAULT 'proposed' CONSTRAINT on_call_swaps_state CHECK (state IN ('proposed','accepted','declined','withdrawn')),
    proposed_at timestamptz(3) NOT NULL,
    decided_at  timestamptz(3),
    CONSTRAINT on_call_swaps_people CHECK (proposer <> other),
    CONSTRAINT on_call_swaps_spans CHECK (
        (gives_from IS NULL) = (gives_to IS NULL) AND (takes_from IS NULL) = (takes_to IS NULL)
        AND coalesce(gives_from, takes_from) IS NOT NULL
        AND coalesce(gives_from < gives_to, true) AND coalesce(takes_from < takes_to, true)),
    CONSTRAINT on_call_swaps_decided CHECK ((state = 'proposed') = (decided_at IS NULL))
);
CREATE INDEX on_call_swaps_proposer ON on_call_swaps (proposer, proposed_at DESC);
CREATE INDEX on_call_swaps_other ON on_call_swaps (other, proposed_at DESC);

-- Who is on call in whose place, or beside them, for a while. One that has begun is ended and not canceled, so that the past
-- stays what it was.
CREATE TABLE on_call_overrides (
    id          uuid PRIMARY KEY,
    schedule    text NOT NULL,
    kind        text NOT NULL CONSTRAINT on_call_overrides_kind CHECK (kind IN ('replace','add')),
    person      text NOT NULL REFERENCES people,
    replaces    text NOT NULL DEFAULT '',
    starts_at   timestamptz(3) NOT NULL,
    ends_at     timestamptz(3) NOT NULL,
    reason      text NOT NULL DEFAULT '' CONSTRAINT on_call_overrides_reason CHECK (octet_length(reason) <= 2000),
    swap_id     uuid REFERENCES on_call_swaps,
    made_by     text NOT NULL,
    made_at     timestamptz(3) NOT NULL,
    canceled_by text NOT NULL DEFAULT '',
    canceled_at timestamptz(3),
    CONSTRAINT on_call_overrides_span CHECK (starts_at < ends_at AND ends_at - starts_at <= interval '366 days'),
    CONSTRAINT on_call_overrides_replaces CHECK (replaces = '' OR kind = 'replace' AND replaces <> person),
    -- Nobody stands in twice at a time, and nobody is stood in for twice.
    CONSTRAINT on_call_overrides_person EXCLUDE USING gist (schedule WITH =, person WITH =, tstzrange(starts_at, ends_at) WITH &&)
        WHERE (canceled_at IS NULL),
    CONSTRAINT on_call_overrides_replaced EXCLUDE USING gist (schedule WITH =, replaces WITH =, tstzrange(starts_at, ends_at) WITH &&)
        WHERE (canceled_at IS NULL AND replaces <> '')
);
CREATE INDEX on_call_overrides_swap ON on_call_overrides (swap_id) WHERE swap_id IS NOT NULL;

-- Secret addresses at which calendars read shifts: of a schedule, or without one the owner's own. Only the SHA-256 is kept. One
-- that a token made ends with it.
CREATE TABLE on_call_feeds (
    id         uuid PRIMARY KEY,
    hash       text NOT NULL CONSTRAINT on_call_feeds_hash UNIQUE,
    owner      text NOT NULL REFERENCES people,
    schedule   text NOT NULL DEFAULT '',
    token      uuid REFERENCES tokens,
    created_at timestamptz(3) NOT NULL,
    read_at    timestamptz(3),
    revoked_at timestamptz(3)
);
-- One address at a time: a new one ends the one before.
CREATE UNIQUE INDEX on_call_feeds_live ON on_call_feeds (owner, schedule) WHERE revoked_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON on_call_swaps, on_call_overrides, on_call_feeds TO holdfast_app;
GRANT SELECT ON on_call_overrides TO holdfast_worker;

-- +goose Down
DROP TABLE on_call_feeds, on_call_overrides, on_call_swaps;
