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
FROM generate_series(0, 39) s;

INSERT INTO teams (name, title, lead) SELECT 'team-' || t, 'Team ' || t, 'agent-' || t FROM generate_series(0, 19) t;
INSERT INTO team_members (team, person) SELECT 'team-' || a % 20, 'agent-' || a FROM generate_series(0, 199) a;
INSERT INTO services (name, title, owner, criticality, team, calendar)
SELECT 'service-' || s, 'Service ' || s, 'agent-' || s, 'medium', 'team-' || s % 20, 'default' FROM generate_series(0, 39) s;
INSERT INTO grants (person, role, scope_kind, scope_name, granted_by, granted_at)
SELECT 'agent-' || a, 'agent', 'team', 'team-' || a % 20, 'holdfast', now() FROM generate_series(0, 199) a
UNION ALL SELECT 'agent-' || t, 'team_lead', 'team', 'team-' || t, 'holdfast', now() FROM generate_series(0, 19) t;
