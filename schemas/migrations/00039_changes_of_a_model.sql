-- +goose Up
-- The changes of a model that have not ended: those that wait to start are told when it is suspended.
CREATE INDEX changes_model_ahead ON changes (model) WHERE model <> '' AND outcome = '';

-- +goose Down
DROP INDEX changes_model_ahead;
