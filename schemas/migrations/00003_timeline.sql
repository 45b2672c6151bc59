-- +goose Up
-- The timeline: one gap-free, hash-chained sequence per record. `position` and `xid` order events over all records for readers
-- of the live stream: a reader takes only rows below pg_snapshot_xmin(pg_current_snapshot()), because positions commit out
-- of order.
CREATE TABLE timeline (
    record_id   uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    seq         bigint NOT NULL CONSTRAINT timeline_seq CHECK (seq > 0),
    at          timestamptz(3) NOT NULL,
    recorded_at timestamptz(3) NOT NULL,
    type        text NOT NULL,
    actor_kind  text NOT NULL CONSTRAINT timeline_actor CHECK (actor_kind IN ('person','timer','machine','policy')),
    actor_name  text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    public      boolean NOT NULL,
    due_at      timestamptz(3),
    lateness_ms bigint,
    data        json,
    personal    json,
    salt        text NOT NULL DEFAULT '',
    digest      text NOT NULL DEFAULT '',
    prev_hash   text NOT NULL,
    hash        text NOT NULL,
    position    bigint GENERATED ALWAYS AS IDENTITY,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (record_id, seq)
);
CREATE UNIQUE INDEX timeline_stream ON timeline (xid, position);

-- +goose StatementBegin
CREATE FUNCTION timeline_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the timeline is never changed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'timeline_is_final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER timeline_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON timeline EXECUTE FUNCTION timeline_is_final();

-- The salted digest under which the words of people enter the chain, reasons too. Erasing the words together with their salt
-- leaves the chain whole, and nothing by which the words could be guessed.
-- +goose StatementBegin
CREATE FUNCTION timeline_digest(salt text, reason text, personal text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN personal IS NULL AND reason = '' THEN '' ELSE encode(sha256(convert_to(
        concat_ws(chr(10), salt, octet_length(reason), reason, coalesce(personal, '')), 'UTF8')), 'hex') END
$$;
-- +goose StatementEnd

-- The hash of one event over its stored bytes and the hash before it. Each text is length-prefixed, so that no two events
-- have the same input. It is one expression, so that PostgreSQL can write it into the statements that use it.
-- +goose StatementBegin
CREATE FUNCTION timeline_hash(prev_hash text, record_id uuid, seq bigint, at timestamptz, recorded_at timestamptz, type text,
    actor_kind text, actor_name text, public boolean, due_at timestamptz, lateness_ms bigint, data text, digest text)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(concat_ws(',', prev_hash, record_id, seq, (extract(epoch FROM at) * 1000)::bigint,
        (extract(epoch FROM recorded_at) * 1000)::bigint, octet_length(type), type, actor_kind, octet_length(actor_name), actor_name,
        public, coalesce((extract(epoch FROM due_at) * 1000)::bigint::text, '-'),
        coalesce(lateness_ms::text, '-'), coalesce(octet_length(data), -1), coalesce(data, ''), digest), 'UTF8')), 'hex')
$$;
-- +goose StatementEnd

-- append_timeline is the only way an event comes to be. It takes the record's head lock, numbers and chains the events, and
-- answers the last number. The application's role may only append annotations; decisions belong to the worker.
-- +goose StatementBegin
CREATE FUNCTION append_timeline(the_record uuid, events json) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    next_seq bigint;
    last_hash text;
    event record;
    the_reason text;
    the_salt text;
    the_digest text;
    decides boolean := current_setting('role') = 'holdfast_worker';
