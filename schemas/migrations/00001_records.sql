-- +goose Up
-- Whoever may create things in public could put their own in the way of the functions below (PostgreSQL 14 lets everybody).
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The two roles that hold who may write what: the worker decides (records and satellites), the application serves people.
-- Both are taken by SET ROLE, so that one URL suffices.
-- +goose StatementBegin
DO $$
DECLARE
    wanted text;
    membership text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    -- Roles belong to the whole cluster: another database may make the same ones at this moment, or have made them.
    FOREACH wanted IN ARRAY ARRAY['holdfast_worker', 'holdfast_app'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', wanted); END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        BEGIN
            IF NOT pg_has_role(current_user, wanted, membership) THEN EXECUTE format('GRANT %I TO %I', wanted, current_user); END IF;
        EXCEPTION WHEN unique_violation THEN NULL;
        END;
    END LOOP;
END $$;
-- +goose StatementEnd

CREATE TABLE records (
    id                  uuid PRIMARY KEY,
    practice            text NOT NULL CONSTRAINT records_practice CHECK (practice ~ '^[a-z_]{1,40}$'),
    number              text NOT NULL CONSTRAINT records_number UNIQUE,
    state               text NOT NULL CONSTRAINT records_state CHECK (state ~ '^[a-z_]{1,40}$'),
    version             bigint NOT NULL CONSTRAINT records_version CHECK (version > 0),
    title               text NOT NULL CONSTRAINT records_title CHECK (octet_length(title) BETWEEN 1 AND 300),
    description         text NOT NULL DEFAULT '' CONSTRAINT records_description CHECK (octet_length(description) <= 65536),
    service             text NOT NULL DEFAULT '',
    category            text NOT NULL DEFAULT '',
    tags                jsonb NOT NULL DEFAULT '[]' CONSTRAINT records_tags CHECK (jsonb_typeof(tags) = 'array'),
    team                text NOT NULL DEFAULT '',
    assignee            text NOT NULL DEFAULT '',
    requester           text NOT NULL DEFAULT '',
    opened_by           text NOT NULL DEFAULT '',
    priority            smallint NOT NULL CONSTRAINT records_priority CHECK (priority BETWEEN 1 AND 5),
    channel             text NOT NULL DEFAULT '',
    location            text NOT NULL DEFAULT '',
    environment         text NOT NULL DEFAULT '',
    configuration_items jsonb NOT NULL DEFAULT '[]' CONSTRAINT records_configuration_items CHECK (jsonb_typeof(configuration_items) = 'array'),
    custom_fields       json,
    policies            json NOT NULL DEFAULT '{}',
    restricted          boolean NOT NULL DEFAULT false,
    open                boolean NOT NULL,
    active              boolean NOT NULL,
    wake_at             timestamptz(3),
    next_due            text NOT NULL DEFAULT '',
    opened_at           timestamptz(3) NOT NULL,
    updated_at          timestamptz(3) NOT NULL,
    state_since         timestamptz(3) NOT NULL,
    resolved_at         timestamptz(3),
    closed_at           timestamptz(3),
    last_event_at       timestamptz(3) NOT NULL,
    -- the head of the record's timeline chain, moved only by append_timeline
    chain_seq           bigint NOT NULL DEFAULT 0,
    chain_hash          text NOT NULL DEFAULT '',
    CONSTRAINT records_open_is_active CHECK (active OR NOT open)
);
CREATE INDEX records_opened ON records (practice, opened_at DESC, id);
CREATE INDEX records_open_opened ON records (practice, opened_at DESC, id) WHERE open;
CREATE INDEX records_open_priority ON records (practice, priority, opened_at, id) WHERE open;
CREATE INDEX records_open_team ON records (team, opened_at DESC, id) WHERE open;
CREATE INDEX records_open_assignee ON records (assignee, opened_at DESC, id) WHERE open AND assignee <> '';
CREATE INDEX records_requester ON records (requester, opened_at DESC, id);
CREATE INDEX records_open_service ON records (service, opened_at DESC, id) WHERE open AND service <> '';
CREATE INDEX records_updated ON records (updated_at DESC, id);
CREATE INDEX records_priority ON records (practice, priority, opened_at, id);
CREATE INDEX records_due ON records (practice, (coalesce(wake_at, 'infinity'::timestamptz)), id);
CREATE INDEX records_opened_by ON records (opened_by, opened_at DESC, id);
CREATE INDEX records_waiting_team ON records (team) WHERE wake_at IS NOT NULL;
CREATE INDEX records_waiting_assignee ON records (assignee) WHERE wake_at IS NOT NULL AND assignee <> '';

-- Words of title and description, apart from the record so that a command does not write the index anew.
CREATE TABLE record_words (
    record_id uuid PRIMARY KEY REFERENCES records ON DELETE RESTRICT,
    practice  text NOT NULL,
    words     tsvector NOT NULL
);
CREATE INDEX record_words_words ON record_words USING gin (words);

CREATE TABLE deadlines (
    record_id uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    name      text NOT NULL,
    due_at    timestamptz(3) NOT NULL,
    command   text NOT NULL,
    outcome   text NOT NULL,
    since     timestamptz(3) NOT NULL,
    PRIMARY KEY (record_id, name)
);
CREATE INDEX deadlines_due ON deadlines (due_at, record_id, name);

CREATE TABLE links (
    from_id uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    type    text NOT NULL CONSTRAINT links_type CHECK (type IN ('caused_by','blocks','duplicates','fixed_by','implements','child_of','follows')),
    to_id   uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    since   timestamptz(3) NOT NULL,
    PRIMARY KEY (from_id, type, to_id),
    CONSTRAINT links_not_self CHECK (from_id <> to_id)
);
CREATE INDEX links_to ON links (to_id);

GRANT SELECT, INSERT, UPDATE ON records, record_words TO holdfast_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON deadlines, links TO holdfast_worker;
GRANT SELECT ON records, record_words, deadlines, links TO holdfast_app;

-- A process checks before it says that it is ready.
GRANT SELECT ON goose_db_version TO holdfast_worker, holdfast_app;

-- +goose Down
DROP TABLE links, deadlines, record_words, records;
