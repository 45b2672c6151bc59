-- +goose Up
CREATE SEQUENCE meeting_numbers;

-- The meetings of a change advisory board.
CREATE TABLE cab_meetings (
    id         uuid PRIMARY KEY REFERENCES records ON DELETE RESTRICT,
    cadence    text NOT NULL DEFAULT '',
    turn       text NOT NULL DEFAULT '',
    board      json NOT NULL,
    starts_at  timestamptz(3) NOT NULL,
    ends_at    timestamptz(3) NOT NULL,
    cut_off_at timestamptz(3) NOT NULL,
    cut_off    json NOT NULL,
    items      json NOT NULL DEFAULT '[]',
    fixed_at   timestamptz(3),
    held_at    timestamptz(3),
    ended_at   timestamptz(3),
    close_at   timestamptz(3),
    CONSTRAINT cab_meetings_span CHECK (starts_at < ends_at),
    CONSTRAINT cab_meetings_cut_off CHECK (cut_off_at <= starts_at)
);
CREATE INDEX cab_meetings_starts ON cab_meetings (starts_at DESC, id);
-- A turn of a cadence calls one meeting.
CREATE UNIQUE INDEX cab_meetings_turn ON cab_meetings (cadence, turn) WHERE cadence <> '';

GRANT SELECT, INSERT, UPDATE ON cab_meetings TO holdfast_worker;
GRANT USAGE ON SEQUENCE meeting_numbers TO holdfast_worker;
GRANT SELECT ON cab_meetings TO holdfast_app;

-- +goose Down
DROP TABLE cab_meetings;
DROP SEQUENCE meeting_numbers;
