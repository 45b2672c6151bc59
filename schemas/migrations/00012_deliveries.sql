-- +goose Up
-- What leaves for the outside. A row of the outbox is dispatched once: its recipients become people, and people bell rows and
-- deliveries. What stood in the outbox before this migration is told to nobody.
ALTER TABLE outbox
    ADD COLUMN lane text NOT NULL DEFAULT 'notice' CONSTRAINT outbox_lane CHECK (lane IN ('page','notice')),
    -- asked before anything of it is sent: a kind of question, and whom it is about
    ADD COLUMN guard_kind text NOT NULL DEFAULT '',
    ADD COLUMN guard_id text NOT NULL DEFAULT '',
    ADD COLUMN dispatched_at timestamptz(3);
UPDATE outbox SET dispatched_at = now();
CREATE INDEX outbox_waiting ON outbox (position) WHERE dispatched_at IS NULL;

-- Instances of channels: the SMTP relay that the workers are configured with, and webhooks that administrators add.
CREATE TABLE destinations (
    name             text PRIMARY KEY CONSTRAINT destinations_name CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
    channel          text NOT NULL CONSTRAINT destinations_channel CHECK (channel IN ('mail','webhook')),
    title            text NOT NULL CONSTRAINT destinations_title CHECK (octet_length(title) BETWEEN 1 AND 200),
    url              text NOT NULL DEFAULT '' CONSTRAINT destinations_url CHECK (octet_length(url) <= 2000),
    -- A receiver needs the same secret to check a signature, so it is kept as it is. The old one signs beside it for a while.
    secret           text NOT NULL DEFAULT '',
    old_secret       text NOT NULL DEFAULT '',
    old_secret_until timestamptz(3),
    -- the kinds of notices that it is sent of its own accord, "incident.*"
    kinds            jsonb NOT NULL DEFAULT '[]' CONSTRAINT destinations_kinds CHECK (jsonb_typeof(kinds) = 'array'),
    -- the channels of people's contacts that it carries as a gateway: sms, voice, push
    carries          jsonb NOT NULL DEFAULT '[]' CONSTRAINT destinations_carries CHECK (jsonb_typeof(carries) = 'array'),
    active           boolean NOT NULL DEFAULT true,
    created_at       timestamptz(3) NOT NULL,
    updated_at       timestamptz(3) NOT NULL
);
INSERT INTO destinations (name, channel, title, created_at, updated_at) VALUES ('mail', 'mail', 'Mail', now(), now());

-- What the workers know of a destination: whether they can reach it at all, and how it has answered.
CREATE TABLE circuits (
    destination text PRIMARY KEY REFERENCES destinations ON DELETE CASCADE,
    configured  boolean NOT NULL DEFAULT true,
    via         text NOT NULL DEFAULT '',
    failures    integer NOT NULL DEFAULT 0, -- in a row
    open_until  timestamptz(3),             -- until then nothing is sent, then one delivery alone
    fault       text NOT NULL DEFAULT '',
    failed_at   timestamptz(3),
    sent_at     timestamptz(3)
);

