-- +goose Up
-- What a change is as the holder of items that it has alone; never 0.
-- +goose StatementBegin
CREATE FUNCTION holder_of(change uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || left(encode(sha256(uuid_send(change)), 'hex'), 15))::bit(60)::bigint | 1
$$;
-- +goose StatementEnd
UPDATE change_items SET holder = holder_of(change_id) WHERE holder <> 0;

-- Changes reserve items; whoever keeps items says which are one change's alone. So the application follows with the reservations where
-- an item becomes exclusive or no longer is, by these two alone. The first waits for all who are writing reservations, and lets nobody
-- write any until its transaction ends: whoever comes later reads what the items have become.
-- +goose StatementBegin
CREATE FUNCTION still_reservations() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    LOCK TABLE change_items IN SHARE ROW EXCLUSIVE MODE;
END $$;
CREATE FUNCTION reserve_items(alone text[], free text[]) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE change_items t SET holder = CASE WHEN c.exclusive OR t.item = ANY (alone) THEN holder_of(t.change_id) ELSE 0 END
    FROM changes c WHERE c.id = t.change_id AND t.item = ANY (alone || free)
        AND t.holder <> CASE WHEN c.exclusive OR t.item = ANY (alone) THEN holder_of(t.change_id) ELSE 0 END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION still_reservations, reserve_items FROM PUBLIC;
GRANT EXECUTE ON FUNCTION still_reservations, reserve_items TO holdfast_app;

-- +goose Down
DROP FUNCTION reserve_items;
DROP FUNCTION still_reservations;
DROP FUNCTION holder_of;
