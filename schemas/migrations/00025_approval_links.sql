-- +goose Up
-- The links in the mails that ask for votes, each with which one person votes once, on what a change was as the mail was sent. The
-- secret is in the mail alone.
CREATE TABLE approval_links (
    hash       text PRIMARY KEY,
    change_id  uuid NOT NULL REFERENCES changes ON DELETE RESTRICT,
    stage      text NOT NULL,
    person     text NOT NULL REFERENCES people,
    hashes     json NOT NULL,
    made_at    timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    used_at    timestamptz(3)
);
CREATE INDEX approval_links_old ON approval_links (expires_at);

GRANT INSERT ON approval_links TO holdfast_worker;
GRANT SELECT, UPDATE (used_at), DELETE ON approval_links TO holdfast_app;

-- +goose Down
DROP TABLE approval_links;
