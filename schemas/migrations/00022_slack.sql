-- +goose Up
-- Slack beside mail and webhooks: a destination is a workspace, a contact a user of it, "<destination>/<user id>".
ALTER TABLE destinations
    DROP CONSTRAINT destinations_channel,
    ADD CONSTRAINT destinations_channel CHECK (channel IN ('mail','webhook','slack')),
    -- what Holdfast shows to be let in, as against the secret, by which it knows what comes back
    ADD COLUMN token text NOT NULL DEFAULT '';
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_channel,
    ADD CONSTRAINT deliveries_channel CHECK (channel IN ('mail','webhook','sms','voice','push','slack'));
ALTER TABLE contacts
    DROP CONSTRAINT contacts_channel,
    ADD CONSTRAINT contacts_channel CHECK (channel IN ('mail','sms','voice','push','slack'));
CREATE INDEX contacts_address ON contacts (channel, address) WHERE verified_at IS NOT NULL;

-- Where the first message about a record stands, so that later ones stand beside it.
CREATE TABLE threads (
    destination text NOT NULL REFERENCES destinations ON DELETE CASCADE,
    address     text NOT NULL,
    record_id   uuid NOT NULL REFERENCES records ON DELETE RESTRICT,
    room        text NOT NULL,
    message     text NOT NULL,
    made_at     timestamptz(3) NOT NULL,
    PRIMARY KEY (destination, address, record_id)
);
CREATE INDEX threads_old ON threads (made_at);

-- How often the steps were begun anew, so that word of a step that was taken before then is known as such.
ALTER TABLE escalations ADD COLUMN run integer NOT NULL DEFAULT 1;

GRANT SELECT, INSERT, UPDATE, DELETE ON threads TO holdfast_worker;
GRANT SELECT ON threads TO holdfast_app;

-- +goose Down
ALTER TABLE escalations DROP COLUMN run;
DROP TABLE threads;
DROP INDEX contacts_address;
DELETE FROM contacts WHERE channel = 'slack';
DELETE FROM deliveries WHERE channel = 'slack';
DELETE FROM destinations WHERE channel = 'slack';
ALTER TABLE contacts
    DROP CONSTRAINT contacts_channel,
    ADD CONSTRAINT contacts_channel CHECK (channel IN ('mail','sms','voice','push'));
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_channel,
    ADD CONSTRAINT deliveries_channel CHECK (channel IN ('mail','webhook','sms','voice','push'));
ALTER TABLE destinations
    DROP COLUMN token,
    DROP CONSTRAINT destinations_channel,
    ADD CONSTRAINT destinations_channel CHECK (channel IN ('mail','webhook'));
