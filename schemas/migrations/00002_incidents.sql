-- +goose Up
CREATE SEQUENCE incident_numbers;

CREATE TABLE incidents (
    id                     uuid PRIMARY KEY REFERENCES records ON DELETE RESTRICT,
    impact                 text NOT NULL,
    urgency                text NOT NULL,
    priority_overridden    boolean NOT NULL DEFAULT false,
    started_at             timestamptz(3),
    triaged_at             timestamptz(3),
    hold_reason            text NOT NULL DEFAULT '',
    hold_base              text NOT NULL DEFAULT '' CONSTRAINT incidents_hold_base
                           CHECK (hold_base IN ('','awaiting_requester','awaiting_vendor','awaiting_change','awaiting_problem','scheduled')),
    hold_since             timestamptz(3),
    hold_until             timestamptz(3),
    hold_vendor            text NOT NULL DEFAULT '',
    hold_reference         text NOT NULL DEFAULT '',
    hold_promised_at       timestamptz(3),
    hold_from              text NOT NULL DEFAULT '',
    hold_reminders         integer NOT NULL DEFAULT 0,
    hold_promise_missed    boolean NOT NULL DEFAULT false,
    resolution_code        text NOT NULL DEFAULT '',
    resolution_notes       text NOT NULL DEFAULT '',
    resolution_by          text NOT NULL DEFAULT '',
    resolution_recorded_at timestamptz(3),
    first_contact          boolean NOT NULL DEFAULT false,
    reassignment_count     integer NOT NULL DEFAULT 0,
    previous_team          text NOT NULL DEFAULT '',
    ping_pong              boolean NOT NULL DEFAULT false,
    reopen_count           integer NOT NULL DEFAULT 0,
    merged_into            uuid REFERENCES records,
    triage_escalated_at    timestamptz(3),
    satisfaction_score     smallint NOT NULL DEFAULT 0 CONSTRAINT incidents_satisfaction CHECK (satisfaction_score BETWEEN 0 AND 5),
    satisfaction_comment   text NOT NULL DEFAULT '',
    satisfaction_at        timestamptz(3),
    source                 json,
    CONSTRAINT incidents_not_own_duplicate CHECK (merged_into <> id)
);
CREATE INDEX incidents_merged_into ON incidents (merged_into) WHERE merged_into IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON incidents TO holdfast_worker;
GRANT USAGE ON SEQUENCE incident_numbers TO holdfast_worker;
GRANT SELECT ON incidents TO holdfast_app;

-- +goose Down
DROP TABLE incidents;
DROP SEQUENCE incident_numbers;