-- One row for each person, or receiver, that one row of the outbox goes to at one destination.
CREATE TABLE deliveries (
    id          uuid PRIMARY KEY, -- made from the four that are unique: a receiver knows a repetition by it
    position    bigint GENERATED ALWAYS AS IDENTITY,
    outbox      bigint NOT NULL REFERENCES outbox,
    destination text NOT NULL REFERENCES destinations,
    channel     text NOT NULL CONSTRAINT deliveries_channel CHECK (channel IN ('mail','webhook','sms','voice','push')),
    lane        text NOT NULL CONSTRAINT deliveries_lane CHECK (lane IN ('page','notice')),
    person      text NOT NULL DEFAULT '',
    address     text NOT NULL DEFAULT '',
    line        text NOT NULL, -- deliveries of one line leave in order
    record_id   uuid REFERENCES records ON DELETE RESTRICT,
    service     text NOT NULL DEFAULT '',
    kind        text NOT NULL,
    guard_kind  text NOT NULL DEFAULT '',
    guard_id    text NOT NULL DEFAULT '',
    -- failed: the receiver refuses it for good; dead: given up after trying for long; dropped: its guard no longer held
    state       text NOT NULL DEFAULT 'pending' CONSTRAINT deliveries_state CHECK (state IN ('pending','sent','failed','dead','dropped')),
    attempts    integer NOT NULL DEFAULT 0,
    next_at     timestamptz(3) NOT NULL,
    dead_at     timestamptz(3) NOT NULL,
    fault       text NOT NULL DEFAULT '',
    held_back   boolean NOT NULL DEFAULT false, -- put off because the destination did not answer
    bundle      uuid, -- of those that left as one message, the first one's id
    created_at  timestamptz(3) NOT NULL,
    settled_at  timestamptz(3),
    CONSTRAINT deliveries_once UNIQUE (outbox, destination, channel, address)
);
CREATE UNIQUE INDEX deliveries_newest ON deliveries (position DESC);
CREATE INDEX deliveries_due ON deliveries (destination, lane, next_at, position) WHERE state = 'pending';
CREATE INDEX deliveries_line ON deliveries (destination, lane, line, position) WHERE state = 'pending';
CREATE INDEX deliveries_recent ON deliveries (destination, channel, address, settled_at) WHERE state = 'sent' AND address <> '';
CREATE INDEX deliveries_record ON deliveries (record_id, position DESC) WHERE record_id IS NOT NULL;
CREATE INDEX deliveries_person ON deliveries (person, position DESC) WHERE person <> '';
CREATE INDEX deliveries_troubled ON deliveries (state, position DESC) WHERE state IN ('pending','failed','dead');
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE state IN ('sent','dropped');

-- Where people are reached beside the address of their account. One counts when its code has come back.
CREATE TABLE contacts (
    id              uuid PRIMARY KEY,
    person          text NOT NULL REFERENCES people,
    channel         text NOT NULL CONSTRAINT contacts_channel CHECK (channel IN ('mail','sms','voice','push')),
    address         text NOT NULL CONSTRAINT contacts_address CHECK (octet_length(address) BETWEEN 1 AND 320),
    created_at      timestamptz(3) NOT NULL,
    verified_at     timestamptz(3),
    code_hash       text NOT NULL DEFAULT '',
    code_expires_at timestamptz(3),
    code_tries      integer NOT NULL DEFAULT 0,
    CONSTRAINT contacts_once UNIQUE (person, channel, address)
);

-- What somebody chose of how they are told; without a row, the bell and mail at once.
CREATE TABLE notification_rules (
    person     text PRIMARY KEY REFERENCES people,
    notices    jsonb NOT NULL CONSTRAINT notification_rules_notices CHECK (jsonb_typeof(notices) = 'array'), -- contacts
    pages      jsonb NOT NULL CONSTRAINT notification_rules_pages CHECK (jsonb_typeof(pages) = 'array'), -- {contact, after_seconds}
    quiet_from text NOT NULL DEFAULT '' CONSTRAINT notification_rules_quiet_from CHECK (quiet_from ~ '^(([01][0-9]|2[0-3]):[0-5][0-9])?$'),
    quiet_to   text NOT NULL DEFAULT '' CONSTRAINT notification_rules_quiet_to CHECK (quiet_to ~ '^(([01][0-9]|2[0-3]):[0-5][0-9])?$'),
    updated_at timestamptz(3) NOT NULL,
    CONSTRAINT notification_rules_quiet CHECK ((quiet_from = '') = (quiet_to = ''))
);

-- What the console's bell shows somebody.
CREATE TABLE bell (
    person     text NOT NULL REFERENCES people,
    outbox     bigint NOT NULL REFERENCES outbox,
    kind       text NOT NULL,
    lane       text NOT NULL,
    record_id  uuid REFERENCES records ON DELETE RESTRICT,
    data       json NOT NULL,
    created_at timestamptz(3) NOT NULL,
    read_at    timestamptz(3),
    PRIMARY KEY (person, outbox)
);
CREATE INDEX bell_unread ON bell (person) WHERE read_at IS NULL;
CREATE INDEX bell_old ON bell (created_at);

