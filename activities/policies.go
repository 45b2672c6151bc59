package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// policyCache keeps documents in memory. A version is immutable, so an entry is right for ever; the cache starts anew when
// it has grown large.
type policyCache struct {
	mu      sync.Mutex
	entries map[string]any
}

// maxCachedPolicies bounds the cache; an organisation has some hundred documents in force.
const maxCachedPolicies = 10_000

func newPolicyCache() *policyCache { return &policyCache{entries: map[string]any{}} }

func (c *policyCache) get(key string) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.entries[key]
	return entry, found
}

func (c *policyCache) put(key string, entry any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCachedPolicies {
		c.entries = map[string]any{}
	}
	c.entries[key] = entry
}

// readPolicy gives one version of a document ("kind/name"). A document that does not exist is a fault of the installation.
func readPolicy[T any](ctx context.Context, cache *policyCache, tx bun.Tx, name string, version int) (T, error) {
	var document T
	key := fmt.Sprintf("%s@%d", name, version)
	if entry, found := cache.get(key); found {
		document, right := entry.(T)
		if !right {
			return document, fmt.Errorf("policy %s is cached as another kind", key)
		}
		return document, nil
	}
	kind, short, _ := strings.Cut(name, "/")
	spec, err := schemas.ReadPolicySpec(ctx, tx, kind, short, version)
	if err != nil {
		return document, err
	}
	if err := json.Unmarshal(spec, &document); err != nil {
		return document, fmt.Errorf("reading policy %s: %w", key, err)
	}
	cache.put(key, document)
	return document, nil
}

// calendar gives one version of a Calendar document, compiled.
func (c *policyCache) calendar(ctx context.Context, tx bun.Tx, name string, version int, compile func(calendar.Spec) (*calendar.Calendar, error)) (*calendar.Calendar, error) {
	key := fmt.Sprintf("compiled %s@%d", name, version)
	if entry, found := c.get(key); found {
		if compiled, right := entry.(*calendar.Calendar); right {
			return compiled, nil
		}
	}
	spec, err := readPolicy[calendar.Spec](ctx, c, tx, name, version)
	if err != nil {
		return nil, err
	}
	compiled, err := compile(spec)
	if err != nil {
		return nil, fmt.Errorf("compiling %s@%d: %w", name, version, err)
	}
	c.put(key, compiled)
	return compiled, nil
}
