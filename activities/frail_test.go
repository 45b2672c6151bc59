package activities_test

import (
	"context"
	"net"
	"sync"

	"github.com/jackc/pgx/v5"
)

// wire is the way to the database. Every statement is one write on it, so it counts round trips, and it can break at one of
// them: before the statement leaves, or after it left and before its answer comes back.
type wire struct {
	mu      sync.Mutex
	writes  int
	breakAt int // 0: never
	after   bool
}

// option makes a pool's connections go over this wire.
func (w *wire) option(config *pgx.ConnConfig) {
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &end{Conn: conn, wire: w}, nil
	}
}

// arm lets the wire break at the n-th write from now.
func (w *wire) arm(n int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes, w.breakAt, w.after = 0, n, after
}

// disarm answers how many writes there were since arm, and lets the wire hold.
func (w *wire) disarm() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.breakAt = 0
	return w.writes
}

func (w *wire) write() (breaks, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	return w.breakAt == w.writes, w.after
}

// end is one connection over the wire.
type end struct {
	net.Conn
	wire *wire
}

func (e *end) Write(b []byte) (int, error) {
	breaks, after := e.wire.write()
	if !breaks {
		return e.Conn.Write(b)
	}
	if after {
		if _, err := e.Conn.Write(b); err != nil {
			return 0, err
		}
	}
	if err := e.Conn.Close(); err != nil {
		return 0, err
	}
	return 0, net.ErrClosed
}
