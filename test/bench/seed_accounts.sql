-- Twenty teams of ten agents, forty services, and as many people who ask as a large company has.
INSERT INTO people (handle, name, mail, kind, active, zone, created_at)
SELECT 'agent-' || n, 'Agent ' || n, '', 'person', true, 'Europe/Berlin', now() FROM generate_series(0, 199) n
UNION ALL SELECT 'person-' || n, 'Person ' || n, '', 'person', true, 'Europe/Berlin', now() FROM generate_series(0, ?0 - 1) n;

INSERT INTO policies (kind, name, version, spec, author, reason, created_at)
SELECT 'Team', 'team-' || t, 1, json_build_object('title', 'Team ' || t, 'lead', 'agent-' || t,
    'members', (SELECT json_agg('agent-' || a) FROM generate_series(0, 199) a WHERE a % 20 = t)), 'holdfast', 'a seed to measure with', now()
FROM generate_series(0, 19) t
UNION ALL SELECT 'ServicePolicy', 'service-' || s, 1, json_build_object('title', 'Service ' || s, 'owner', 'agent-' || s, 'criticality', 'medium',
    'support', json_build_object('team', 'team-' || s % 20, 'calendar', 'default')), 'holdfast', 'a seed to measure with', now()
FROM generate_series(0, 39) s
UNION ALL SELECT 'Calendar', 'seed', 1, json_build_object('timezone', 'UTC', 'weekly',
    (SELECT json_object_agg(d, '["00:00-24:00"]'::json) FROM unnest('{mon,tue,wed,thu,fri,sat,sun}'::text[]) d)), 'holdfast', 'a seed to measure with', now()
UNION ALL SELECT 'SLA', 'seed', 1, json_build_object('applies_to', 'true', 'calendar', 'seed', 'targets', json_build_object(
    'response', json_build_object('1', '8h', '2', '8h', '3', '8h', '4', '8h', '5', '8h'),
    'resolution', json_build_object('1', '48h', '2', '48h', '3', '48h', '4', '2160h', '5', '2160h'))), 'holdfast', 'a seed to measure with', now();

INSERT INTO teams (name, title, lead) SELECT 'team-' || t, 'Team ' || t, 'agent-' || t FROM generate_series(0, 19) t;
INSERT INTO team_members (team, person) SELECT 'team-' || a % 20, 'agent-' || a FROM generate_series(0, 199) a;
INSERT INTO services (name, title, owner, criticality, team, calendar)
SELECT 'service-' || s, 'Service ' || s, 'agent-' || s, 'medium', 'team-' || s % 20, 'default' FROM generate_series(0, 39) s;
INSERT INTO grants (person, role, scope_kind, scope_name, granted_by, granted_at)
SELECT 'agent-' || a, 'agent', 'team', 'team-' || a % 20, 'holdfast', now() FROM generate_series(0, 199) a
UNION ALL SELECT 'agent-' || t, 'team_lead', 'team', 'team-' || t, 'holdfast', now() FROM generate_series(0, 19) t;
