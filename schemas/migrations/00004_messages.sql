-- +goose Up
-- What became of every command, by its idempotency key. An insert waits for a twin in flight.
CREATE TABLE commands (
    id         text PRIMARY KEY,
    record_id  uuid,
    name       text NOT NULL,
    digest     text NOT NULL,
    actor      text NOT NULL,
    outcome    json,
    created_at timestamptz(3) NOT NULL
);
CREATE INDEX commands_created ON commands (created_at);

-- Commands that wait to be delivered to a record: from another record's decision, from a burst of machines, or because the
-- door did not answer. In order per target, once.
CREATE TABLE messages (
    id           text PRIMARY KEY,
    position     bigint GENERATED ALWAYS AS IDENTITY,
    practice     text NOT NULL,
    record_id    uuid NOT NULL,
    command      json NOT NULL,
    on_closed    text NOT NULL CONSTRAINT messages_on_closed CHECK (on_closed IN ('drop','note','send')),
    source_id    uuid,
    -- failed: a fault of ours stopped it again and again; the operator can queue it anew
    state        text NOT NULL DEFAULT 'pending' CONSTRAINT messages_state CHECK (state IN ('pending','delivered','refused','dropped','failed')),
    attempts     integer NOT NULL DEFAULT 0,
    faults       integer NOT NULL DEFAULT 0, -- of the attempts, those that a fault of ours ended
    next_at      timestamptz(3) NOT NULL,
    fault        text NOT NULL DEFAULT '',
    outcome      json,
    received_at  timestamptz(3) NOT NULL,
    settled_at   timestamptz(3),
    CONSTRAINT messages_command CHECK (command ->> 'id' = id AND command ->> 'record' = record_id::text)
);
CREATE INDEX messages_pending_target ON messages (record_id, position) WHERE state = 'pending';
CREATE INDEX messages_pending ON messages (next_at, position) WHERE state = 'pending';
CREATE INDEX messages_settled ON messages (settled_at) WHERE state <> 'pending';

-- What is to be told to the outside. Deliveries read it in the order of (xid, position), below the snapshot's xmin.
CREATE TABLE outbox (
    position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    record_id  uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    kind       text NOT NULL,
    recipients jsonb NOT NULL CONSTRAINT outbox_recipients CHECK (jsonb_typeof(recipients) = 'array'),
    data       json NOT NULL,
    due_at     timestamptz(3),
    created_at timestamptz(3) NOT NULL
);
CREATE INDEX outbox_record ON outbox (record_id);
CREATE UNIQUE INDEX outbox_stream ON outbox (xid, position);

-- post_message and remember_command are the application's only ways into these tables.
--
-- post_message answers posted; delivered, when it was decided before; or other, when the id came with another body. A refusal
-- is not remembered: a command that was refused, and is asked for again, goes to the end of the queue as it is asked now.
-- +goose StatementBegin
CREATE FUNCTION post_message(the_id text, the_practice text, the_record uuid, the_command json, closed_target text, the_moment timestamptz)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before record;
BEGIN
    INSERT INTO messages (id, practice, record_id, command, on_closed, next_at, received_at)
    VALUES (the_id, the_practice, the_record, the_command, closed_target, the_moment, the_moment)
    ON CONFLICT (id) DO NOTHING;
    IF FOUND THEN
        RETURN 'posted';
    END IF;
    SELECT state, command ->> 'digest' AS digest INTO before FROM messages WHERE id = the_id FOR UPDATE;
    IF before.state IN ('refused', 'dropped', 'failed') THEN
        UPDATE messages SET position = DEFAULT, command = the_command, on_closed = closed_target, state = 'pending', attempts = 0, faults = 0,
            fault = '', outcome = NULL, settled_at = NULL, next_at = the_moment, received_at = the_moment WHERE id = the_id;
        RETURN 'posted';
    END IF;
    IF before.digest IS DISTINCT FROM the_command ->> 'digest' THEN
        RETURN 'other';
    END IF;
    RETURN CASE before.state WHEN 'pending' THEN 'posted' ELSE 'delivered' END;
END $$;
CREATE FUNCTION remember_command(the_id text, the_record uuid, the_name text, the_digest text, the_actor text, the_outcome json, the_moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF split_part(the_name, '.', 1) NOT IN ('note', 'attachment') THEN
        RAISE EXCEPTION 'the application remembers annotations only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO commands (id, record_id, name, digest, actor, outcome, created_at)
    VALUES (the_id, the_record, the_name, the_digest, the_actor, the_outcome, the_moment)
    ON CONFLICT (id) DO NOTHING;
    RETURN FOUND;
END $$;
CREATE FUNCTION tell_outside(the_record uuid, the_kind text, the_recipients jsonb, the_data json, the_moment timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO outbox (record_id, kind, recipients, data, created_at) VALUES (the_record, the_kind, the_recipients, the_data, the_moment)
$$;
-- +goose StatementEnd

-- Which workers are alive; a worker that starts adopts what changed shortly before the last beat.
CREATE TABLE heartbeats (
    worker  text PRIMARY KEY,
    at      timestamptz(3) NOT NULL
);

REVOKE ALL ON FUNCTION post_message, remember_command, tell_outside FROM PUBLIC;
GRANT EXECUTE ON FUNCTION post_message, remember_command, tell_outside TO holdfast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON commands, messages, heartbeats TO holdfast_worker;
GRANT SELECT, INSERT ON outbox TO holdfast_worker;
GRANT SELECT ON commands, messages, outbox, heartbeats TO holdfast_app;

-- +goose Down
DROP FUNCTION post_message, remember_command, tell_outside;
DROP TABLE heartbeats, outbox, messages, commands;
