-- +goose Up
-- A file that should not be at a record is taken away again; the timeline keeps its name and its digest. The application alone does so,
-- and the release before this one misses nothing.
GRANT DELETE ON attachments TO holdfast_app;

-- +goose Down
REVOKE DELETE ON attachments FROM holdfast_app;
