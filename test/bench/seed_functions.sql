-- What the seed needs while it runs; temporary, each connection has its own.

-- Some number from 0 to below, always the same for n and salt.
CREATE FUNCTION pg_temp.chance(n bigint, salt int, below int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint8extended(n, salt) & 2147483647) % below)::int
$$;

-- One of some texts, the first ones far more often, as in the world.
CREATE FUNCTION pg_temp.pick(texts text[], n bigint, salt int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT texts[1 + floor(cardinality(texts) * power((hashint8extended(n, salt) & 1048575) / 1048576.0, 2))::int]
$$;

-- The promises to a record that was not canceled, under the agreement "seed" (seed_accounts.sql), which counts around the clock:
-- from when it was opened to what kept each, if anything did.
CREATE FUNCTION pg_temp.seed_promises(n bigint, state text, opened timestamptz, life interval, priority int)
RETURNS TABLE (metric text, target text, due timestamptz, kept timestamptz, broken boolean) LANGUAGE sql STABLE AS $$
    SELECT metric, target, opened + target::interval, kept, opened + target::interval <= coalesce(kept, now())
    FROM (VALUES
        ('response', '8h', CASE WHEN state IN ('in_progress', 'resolved', 'closed') THEN date_trunc('milliseconds', opened + life * 0.1)
            WHEN n % 2 = 0 THEN date_trunc('milliseconds', opened + life * 0.2) END),
        ('resolution', CASE WHEN priority <= 3 THEN '48h' ELSE '2160h' END,
            CASE WHEN state IN ('resolved', 'closed') THEN date_trunc('milliseconds', opened + life * 0.8) END)
    ) AS p (metric, target, kept) WHERE state <> 'canceled'
$$;

-- A record's circumstances, as its clocks ask about them.
CREATE FUNCTION pg_temp.seed_life(state text, opened timestamptz, life interval, team text, agent text) RETURNS json LANGUAGE sql IMMUTABLE AS $$
    SELECT json_agg(json_strip_nulls(json_build_object('from', to_char(date_trunc('milliseconds', opened + life * part) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'by', agent, 'state', then_state, 'open', NULLIF(open, false), 'reason', reason, 'base', reason, 'team', team)) ORDER BY part)
    FROM (VALUES
        (0.0, 'new', true, true, NULL),
        (0.05, 'triaged', true, state <> 'new', NULL),
        (0.1, 'in_progress', true, state IN ('in_progress', 'resolved', 'closed'), NULL),
        (0.5, 'on_hold', true, state = 'on_hold', 'scheduled'),
        (0.8, 'resolved', false, state IN ('resolved', 'closed'), NULL),
        (1.0, 'closed', false, state = 'closed', NULL)
    ) AS v (part, then_state, open, there, reason) WHERE there
$$;

-- The events of a record, numbered and chained as append_timeline does, by the same functions. A part of the life lies between
-- one event and the next.
CREATE FUNCTION pg_temp.seed_events(n bigint, record uuid, state text, opened timestamptz, life interval, priority int, title text, service text,
    team text, requester text, agent text, word text)
RETURNS TABLE (seq bigint, at timestamptz, type text, actor_kind text, actor_name text, public boolean, due_at timestamptz, lateness_ms bigint,
    data json, personal json, salt text, digest text, prev_hash text, hash text) LANGUAGE plpgsql AS $$
DECLARE
    event record;
BEGIN
    seq := 0;
    hash := '';
    FOR event IN SELECT v.*, date_trunc('milliseconds', opened + life * part) AS moment FROM (VALUES
        ('incident.logged', 0.0, 'person', requester, true, true,
            json_build_object('priority', priority, 'impact', 'medium', 'urgency', 'low', 'service', service, 'team', team, 'assignment_rule', 'rest'),
            json_build_object('title', title, 'requester', requester)),
        ('incident.triaged', 0.05, 'person', agent, false, state <> 'new', json_build_object('category', json_build_object('from', '', 'to', 'other')), NULL),
        ('incident.started', 0.1, 'person', agent, true, state IN ('in_progress', 'resolved', 'closed'), NULL, NULL),
        ('note.added', 0.2, 'person', agent, true, n % 2 = 0, CASE WHEN n % 200 = 0 THEN '{"answer":true}'::json END, json_build_object('body', 'Looked at it: ' || word || ' Comes back with more.')),
        ('note.added', 0.3, 'person', agent, false, n % 3 = 0, NULL, json_build_object('body', 'For colleagues: ' || word)),
        ('incident.held', 0.5, 'person', agent, true, state = 'on_hold' OR n % 5 = 0 AND state = 'closed',
            json_build_object('reason', 'awaiting_requester', 'base', 'awaiting_requester'), json_build_object('comment', 'Does it happen every time?')),
        ('incident.resumed', 0.7, 'timer', 'hold_over', true, n % 5 = 0 AND state = 'closed', json_build_object('held_for', 'awaiting_requester', 'state', 'in_progress'), NULL),
        ('incident.resolved', 0.8, 'person', agent, true, state IN ('resolved', 'closed'), json_build_object('code', 'fixed'), json_build_object('notes', word)),
        ('incident.closed', 1.0, 'timer', 'auto_close', true, state = 'closed', json_build_object('code', 'fixed'), NULL)
    ) AS v (kind, part, by_kind, by_name, is_public, there, facts, words) WHERE there
        UNION ALL SELECT 'incident.clock_breached', 0, 'timer', 'clock ' || p.metric || ' due', false, true,
            json_build_object('metric', p.metric, 'agreement', 'seed', 'cycle', 1, 'priority', priority, 'target', p.target, 'state', 'breached',
                'elapsed_ms', round(extract(epoch FROM p.due - opened) * 1000)::bigint, 'breached_at', p.due), NULL, p.due
        FROM pg_temp.seed_promises(n, state, opened, life, priority) p WHERE p.broken
        ORDER BY moment, part LOOP -- a promise that breaks at the very moment of an event breaks first
        seq := seq + 1;
        at := event.moment;
        type := event.kind;
        actor_kind := event.by_kind;
        actor_name := event.by_name;
        public := event.is_public;
        due_at := CASE WHEN event.by_kind = 'timer' THEN at END;
        lateness_ms := CASE WHEN event.by_kind = 'timer' THEN 80 + n % 200 END;
        data := event.facts;
        personal := event.words;
        salt := CASE WHEN personal IS NULL THEN '' ELSE replace(gen_random_uuid()::text, '-', '') END;
        digest := timeline_digest(salt, '', personal::text);
        prev_hash := hash;
        hash := timeline_hash(prev_hash, record, seq, at, at, type, actor_kind, actor_name, public, due_at, lateness_ms, data::text, digest);
        RETURN NEXT;
    END LOOP;
END $$;
