package app

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/auth"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// nobody stands for what was typed as a handle and is none.
const nobody = "?"

// attempt is one try of a password: what it is counted under, until it is known how it ended.
type attempt struct {
	handle, address string
	counted         []string
}

// attempt counts an attempt, or refuses it while there is a pause. Whoever signed in from the same network before waits for
// nobody else's mistakes: for them only those at this account from this network count.
func (a *App) attempt(ctx context.Context, handle, address string) (attempt, error) {
	tried := attempt{handle: handle, address: address}
	err := a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		known, err := schemas.KnownThere(ctx, tx, handle, network(address))
		if err != nil {
			return err
		}
		tried.counted = []string{pairOf(handle, address)}
		if !known {
			tried.counted = append(tried.counted, addressOf(address))
		}
		if !known && handle != nobody {
			tried.counted = append(tried.counted, accountOf(handle))
		}
		slices.Sort(tried.counted)
		now := a.now()
		rows, err := schemas.LockAttempts(ctx, tx, tried.counted, now)
		if err != nil {
			return err
		}
		for i := range rows {
			if wait := rows[i].Until.Sub(now); wait > 0 {
				return tooMany(wait)
			}
			limit := limitOf(rows[i].Counted)
			rows[i].Failures = limit.Left(rows[i].Failures, now.Sub(rows[i].LastAt)) + 1
			rows[i].LastAt, rows[i].Until = now, now.Add(limit.Pause(rows[i].Failures))
		}
		return schemas.SaveAttempts(ctx, tx, rows)
	})
	return tried, a.fault(ctx, "counting attempts", err)
}

// takeBack uncounts an attempt that was not tried after all.
func (t attempt) takeBack(ctx context.Context, db bun.IDB, now time.Time) error {
	return schemas.ForgiveAttempts(ctx, db, t.counted, nil, now)
}

// succeeded forgives what failed at the account. Of the address it takes back only what this attempt was counted there: whoever
// has an account must not wipe out with it what they tried at others.
func (t attempt) succeeded(ctx context.Context, db bun.IDB, now time.Time) error {
	own := slices.DeleteFunc(slices.Clone(t.counted), func(name string) bool { return name != addressOf(t.address) })
	return schemas.ForgiveAttempts(ctx, db, own, []string{pairOf(t.handle, t.address), accountOf(t.handle)}, now)
}

func tooMany(wait time.Duration) error {
	wait = wait.Round(time.Second) + time.Second
	return &domain.Error{
		Code: domain.CodeTooMany, Message: "too many attempts that failed; nothing was tried. Wait " + wait.String() + " and try again",
		RetryAfter: wait,
	}
}

// The names that attempts are counted under begin with what limits them.
func pairOf(handle, address string) string { return "pair " + handle + " " + network(address) }

func addressOf(address string) string { return "address " + network(address) }

func accountOf(handle string) string { return "account " + handle }

func limitOf(counted string) auth.Limit {
	kind, _, _ := strings.Cut(counted, " ")
	return map[string]auth.Limit{"pair": auth.PerPair, "address": auth.PerAddress, "account": auth.PerAccount}[kind]
}

// network is what attempts from an address are counted under: itself, or, of IPv6, the /64 that one household has.
func network(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	parsed = parsed.Unmap().WithZone("")
	if parsed.Is4() {
		return parsed.String()
	}
	prefix, err := parsed.Prefix(64)
	if err != nil {
		return ""
	}
	return prefix.String()
}
