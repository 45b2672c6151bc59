-- +goose Up
-- Edits of policy documents that need a second person. The text of spec is what was approved, byte for byte.
CREATE TABLE policy_proposals (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL,
    name        text NOT NULL,
    base        integer NOT NULL,
    spec        text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    hash        text NOT NULL,
    state       text NOT NULL CONSTRAINT policy_proposals_state CHECK (state IN ('waiting','applied','rejected','withdrawn')),
    proposed_by text NOT NULL,
    proposed_at timestamptz(3) NOT NULL,
    approval    json NOT NULL,
    version     integer NOT NULL DEFAULT 0,
    decided_by  text NOT NULL DEFAULT '',
    decided_at  timestamptz(3),
    CONSTRAINT policy_proposals_decided CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CONSTRAINT policy_proposals_applied CHECK ((state = 'applied') = (version > 0))
);
-- One edit of a document waits at a time.
CREATE UNIQUE INDEX policy_proposals_waiting ON policy_proposals (kind, name) WHERE state = 'waiting';
CREATE INDEX policy_proposals_newest ON policy_proposals (proposed_at DESC, id);

-- Who approved a version that needed a second person; empty where it needed none, or there was none.
ALTER TABLE policies ADD COLUMN approved_by text NOT NULL DEFAULT '';

GRANT SELECT, INSERT, UPDATE ON policy_proposals TO holdfast_app;

-- +goose Down
ALTER TABLE policies DROP COLUMN approved_by;
DROP TABLE policy_proposals;
