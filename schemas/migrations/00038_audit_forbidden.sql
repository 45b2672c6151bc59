-- +goose Up
-- A command that was queued is decided by a worker. Where that forbids it, whoever gave it has left already, and the line of the audit
-- that the application would have written is written with what became of the command. It is the worker's one way into the audit.
-- +goose StatementBegin
CREATE FUNCTION audit_forbidden(lines json) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO audit (at, actor, action, record_id, outcome, detail)
    SELECT at, actor, action, record, 'forbidden', coalesce(detail, '')
    FROM json_to_recordset(lines) AS w (at timestamptz, actor text, action text, record uuid, detail text)
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION audit_forbidden FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_forbidden TO holdfast_worker;

-- +goose Down
DROP FUNCTION audit_forbidden;
