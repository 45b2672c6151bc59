-- +goose Up
CREATE SEQUENCE change_numbers;

CREATE TABLE changes (
    id               uuid PRIMARY KEY REFERENCES records ON DELETE RESTRICT,
    type             text NOT NULL CONSTRAINT changes_type CHECK (type IN ('standard','normal','emergency')),
    model            text NOT NULL DEFAULT '',
    justification    text NOT NULL DEFAULT '',
    plan             text NOT NULL DEFAULT '',
    test_plan        text NOT NULL DEFAULT '',
    back_out_plan    text NOT NULL DEFAULT '',
    services         json NOT NULL DEFAULT '[]',
    exclusive        boolean NOT NULL DEFAULT false,
    window_from      timestamptz(3),
    window_to        timestamptz(3),
    extended_to      timestamptz(3),
    window_missed    boolean NOT NULL DEFAULT false,
    auto_start       boolean NOT NULL DEFAULT false,
    expedited        boolean NOT NULL DEFAULT false,
    security_reason  text NOT NULL DEFAULT '',
    expected_outage  text NOT NULL DEFAULT '',
    predecessors     json NOT NULL DEFAULT '[]',
    tasks            json NOT NULL DEFAULT '[]',
    answers          json,
    risk             json,
    assessed_by      text NOT NULL DEFAULT '',
    reviewed_by      text NOT NULL DEFAULT '',
    approval         json,
    approval_void    boolean NOT NULL DEFAULT false,
    unauthorised     boolean NOT NULL DEFAULT false,
    submitted_at     timestamptz(3),
    actual_start     timestamptz(3),
    actual_end       timestamptz(3),
    retrospective    boolean NOT NULL DEFAULT false,
    outcome          text NOT NULL DEFAULT '' CONSTRAINT changes_outcome CHECK (outcome IN ('','successful','successful_with_issues','backed_out','failed')),
    outcome_notes    text NOT NULL DEFAULT '',
    conflicts        json NOT NULL DEFAULT '[]',
    overrides        json NOT NULL DEFAULT '[]',
    held_since       timestamptz(3),
    overrun_at       timestamptz(3),
    watch_until      timestamptz(3),
    causes           json NOT NULL DEFAULT '[]',
    caused_incident  boolean NOT NULL DEFAULT false,
    review_needed    text NOT NULL DEFAULT '',
    review_due_at    timestamptz(3),
    review_escalated boolean NOT NULL DEFAULT false,
    findings         text NOT NULL DEFAULT '',
    CONSTRAINT changes_window CHECK (window_from < window_to),
    CONSTRAINT changes_whole_window CHECK ((window_from IS NULL) = (window_to IS NULL)),
    CONSTRAINT changes_ended CHECK (outcome = '' OR actual_end IS NOT NULL)
);
-- The calendar of changes, and the records of models and of teams.
CREATE INDEX changes_window ON changes (window_from, window_to) WHERE window_from IS NOT NULL;
CREATE INDEX changes_model ON changes (model, actual_end DESC) WHERE model <> '' AND outcome <> '';
CREATE INDEX changes_ended ON changes (actual_end DESC) WHERE outcome <> '';

-- What a change touches while its window stands, and who has a configuration item to themselves. Those that want an item alone
-- each hold it as themselves, all others hold it together as 0: so no two of whom one wants it alone reserve it at the same time.
-- An override lets a change go: what is released reserves nothing.
CREATE TABLE change_items (
    change_id uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    item      text NOT NULL,
    during    tstzrange NOT NULL CONSTRAINT change_items_during CHECK (NOT isempty(during)),
    holder    bigint NOT NULL,
    reserves  boolean NOT NULL,
    PRIMARY KEY (change_id, item),
    CONSTRAINT change_items_reserved EXCLUDE USING gist (item WITH =, during WITH &&, holder WITH <>) WHERE (reserves)
);
CREATE INDEX change_items_during ON change_items USING gist (item, during);

-- Of whom votes are outstanding, so that everybody finds what waits for them.
CREATE TABLE approval_seats (
    record_id uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    stage     text NOT NULL,
    person    text NOT NULL,
    again     boolean NOT NULL DEFAULT false,
    since     timestamptz(3) NOT NULL,
    due_at    timestamptz(3),
    PRIMARY KEY (record_id, stage, person)
);
CREATE INDEX approval_seats_person ON approval_seats (person, since);

-- Every vote that was given, and what became of it.
CREATE TABLE votes (
    record_id uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    place     integer NOT NULL,
    stage     text NOT NULL,
    round     integer NOT NULL,
    voter     text NOT NULL,
    seat      text NOT NULL,
    choice    text NOT NULL CONSTRAINT votes_choice CHECK (choice IN ('approve','approve_with','reject','abstain','recuse')),
    at        timestamptz(3) NOT NULL,
    void      text NOT NULL DEFAULT '',
    PRIMARY KEY (record_id, stage, place)
);
-- One vote of a seat counts.
CREATE UNIQUE INDEX votes_in_force ON votes (record_id, stage, seat) WHERE void = '';
CREATE INDEX votes_voter ON votes (voter, at DESC);

-- Who votes for whom, and in which time.
CREATE TABLE delegations (
    id         uuid PRIMARY KEY,
    principal  text NOT NULL REFERENCES people ON DELETE RESTRICT,
    delegate   text NOT NULL REFERENCES people ON DELETE RESTRICT,
    from_at    timestamptz(3) NOT NULL,
    until_at   timestamptz(3) NOT NULL,
    reason     text NOT NULL DEFAULT '',
    made_by    text NOT NULL,
    made_at    timestamptz(3) NOT NULL,
    ended_at   timestamptz(3),
    CONSTRAINT delegations_self CHECK (principal <> delegate),
    CONSTRAINT delegations_span CHECK (from_at < until_at)
);
CREATE INDEX delegations_delegate ON delegations (delegate, until_at);
CREATE INDEX delegations_principal ON delegations (principal, until_at);

-- Which facts outside a record matter to it: a service, an item, a person, a freeze. Whoever changes such a fact has the records
-- concerned look for themselves, by the command.
CREATE TABLE interests (
    record_id uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    kind      text NOT NULL,
    key       text NOT NULL,
    practice  text NOT NULL,
    command   text NOT NULL,
    PRIMARY KEY (record_id, kind, key)
);
CREATE INDEX interests_fact ON interests (kind, key);

GRANT SELECT, INSERT, UPDATE ON changes, votes TO holdfast_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON change_items, approval_seats, interests TO holdfast_worker;
GRANT USAGE ON SEQUENCE change_numbers TO holdfast_worker;
GRANT SELECT ON changes, change_items, approval_seats, votes, interests TO holdfast_app;
GRANT SELECT, INSERT, UPDATE ON delegations TO holdfast_app;
GRANT SELECT ON delegations TO holdfast_worker;

-- +goose Down
DROP TABLE interests, delegations, votes, approval_seats, change_items, changes;
DROP SEQUENCE change_numbers;
