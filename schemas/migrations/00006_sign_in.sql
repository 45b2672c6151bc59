-- +goose Up
-- How people sign in: passwords (argon2id), sessions and one-use links, of whose secrets only the SHA-256 is kept, and the
-- attempts that failed.
CREATE TABLE passwords (
    person text PRIMARY KEY REFERENCES people,
    hash   text NOT NULL CONSTRAINT passwords_hash CHECK (hash LIKE '$argon2id$%'),
    set_at timestamptz(3) NOT NULL
);

-- A session that began with a token may no more than the token, and ends with it.
CREATE TABLE sessions (
    id         uuid PRIMARY KEY,
    hash       text NOT NULL CONSTRAINT sessions_hash UNIQUE,
    person     text NOT NULL REFERENCES people,
    token      uuid REFERENCES tokens,
    address    text NOT NULL DEFAULT '',
    network    text NOT NULL DEFAULT '',
    agent      text NOT NULL DEFAULT '',
    created_at timestamptz(3) NOT NULL,
    seen_at    timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    ended_at   timestamptz(3)
);
CREATE INDEX sessions_person ON sessions (person, created_at DESC) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX sessions_known ON sessions (person, network);

CREATE TABLE invitations (
    id         uuid PRIMARY KEY,
    hash       text NOT NULL CONSTRAINT invitations_hash UNIQUE,
    person     text NOT NULL REFERENCES people,
    purpose    text NOT NULL CONSTRAINT invitations_purpose CHECK (purpose IN ('password','enter')),
    made_by    text NOT NULL,
    created_at timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    used_at    timestamptz(3)
);
CREATE INDEX invitations_person ON invitations (person) WHERE used_at IS NULL;
CREATE INDEX invitations_expires ON invitations (expires_at);

-- Attempts to sign in, counted under an account, an address, and both together, until one succeeds or an hour passes.
CREATE TABLE attempts (
    counted  text PRIMARY KEY,
    failures integer NOT NULL,
    last_at  timestamptz(3) NOT NULL,
    until    timestamptz(3) NOT NULL
);
CREATE INDEX attempts_last ON attempts (last_at);

-- Accounts are told things too, which belong to no record.
ALTER TABLE outbox ALTER COLUMN record_id DROP NOT NULL;

-- The application may tell accounts something; of records only the worker tells.
-- +goose StatementBegin
CREATE FUNCTION tell_account(the_kind text, the_person text, the_data json, the_moment timestamptz) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF the_kind NOT LIKE 'account.%' THEN
        RAISE EXCEPTION 'accounts are told of accounts only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO outbox (kind, recipients, data, created_at)
    VALUES (the_kind, jsonb_build_array('person:' || the_person), the_data, the_moment);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION tell_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tell_account TO holdfast_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON passwords, sessions, invitations, attempts TO holdfast_app;

-- +goose Down
DROP FUNCTION tell_account;
DELETE FROM outbox WHERE record_id IS NULL;
ALTER TABLE outbox ALTER COLUMN record_id SET NOT NULL;
DROP TABLE attempts, invitations, sessions, passwords;