-- the secret of an invitation that was mailed
ALTER TABLE invitations ADD COLUMN mailed_hash text CONSTRAINT invitations_mailed_hash UNIQUE;

-- read_bell marks what somebody has read: up to a row of the outbox, or that row alone. It is the application's only way in.
-- +goose StatementBegin
CREATE FUNCTION read_bell(the_person text, the_outbox bigint, alone boolean, the_moment timestamptz) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE bell SET read_at = the_moment WHERE person = the_person AND read_at IS NULL
        AND CASE WHEN alone THEN outbox = the_outbox ELSE outbox <= the_outbox END
$$;
-- replay_delivery lets one that was given up try again, for as long as a new one. It answers its destination, or null.
CREATE FUNCTION replay_delivery(the_id uuid, the_moment timestamptz) RETURNS text LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE deliveries SET state = 'pending', attempts = 0, next_at = the_moment, dead_at = the_moment + (dead_at - created_at), fault = '', settled_at = NULL
        WHERE id = the_id AND state IN ('failed','dead') RETURNING destination
$$;
-- mail_invitation gives an invitation that still works a second secret, which only the mail that is being sent knows; the one
-- that whoever made it was shown keeps working. It answers until when, or null when it does not work any more.
CREATE FUNCTION mail_invitation(the_invitation uuid, the_hash text, the_moment timestamptz) RETURNS timestamptz LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE invitations SET mailed_hash = the_hash WHERE id = the_invitation AND used_at IS NULL AND expires_at > the_moment RETURNING expires_at
$$;
-- ask_contact gives a contact that is not verified yet the code that is being sent to it. False: there is no such contact any more.
CREATE FUNCTION ask_contact(the_contact uuid, the_hash text, expires timestamptz) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE contacts SET code_hash = the_hash, code_expires_at = expires, code_tries = 0 WHERE id = the_contact AND verified_at IS NULL;
    RETURN FOUND;
END $$;
-- A page that somebody sends themselves takes the lane of pages.
CREATE OR REPLACE FUNCTION tell_account(the_kind text, the_person text, the_data json, the_moment timestamptz) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF the_kind NOT LIKE 'account.%' THEN
        RAISE EXCEPTION 'accounts are told of accounts only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO outbox (kind, recipients, data, created_at, lane)
    VALUES (the_kind, jsonb_build_array('person:' || the_person), the_data, the_moment,
        CASE the_kind WHEN 'account.test_page' THEN 'page' ELSE 'notice' END);
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION read_bell, replay_delivery, mail_invitation, ask_contact FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_bell, replay_delivery TO holdfast_app;
GRANT EXECUTE ON FUNCTION mail_invitation, ask_contact TO holdfast_worker;
GRANT UPDATE (dispatched_at) ON outbox TO holdfast_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON destinations, contacts, notification_rules TO holdfast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON circuits, deliveries, bell TO holdfast_worker;
GRANT SELECT ON circuits, deliveries, bell TO holdfast_app;
GRANT SELECT ON destinations, contacts, notification_rules TO holdfast_worker;

-- +goose Down
DROP FUNCTION ask_contact, mail_invitation, replay_delivery, read_bell;
ALTER TABLE invitations DROP COLUMN mailed_hash;
DROP TABLE bell, notification_rules, contacts, deliveries, circuits, destinations;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION tell_account(the_kind text, the_person text, the_data json, the_moment timestamptz) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF the_kind NOT LIKE 'account.%' THEN
        RAISE EXCEPTION 'accounts are told of accounts only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO outbox (kind, recipients, data, created_at)
    VALUES (the_kind, jsonb_build_array('person:' || the_person), the_data, the_moment);
END $$;
-- +goose StatementEnd
DROP INDEX outbox_waiting;
ALTER TABLE outbox DROP COLUMN dispatched_at, DROP COLUMN guard_id, DROP COLUMN guard_kind, DROP COLUMN lane;
