package server

import (
	"sync"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// MaxBusy bounds how many requests of one account this process works on at once. Live streams have a bound of their own.
const MaxBusy = 64

// Busy counts the requests of each account that are under way, so that none takes the whole server. The zero value is ready.
type Busy struct {
	mu    sync.Mutex
	under map[string]int
}

// Enter counts a request in; leave counts it out. It refuses with too_many where MaxBusy are under way.
func (b *Busy) Enter(account string) (leave func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.under == nil {
		b.under = map[string]int{}
	}
	if b.under[account] >= MaxBusy {
		return nil, &domain.Error{
			Code: domain.CodeTooMany, Message: "this account has too many requests under way at once", RetryAfter: time.Second,
		}
	}
	b.under[account]++
	return func() { b.leave(account) }, nil
}

func (b *Busy) leave(account string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.under[account]--; b.under[account] == 0 {
		delete(b.under, account)
	}
}
