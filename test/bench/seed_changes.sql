-- A board of nine and two change managers, ten services without an incident, and what they run on: twenty hosts, and a hundred machines
-- on them that need each other.
INSERT INTO grants (person, role, scope_kind, scope_name, granted_by, granted_at)
SELECT 'agent-' || a, 'cab_member', 'all', '', 'holdfast', now() FROM unnest('{3,100,101,102,103,104,105,106,107}'::int[]) a
UNION ALL SELECT 'agent-' || a, 'change_manager', 'all', '', 'holdfast', now() FROM unnest('{108,109}'::int[]) a;

INSERT INTO policies (kind, name, version, spec, author, reason, created_at)
SELECT 'ServicePolicy', 'platform-' || s, 1, json_build_object('title', 'Platform ' || s, 'owner', 'agent-' || s, 'criticality', 'high',
    'support', json_build_object('team', 'team-' || s, 'calendar', 'seed')), 'holdfast', 'a seed to measure with', now()
FROM generate_series(0, 9) s
UNION ALL SELECT 'ChangeModel', 'seed-platform', 1, '{"title": "Move to the platform of this year", "type": "normal", "lead_time": "5wd", "environment": "production",
    "justification": "The supplier ends support of the old machines in spring.", "plan": "Copy the data, point the address to the new machine, and watch it for an hour.",
    "test_plan": "Sign in from Berlin and from Dublin, and send an order through.", "back_out_plan": "Point the address back to the old machine, which stays as it is for a week.",
    "tasks": [{"title": "Copy the data"}, {"title": "Point the address to the new machine", "after": ["t1"]}],
    "questionnaire": [{"id": "done_before", "ask": "Has it been done before in the same way?", "risk": {"no": 20}}, {"id": "outage", "ask": "Will users notice it?", "risk": {"yes": 20}}],
    "risk": {"critical_service": 40, "high_service": 25, "some_items": 10, "many_items": 20, "medium": 30, "high": 60}}', 'holdfast', 'a seed to measure with', now()
UNION ALL SELECT 'ApprovalPolicy', 'seed-board', 1, '{"when": "record.practice == \"change\"", "stages": [
    {"name": "board", "electorate": ["role:cab_member"], "rule": {"threshold": "60%", "of": "electorate"}, "deadline": "10d", "default": "escalate", "covers": ["scope"]},
    {"name": "window", "electorate": ["role:change_manager"], "rule": {"threshold": 1, "of": "approvals"}, "deadline": "5d", "default": "escalate", "covers": ["schedule"], "parallel": true}]}',
    'holdfast', 'a seed to measure with', now();

INSERT INTO services (name, title, owner, criticality, team, calendar)
SELECT 'platform-' || s, 'Platform ' || s, 'agent-' || s, 'high', 'team-' || s, 'seed' FROM generate_series(0, 9) s;

INSERT INTO configuration_items (handle, version, title, class, service, environment, shared, valid_from, changed_by)
SELECT 'host-' || h, 1, 'Host ' || h, 'server', '', 'production', h = 0, now() - interval '1 day', 'holdfast' FROM generate_series(0, 19) h
UNION ALL SELECT 'machine-' || m, 1, 'Machine ' || m, 'virtual_machine', 'platform-' || m % 10, 'production', false, now() - interval '1 day', 'holdfast' FROM generate_series(0, 99) m;

INSERT INTO configuration_relations (from_item, type, to_item, valid_from, made_by)
SELECT 'machine-' || m, 'runs_on', 'host-' || m % 20, now() - interval '1 day', 'holdfast' FROM generate_series(0, 99) m
UNION ALL SELECT 'machine-' || m, 'depends_on', 'machine-' || m + 7, now() - interval '1 day', 'holdfast' FROM generate_series(0, 92) m;
