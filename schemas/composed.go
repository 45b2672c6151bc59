package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// The tables whose columns prepared statements name.
var (
	tables        = pgdialect.New().Tables()
	recordTable   = tables.Get(reflect.TypeFor[RecordRow]())
	incidentTable = tables.Get(reflect.TypeFor[IncidentRow]())
	tokenTable    = tables.Get(reflect.TypeFor[TokenRow]())
)

// incidentColumns are those of an incident, head and own, from records r and incidents i.
var incidentColumns = columnsOf(recordTable, "r") + ", " + columnsOf(incidentTable, "i")

// columnsOf lists a table's columns in the order of its struct's fields, under an alias.
func columnsOf(table *schema.Table, alias string) string {
	names := make([]string, len(table.Fields))
	for i, field := range table.Fields {
		names[i] = alias + "." + field.Name
	}
	return strings.Join(names, ", ")
}

// composed is a prepared statement (pg.Prepared) that is put together from parts, each with its own arguments. As few texts as
// possible must come of it: a connection keeps each.
type composed struct {
	text strings.Builder
	args []any
	err  error
}

// add appends SQL in which each ? stands for the next argument.
func (c *composed) add(query string, args ...any) {
	for i, piece := range strings.Split(query, "?") {
		if i > 0 {
			c.args = append(c.args, args[i-1])
			c.text.WriteString("$" + strconv.Itoa(len(c.args)))
		}
		c.text.WriteString(piece)
	}
}

// insert appends the insertion of one row.
func (c *composed) insert(table *schema.Table, row reflect.Value) {
	c.text.WriteString("INSERT INTO " + table.Name + " (")
	for i, field := range table.Fields {
		c.text.WriteString(comma(i) + field.Name)
	}
	c.text.WriteString(") VALUES (")
	for i, field := range table.Fields {
		c.text.WriteString(comma(i))
		c.add("?", c.argument(field, row))
	}
	c.text.WriteString(")")
}

// update appends the update of one row by its id, but for some columns.
func (c *composed) update(table *schema.Table, row reflect.Value, id string, except []string) {
	c.text.WriteString("UPDATE " + table.Name + " SET ")
	first := 0
	for _, field := range table.Fields {
		if field.Name == "id" || slices.Contains(except, field.Name) {
			continue
		}
		c.text.WriteString(comma(first) + field.Name)
		c.add(" = ?", c.argument(field, row))
		first++
	}
	c.add(" WHERE id = ?", id)
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// argument is a field's value as the driver takes it.
func (c *composed) argument(field *schema.Field, row reflect.Value) any {
	value := field.Value(row)
	switch {
	case field.NullZero && field.IsZero(value):
		return nil
	case strings.HasPrefix(field.UserSQLType, "json"):
		return c.json(value.Interface())
	}
	return value.Interface()
}

// json encodes a value; an error is answered when the statement runs.
func (c *composed) json(value any) string {
	text, err := json.Marshal(value)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("encoding JSON: %w", err)
	}
	return string(text)
}

func (c *composed) exec(ctx context.Context, db bun.IDB) error {
	if c.err != nil {
		return c.err
	}
	_, err := pg.Prepared(c.text.String()).Exec(ctx, db, c.args)
	return err
}
