-- +goose Up
-- A page that has been tried in vain for long enough, or whose destination does not answer: whoever it is for is tried by their
-- next contact meanwhile.
ALTER TABLE deliveries ADD COLUMN in_vain boolean NOT NULL DEFAULT false;
CREATE INDEX deliveries_outbox ON deliveries (outbox);

-- The links in the mails of pages, each with which one person acknowledges one escalation, once. The secret is in the mail alone.
CREATE TABLE acknowledge_links (
    hash       text PRIMARY KEY,
    escalation uuid NOT NULL REFERENCES escalations ON DELETE RESTRICT,
    person     text NOT NULL REFERENCES people,
    made_at    timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    used_at    timestamptz(3)
);
CREATE INDEX acknowledge_links_old ON acknowledge_links (expires_at);

GRANT INSERT ON acknowledge_links TO holdfast_worker;
GRANT SELECT, UPDATE (used_at), DELETE ON acknowledge_links TO holdfast_app;

-- +goose Down
DROP TABLE acknowledge_links;
DROP INDEX deliveries_outbox;
ALTER TABLE deliveries DROP COLUMN in_vain;
