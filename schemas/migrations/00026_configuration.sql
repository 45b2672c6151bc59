-- +goose Up
-- What is run. Nothing here is deleted or rewritten: an item is a row of versions, each in force from one instant to before another.
CREATE TABLE configuration_items (
    handle      text NOT NULL CONSTRAINT configuration_items_handle CHECK (octet_length(handle) BETWEEN 1 AND 200),
    version     integer NOT NULL CONSTRAINT configuration_items_version CHECK (version > 0),
    title       text NOT NULL DEFAULT '',
    class       text NOT NULL,
    service     text NOT NULL DEFAULT '',
    owner_team  text NOT NULL DEFAULT '',
    environment text NOT NULL DEFAULT '',
    attributes  json NOT NULL DEFAULT '{}' CONSTRAINT configuration_items_attributes CHECK (json_typeof(attributes) = 'object'),
    shared      boolean NOT NULL DEFAULT false,
    exclusive   boolean NOT NULL DEFAULT false,
    valid_from  timestamptz(3) NOT NULL,
    valid_to    timestamptz(3),
    changed_by  text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    ended_by    text NOT NULL DEFAULT '',
    end_reason  text NOT NULL DEFAULT '',
    PRIMARY KEY (handle, version),
    CONSTRAINT configuration_items_valid CHECK (valid_from < valid_to)
);
-- One version of an item is in force.
CREATE UNIQUE INDEX configuration_items_in_force ON configuration_items (handle) WHERE valid_to IS NULL;
CREATE INDEX configuration_items_service ON configuration_items (service, handle) WHERE service <> '';
CREATE INDEX configuration_items_class ON configuration_items (class, handle) WHERE valid_to IS NULL;
-- Those through which nothing is followed, and those that a change has alone: few.
CREATE INDEX configuration_items_shared ON configuration_items (handle) WHERE shared;
CREATE INDEX configuration_items_exclusive ON configuration_items (handle) WHERE exclusive AND valid_to IS NULL;

CREATE TABLE configuration_relations (
    from_item  text NOT NULL,
    type       text NOT NULL,
    to_item    text NOT NULL,
    valid_from timestamptz(3) NOT NULL,
    valid_to   timestamptz(3),
    made_by    text NOT NULL,
    ended_by   text NOT NULL DEFAULT '',
    PRIMARY KEY (from_item, type, to_item, valid_from),
    CONSTRAINT configuration_relations_itself CHECK (from_item <> to_item),
    CONSTRAINT configuration_relations_valid CHECK (valid_from < valid_to)
);
CREATE UNIQUE INDEX configuration_relations_in_force ON configuration_relations (from_item, type, to_item) WHERE valid_to IS NULL;
-- The graph is walked both ways, at any instant, without a look at the table.
CREATE INDEX configuration_relations_from ON configuration_relations (from_item) INCLUDE (type, to_item, valid_from, valid_to);
CREATE INDEX configuration_relations_to ON configuration_relations (to_item) INCLUDE (type, from_item, valid_from, valid_to);

-- Of the many items that lie near those of a change, who touches one, and what is touched in a window: by two indexes. One over both
-- would be asked for each item, at twenty times the cost.
DROP INDEX change_items_during;
CREATE INDEX change_items_during ON change_items USING gist (during);
CREATE INDEX change_items_item ON change_items (item);

-- What is open on an item.
CREATE INDEX records_open_items ON records USING gin (configuration_items jsonb_path_ops) WHERE open AND configuration_items <> '[]';

GRANT SELECT, INSERT, UPDATE (valid_to, ended_by, end_reason) ON configuration_items TO holdfast_app;
GRANT SELECT, INSERT, UPDATE (valid_to, ended_by) ON configuration_relations TO holdfast_app;
GRANT SELECT ON configuration_items, configuration_relations TO holdfast_worker;

-- +goose Down
DROP INDEX records_open_items, change_items_item, change_items_during;
CREATE INDEX change_items_during ON change_items USING gist (item, during);
DROP TABLE configuration_relations, configuration_items;
