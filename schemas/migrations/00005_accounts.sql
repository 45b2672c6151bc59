-- +goose Up
CREATE TABLE people (
    handle     text PRIMARY KEY CONSTRAINT people_handle
               CHECK (handle ~ '^[a-z0-9][a-z0-9._-]{0,99}$' AND handle NOT IN ('me','none')), -- which lists take for others
    name       text NOT NULL CONSTRAINT people_name CHECK (octet_length(name) BETWEEN 1 AND 200),
    mail       text NOT NULL DEFAULT '',
    kind       text NOT NULL DEFAULT 'person' CONSTRAINT people_kind CHECK (kind IN ('person','machine')),
    active     boolean NOT NULL DEFAULT true,
    zone       text NOT NULL DEFAULT 'UTC',
    created_at timestamptz(3) NOT NULL
);

-- What Team and ServicePolicy documents say, as rows that guards can join.
CREATE TABLE teams (
    name     text PRIMARY KEY,
    title    text NOT NULL,
    lead     text NOT NULL DEFAULT '',
    calendar text NOT NULL DEFAULT ''
);
CREATE TABLE team_members (
    team   text NOT NULL REFERENCES teams ON DELETE CASCADE,
    person text NOT NULL,
    PRIMARY KEY (team, person)
);
CREATE INDEX team_members_person ON team_members (person);
CREATE TABLE services (
    name        text PRIMARY KEY,
    title       text NOT NULL,
    owner       text NOT NULL DEFAULT '',
    criticality text NOT NULL DEFAULT '',
    team        text NOT NULL DEFAULT '',
    calendar    text NOT NULL DEFAULT ''
);

CREATE TABLE grants (
    person     text NOT NULL REFERENCES people,
    role       text NOT NULL,
    scope_kind text NOT NULL CONSTRAINT grants_scope CHECK (scope_kind IN ('all','team','service')),
    scope_name text NOT NULL DEFAULT '',
    granted_by text NOT NULL,
    granted_at timestamptz(3) NOT NULL,
    PRIMARY KEY (person, role, scope_kind, scope_name),
    CONSTRAINT grants_scope_name CHECK ((scope_kind = 'all') = (scope_name = ''))
);

-- A token is kept as its SHA-256 only. No permissions listed: all that its person has. One that a token made ends with it.
CREATE TABLE tokens (
    id          uuid PRIMARY KEY,
    person      text NOT NULL REFERENCES people,
    name        text NOT NULL CONSTRAINT tokens_name CHECK (octet_length(name) BETWEEN 1 AND 200),
    hash        text NOT NULL CONSTRAINT tokens_hash UNIQUE,
    permissions jsonb NOT NULL DEFAULT '[]' CONSTRAINT tokens_permissions CHECK (jsonb_typeof(permissions) = 'array'),
    created_by  text NOT NULL,
    created_by_token uuid REFERENCES tokens,
    created_at  timestamptz(3) NOT NULL,
    expires_at  timestamptz(3) NOT NULL,
    revoked_at  timestamptz(3)
);
CREATE INDEX tokens_person ON tokens (person, created_at DESC);
CREATE INDEX tokens_maker ON tokens (created_by_token) WHERE created_by_token IS NOT NULL;

CREATE TABLE policies (
    kind       text NOT NULL,
    name       text NOT NULL CONSTRAINT policies_name CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
    version    integer NOT NULL CONSTRAINT policies_version CHECK (version > 0),
    spec       json NOT NULL CONSTRAINT policies_spec CHECK (json_typeof(spec) = 'object'),
    author     text NOT NULL,
    reason     text NOT NULL DEFAULT '',
    created_at timestamptz(3) NOT NULL,
    PRIMARY KEY (kind, name, version)
);
-- +goose StatementBegin
CREATE FUNCTION policies_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a policy version is never changed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policies_are_final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER policies_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON policies EXECUTE FUNCTION policies_are_final();

CREATE TABLE watchers (
    record_id uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    person    text NOT NULL,
    since     timestamptz(3) NOT NULL,
    PRIMARY KEY (record_id, person)
);
CREATE INDEX watchers_person ON watchers (person);

CREATE TABLE attachments (
    id         uuid PRIMARY KEY,
    record_id  uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    name       text NOT NULL CONSTRAINT attachments_name CHECK (octet_length(name) BETWEEN 1 AND 255),
    media_type text NOT NULL,
    bytes      bigint NOT NULL CONSTRAINT attachments_bytes CHECK (bytes >= 0),
    sha256     text NOT NULL,
    public     boolean NOT NULL,
    added_by   text NOT NULL,
    added_at   timestamptz(3) NOT NULL
);
CREATE INDEX attachments_record ON attachments (record_id, added_at, id);

-- What was refused, what was governed, and who read restricted records without being named in them.
CREATE TABLE audit (
    position  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz(3) NOT NULL,
    actor     text NOT NULL,
    action    text NOT NULL,
    record_id uuid,
    outcome   text NOT NULL,
    detail    text NOT NULL DEFAULT ''
);
CREATE INDEX audit_record ON audit (record_id, position) WHERE record_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON people, tokens TO holdfast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON teams, team_members, services, grants, watchers TO holdfast_app;
GRANT SELECT, INSERT ON policies, attachments, audit TO holdfast_app;
GRANT SELECT ON people, teams, team_members, services, grants, policies, watchers, attachments TO holdfast_worker;

-- +goose Down
DROP TABLE audit, attachments, watchers, policies, tokens, grants, services, team_members, teams, people;
DROP FUNCTION policies_are_final;
