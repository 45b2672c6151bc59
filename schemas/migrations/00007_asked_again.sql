-- +goose Up
-- A refusal is not remembered: a queued command that was refused and is asked for again goes to the end of the queue, as it is
-- asked now. Otherwise 202 would promise a decision that never comes.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION post_message(the_id text, the_practice text, the_record uuid, the_command json, closed_target text, the_moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO messages (id, practice, record_id, command, on_closed, next_at, received_at)
    VALUES (the_id, the_practice, the_record, the_command, closed_target, the_moment, the_moment)
    ON CONFLICT (id) DO UPDATE SET position = DEFAULT, command = excluded.command, state = 'pending', attempts = 0, fault = '',
        outcome = NULL, settled_at = NULL, next_at = excluded.next_at, received_at = excluded.received_at
    WHERE messages.state = 'refused';
    RETURN FOUND;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION post_message(the_id text, the_practice text, the_record uuid, the_command json, closed_target text, the_moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO messages (id, practice, record_id, command, on_closed, next_at, received_at)
    VALUES (the_id, the_practice, the_record, the_command, closed_target, the_moment, the_moment)
    ON CONFLICT (id) DO NOTHING;
    RETURN FOUND;
END $$;
-- +goose StatementEnd
