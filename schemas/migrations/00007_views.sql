-- +goose Up
-- Questions that people keep: what a list shows, in which order and columns. The application writes them; nothing decides by them.
CREATE TABLE views (
    id         uuid PRIMARY KEY,
    practice   text NOT NULL CONSTRAINT views_practice CHECK (practice ~ '^[a-z_]{1,40}$'),
    name       text NOT NULL CONSTRAINT views_name CHECK (octet_length(name) BETWEEN 1 AND 200),
    owner      text NOT NULL REFERENCES people,
    audience   text NOT NULL CONSTRAINT views_audience CHECK (audience IN ('private','team','everybody')),
    team       text NOT NULL DEFAULT '',
    filter     jsonb NOT NULL CONSTRAINT views_filter CHECK (jsonb_typeof(filter) = 'object'),
    columns    jsonb NOT NULL DEFAULT '[]' CONSTRAINT views_columns CHECK (jsonb_typeof(columns) = 'array'),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    CONSTRAINT views_team CHECK ((audience = 'team') = (team <> ''))
);
CREATE INDEX views_owner ON views (owner);
CREATE INDEX views_shared ON views (practice, audience, team) WHERE audience <> 'private';

-- Which view somebody's list begins with.
CREATE TABLE view_defaults (
    person   text NOT NULL REFERENCES people,
    practice text NOT NULL,
    view_id  uuid NOT NULL REFERENCES views ON DELETE CASCADE,
    PRIMARY KEY (person, practice)
);
CREATE INDEX view_defaults_view ON view_defaults (view_id);

-- Queues ask for one state of what is not at its end, which may be rare among all that ever was.
CREATE INDEX records_active_state ON records (practice, state, opened_at DESC, id) WHERE active;

GRANT SELECT, INSERT, UPDATE, DELETE ON views, view_defaults TO holdfast_app;

-- +goose Down
DROP INDEX records_active_state;
DROP TABLE view_defaults, views;
