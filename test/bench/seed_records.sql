-- Records ?0 to ?1 of ?2, over five years, the last one of now; ?3 to ?7 are what titles and descriptions are made of, and ?8
-- people who ask. One in five of the last tenth is not at its end yet: one in fifty of all.
WITH numbered AS (
    SELECT n, n > ?2 * 0.9 AND pg_temp.chance(n, 1, 5) = 0 AS active, pg_temp.chance(n, 2, 100) AS dice,
        date_trunc('milliseconds', now() - interval '5 years' * ((?2 - n)::float8 / ?2) - interval '1 minute') AS opened_at
    FROM generate_series(?0::bigint, ?1::bigint) n
), made AS MATERIALIZED (
    SELECT n, md5('seed' || n)::uuid AS id, 'INC-' || lpad(n::text, greatest(6, length(n::text)), '0') AS number, opened_at, active,
        CASE WHEN NOT active THEN CASE WHEN dice < 3 THEN 'canceled' ELSE 'closed' END WHEN dice < 15 THEN 'new' WHEN dice < 25 THEN 'triaged'
            WHEN dice < 65 THEN 'in_progress' WHEN dice < 90 THEN 'on_hold' ELSE 'resolved' END AS state,
        least((5 + pg_temp.chance(n, 3, 5760)) * interval '1 minute', now() - opened_at - interval '1 second') AS life,
        pg_temp.pick(?3, n, 4) || ' ' || pg_temp.pick(?4, n, 5) || ' ' || pg_temp.pick(?5, n, 6) AS title,
        pg_temp.pick(?6, n, 7) || ' ' || pg_temp.pick(?6, n, 8) || ' Device ' || 'dev-' || pg_temp.chance(n, 9, 30000) || '. ' || pg_temp.pick(?6, n, 10) AS description,
        pg_temp.pick(?7, n, 11) AS words,
        'service-' || pg_temp.chance(n, 12, 40) AS service, 'category-' || pg_temp.chance(n, 13, 15) AS category,
        'team-' || pg_temp.chance(n, 12, 40) % 20 AS team, 'agent-' || pg_temp.chance(n, 12, 40) % 20 + 20 * pg_temp.chance(n, 14, 10) AS agent,
        'person-' || pg_temp.chance(n, 15, ?8) AS requester, 1 + least(4, 1 + pg_temp.chance(n, 16, 100) / 20) - CASE WHEN pg_temp.chance(n, 17, 50) = 0 THEN 1 ELSE 0 END AS priority,
        CASE WHEN pg_temp.chance(n, 18, 4) = 0 THEN '["outage"]'::jsonb ELSE '[]'::jsonb END AS tags,
        date_trunc('milliseconds', now() + interval '2 hours' + pg_temp.chance(n, 19, 20000) * interval '1 minute') AS due
    FROM numbered
), promised AS MATERIALIZED (
    SELECT made.id, opened_at, state, priority, agent, p.* FROM made CROSS JOIN LATERAL pg_temp.seed_promises(n, state, opened_at, life, priority) p
), clock_due AS (
    SELECT id, due, 'clock ' || metric || ' due' AS name, 'incident.clock_due' AS command, 'the promise of ' || metric || ' is broken' AS outcome
    FROM promised WHERE kept IS NULL AND NOT broken
), due AS (
    SELECT id, due, CASE state WHEN 'new' THEN 'triage' WHEN 'on_hold' THEN 'hold_over' ELSE 'auto_close' END AS name,
        CASE state WHEN 'new' THEN 'incident.triage_overdue' WHEN 'on_hold' THEN 'incident.hold_over' ELSE 'incident.auto_close' END AS command,
        CASE state WHEN 'new' THEN 'tells the team lead that nobody has taken it up' WHEN 'on_hold' THEN 'resumes by itself' ELSE 'closes by itself' END AS outcome
    FROM made WHERE state IN ('new', 'on_hold', 'resolved') UNION ALL SELECT id, due, name, command, outcome FROM clock_due
), first_due AS (
    SELECT DISTINCT ON (id) id, due, name FROM due ORDER BY id, due, name
), events AS MATERIALIZED (
    SELECT made.id AS record_id, e.* FROM made CROSS JOIN LATERAL pg_temp.seed_events(n, made.id, made.state, opened_at, life, made.priority, made.title,
        made.service, made.team, made.requester, made.agent, made.words) e
), ends AS (
    SELECT DISTINCT ON (record_id) record_id, seq, at, hash FROM events ORDER BY record_id, seq DESC
), into_records AS (
    INSERT INTO records (id, practice, number, state, version, title, description, service, category, tags, team, assignee, requester, opened_by,
        priority, channel, policies, open, active, wake_at, next_due, opened_at, updated_at, state_since, resolved_at, closed_at, last_event_at, chain_seq, chain_hash)
    SELECT made.id, 'incident', number, state, ends.seq, title, description, service, category, tags, team,
        CASE WHEN state = 'new' OR state = 'triaged' AND n % 2 = 0 THEN '' ELSE agent END, requester, requester, priority, 'portal', '{}',
        active AND state <> 'resolved', active, due.due, coalesce(due.name, ''), opened_at, ends.at, ends.at,
        CASE WHEN state IN ('resolved', 'closed') THEN ends.at END, CASE WHEN NOT active THEN ends.at END, ends.at, ends.seq, ends.hash
    FROM made JOIN ends ON ends.record_id = made.id LEFT JOIN first_due due ON due.id = made.id
), into_incidents AS (
    INSERT INTO incidents (id, impact, urgency, started_at, triaged_at, hold_reason, hold_base, hold_since, hold_until, hold_from, agreements, life, responded_at, clocks_version,
        resolution_code, resolution_notes, resolution_by, resolution_recorded_at, satisfaction_score)
    SELECT made.id, 'medium', 'low', CASE WHEN state NOT IN ('new', 'triaged', 'canceled') THEN opened_at + life * 0.1 END,
        CASE WHEN state <> 'new' THEN opened_at + life * 0.05 END,
        CASE WHEN state = 'on_hold' THEN 'scheduled' ELSE '' END, CASE WHEN state = 'on_hold' THEN 'scheduled' ELSE '' END,
        CASE WHEN state = 'on_hold' THEN ends.at END, CASE WHEN state = 'on_hold' THEN made.due END, CASE WHEN state = 'on_hold' THEN 'in_progress' ELSE '' END,
        CASE WHEN state = 'canceled' THEN '[]' ELSE '[{"agreement":"seed","version":1,"calendar":"seed","calendar_version":1,"why":"seed applies (rank 0)"}]' END::json,
        pg_temp.seed_life(state, opened_at, life, team, agent), (SELECT kept FROM promised p WHERE p.id = made.id AND metric = 'response'), ends.seq,
        CASE WHEN state IN ('resolved', 'closed') THEN 'fixed' ELSE '' END, CASE WHEN state IN ('resolved', 'closed') THEN words ELSE '' END,
        CASE WHEN state IN ('resolved', 'closed') THEN agent ELSE '' END, CASE WHEN state IN ('resolved', 'closed') THEN opened_at + life * 0.8 END,
        CASE WHEN state = 'closed' AND n % 3 = 0 THEN 3 + n % 3 ELSE 0 END
    FROM made JOIN ends ON ends.record_id = made.id
), into_clocks AS (
    INSERT INTO clocks (record_id, metric, agreement, agreement_version, cycle, rating, why, priority, calendar, calendar_version, target, length_ms,
        state, counting, cycle_from, from_at, due_at, breached_at, stopped_at, stopped_by, elapsed_ms, paused_ms, as_of, next_at, next, in_force, version)
    SELECT id, metric, 'seed', 1, 1, 1, 'seed applies (rank 0)', priority, 'seed', 1, target, round(extract(epoch FROM target::interval) * 1000),
        CASE WHEN broken THEN 'breached' WHEN kept IS NOT NULL THEN 'met' ELSE 'running' END, kept IS NULL, opened_at, opened_at, due,
        CASE WHEN broken THEN due END, kept, CASE WHEN kept IS NULL THEN '' ELSE agent END,
        round(extract(epoch FROM coalesce(kept, CASE WHEN broken THEN due END, ends.at) - opened_at) * 1000), 0, coalesce(kept, CASE WHEN broken THEN due END, ends.at),
        CASE WHEN kept IS NULL AND NOT broken THEN due END, CASE WHEN kept IS NULL AND NOT broken THEN 'due' ELSE '' END, true, ends.seq
    FROM promised JOIN ends ON ends.record_id = promised.id
), into_words AS (
    INSERT INTO record_words (record_id, practice, words)
    SELECT id, 'incident', setweight(to_tsvector('english', number || ' ' || title), 'A') || setweight(to_tsvector('english', description), 'B') FROM made
), into_deadlines AS (
    INSERT INTO deadlines (record_id, name, due_at, command, outcome, since) SELECT due.id, name, due.due, command, outcome, opened_at FROM due JOIN made ON made.id = due.id
), into_links AS (
    INSERT INTO links (from_id, type, to_id, since) SELECT id, 'follows', md5('seed' || n - 1)::uuid, opened_at FROM made WHERE n % 40 = 0
), into_watchers AS (
    INSERT INTO watchers (record_id, person, since) SELECT id, agent, opened_at FROM made WHERE active AND n % 4 = 0
), into_commands AS (
    INSERT INTO commands (id, record_id, name, digest, actor, outcome, created_at)
    SELECT encode(sha256(convert_to('seed' || n, 'UTF8')), 'hex'), id, 'incident.log', '', requester, '{"outcome":"applied","version":1}', opened_at FROM made
)
INSERT INTO timeline (record_id, seq, at, recorded_at, type, actor_kind, actor_name, public, due_at, lateness_ms, data, personal, salt, digest, prev_hash, hash)
SELECT record_id, seq, at, at, type, actor_kind, actor_name, public, due_at, lateness_ms, data, personal, salt, digest, prev_hash, hash FROM events;