BEGIN
    SELECT chain_seq, chain_hash INTO next_seq, last_hash FROM records WHERE id = the_record FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no record %', the_record USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'timeline_record';
    END IF;
    -- Read as a row once: every ->> would parse the event's text anew.
    FOR event IN SELECT * FROM json_to_recordset(events) AS e (type text, at timestamptz(3), recorded_at timestamptz(3), actor_kind text,
            actor_name text, reason text, public boolean, due_at timestamptz(3), lateness_ms bigint, data json, personal json) LOOP
        IF NOT decides AND split_part(event.type, '.', 1) NOT IN ('note', 'attachment', 'watcher') THEN
            RAISE EXCEPTION 'the application appends annotations only' USING ERRCODE = 'insufficient_privilege';
        END IF;
        next_seq := next_seq + 1;
        the_reason := coalesce(event.reason, '');
        the_salt := '';
        the_digest := '';
        IF event.personal IS NOT NULL OR the_reason <> '' THEN
            the_salt := replace(gen_random_uuid()::text, '-', '');
            the_digest := timeline_digest(the_salt, the_reason, event.personal::text);
        END IF;
        INSERT INTO timeline (record_id, seq, at, recorded_at, type, actor_kind, actor_name, reason, public, due_at, lateness_ms, data,
            personal, salt, digest, prev_hash, hash)
        VALUES (the_record, next_seq, event.at, event.recorded_at, event.type, event.actor_kind, event.actor_name,
            the_reason, coalesce(event.public, false), event.due_at, event.lateness_ms, event.data, event.personal,
            the_salt, the_digest, last_hash,
            timeline_hash(last_hash, the_record, next_seq, event.at, event.recorded_at, event.type, event.actor_kind, event.actor_name,
                coalesce(event.public, false), event.due_at, event.lateness_ms, event.data::text, the_digest))
        RETURNING hash INTO last_hash;
    END LOOP;
    UPDATE records SET chain_seq = next_seq, chain_hash = last_hash WHERE id = the_record;
    RETURN next_seq;
END $$;
-- +goose StatementEnd

-- check_timeline answers what is wrong with one record's chain, or nothing. The operator's doctor reads it.
-- +goose StatementBegin
CREATE FUNCTION check_timeline(the_record uuid) RETURNS TABLE (seq bigint, fault text) LANGUAGE sql STABLE AS $$
    WITH lines AS (
        SELECT t.*, row_number() OVER (ORDER BY t.seq) AS place, coalesce(lag(t.hash) OVER (ORDER BY t.seq), '') AS before
        FROM timeline t WHERE t.record_id = the_record)
    SELECT l.seq, 'a number is missing before it' FROM lines l WHERE l.seq <> l.place
    UNION ALL SELECT l.seq, 'it does not follow the event before it' FROM lines l WHERE l.prev_hash <> l.before
    UNION ALL SELECT l.seq, 'its text does not match its digest' FROM lines l
        WHERE (l.salt <> '' OR l.reason <> '' OR l.personal IS NOT NULL) AND l.digest <> timeline_digest(l.salt, l.reason, l.personal::text)
    UNION ALL SELECT l.seq, 'its content does not match its hash' FROM lines l
        WHERE l.hash <> timeline_hash(l.prev_hash, l.record_id, l.seq, l.at, l.recorded_at, l.type, l.actor_kind, l.actor_name,
            l.public, l.due_at, l.lateness_ms, l.data::text, l.digest)
    UNION ALL SELECT r.chain_seq, 'the record''s head names another end of the chain' FROM records r
        WHERE r.id = the_record AND (r.chain_seq <> (SELECT coalesce(max(l.seq), 0) FROM lines l)
            OR r.chain_hash <> coalesce((SELECT l.hash FROM lines l ORDER BY l.seq DESC LIMIT 1), ''))
$$;
-- +goose StatementEnd

-- The chain's end belongs to append_timeline alone: the worker writes every other column of a record.
REVOKE UPDATE ON records FROM holdfast_worker;
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE (SELECT format('GRANT UPDATE (%s) ON records TO holdfast_worker', string_agg(quote_ident(column_name), ', '))
        FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'records' AND column_name NOT LIKE 'chain_%');
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION append_timeline FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_timeline TO holdfast_worker, holdfast_app;
GRANT SELECT ON timeline TO holdfast_worker, holdfast_app;

-- +goose Down
DROP FUNCTION check_timeline, append_timeline, timeline_hash, timeline_digest;
DROP TABLE timeline;
DROP FUNCTION timeline_is_final;
