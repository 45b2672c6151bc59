package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// Documents reads versions of policy documents and keeps them in memory. A version is immutable, so what is kept is right for
// ever; the memory starts anew when it has grown large.
type Documents struct {
	compile func(calendar.Spec) (*calendar.Calendar, error)
	mu      sync.Mutex
	entries map[string]any
}

// NewDocuments makes an empty memory. compile makes a working calendar of a Calendar document; it knows the time zones.
func NewDocuments(compile func(calendar.Spec) (*calendar.Calendar, error)) *Documents {
	return &Documents{compile: compile, entries: map[string]any{}}
}

// maxDocuments bounds the memory; an organisation has some hundred documents in force.
const maxDocuments = 10_000

func (d *Documents) get(key string) (any, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	entry, found := d.entries[key]
	return entry, found
}

func (d *Documents) put(key string, entry any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.entries) >= maxDocuments {
		d.entries = map[string]any{}
	}
	d.entries[key] = entry
}

// ReadDocument gives one version of a document ("kind/name"). A document that does not exist is a fault of the installation.
func ReadDocument[T any](ctx context.Context, d *Documents, db bun.IDB, name string, version int) (T, error) {
	var document T
	key := fmt.Sprintf("%s@%d", name, version)
	if entry, found := d.get(key); found {
		document, right := entry.(T)
		if !right {
			return document, fmt.Errorf("policy %s is kept as another kind", key)
		}
		return document, nil
	}
	kind, short, _ := strings.Cut(name, "/")
	spec, err := ReadPolicySpec(ctx, db, kind, short, version)
	if err != nil {
		return document, err
	}
	if err := json.Unmarshal(spec, &document); err != nil {
		return document, fmt.Errorf("reading policy %s: %w", key, err)
	}
	d.put(key, document)
	return document, nil
}

// Calendar gives one version of a Calendar document, compiled.
func (d *Documents) Calendar(ctx context.Context, db bun.IDB, name string, version int) (*calendar.Calendar, error) {
	key := fmt.Sprintf("compiled %s@%d", name, version)
	if entry, found := d.get(key); found {
		if compiled, right := entry.(*calendar.Calendar); right {
			return compiled, nil
		}
	}
	spec, err := ReadDocument[calendar.Spec](ctx, d, db, calendarPrefix+name, version)
	if err != nil {
		return nil, err
	}
	compiled, err := d.compile(spec)
	if err != nil {
		return nil, fmt.Errorf("compiling %s@%d: %w", name, version, err)
	}
	d.put(key, compiled)
	return compiled, nil
}

// NewestDocument is the newest version of a document.
type NewestDocument struct {
	Kind    string          `bun:"kind"`
	Name    string          `bun:"name"`
	Version int             `bun:"version"`
	Spec    json.RawMessage `bun:"spec,type:json"`
}

// NewestDocuments reads the newest version of every document of some kinds.
func NewestDocuments(ctx context.Context, db bun.IDB, kinds ...string) ([]NewestDocument, error) {
	var found []NewestDocument
	if err := newestDocuments.Scan(ctx, db, []any{kinds}, &found); err != nil {
		return nil, fmt.Errorf("reading the documents of %v: %w", kinds, err)
	}
	return found, nil
}

var newestDocuments = pg.Prepared(`SELECT DISTINCT ON (kind, name) kind, name, version, spec FROM policies
	WHERE kind = ANY ($1::text[]) ORDER BY kind, name, version DESC`)
