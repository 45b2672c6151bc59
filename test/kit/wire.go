package kit

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Wire carries connections from programs to a port of this machine. A test cuts it, and to those programs the other side
// is away, while to all others it is there.
type Wire struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	cut     bool
	silent  bool
	under   map[net.Conn]bool // connections that are carried
	carries sync.RWMutex      // held while it is silent
}

// NewWire lays a wire to a HOST:PORT; it ends with the test.
func NewWire(t testing.TB, target string) *Wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &Wire{listener: listener, target: target, under: map[net.Conn]bool{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.accept()
	}()
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		<-ended
		w.Mend()
		w.Cut()
	})
	return w
}

// Address is the HOST:PORT of the near end.
func (w *Wire) Address() string { return w.listener.Addr().String() }

// instead puts the wire's near end into a URL in place of the host that it leads to.
func (w *Wire) instead(t testing.TB, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	parsed.Host = w.Address()
	return parsed.String()
}

// Cut resets every connection, and every new one until Mend.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for connection := range w.under {
		reset(connection)
	}
}

// Silence keeps every connection and carries nothing any more until Mend, also for new ones.
func (w *Wire) Silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.silent {
		w.carries.Lock()
	}
	w.silent = true
}

// Mend carries again, and lets new connections through.
func (w *Wire) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.silent {
		w.carries.Unlock()
	}
	w.cut, w.silent = false, false
}

func (w *Wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return // the test has ended
		}
		go w.carry(near)
	}
}

// carry copies both ways until one side ends.
func (w *Wire) carry(near net.Conn) {
	far, err := net.Dial("tcp", w.target)
	if err != nil || !w.enter(near, far) {
		reset(near)
		if err == nil {
			reset(far)
		}
		return
	}
	var group sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{near: far, far: near} {
		group.Go(func() {
			_, _ = io.Copy(w.wait(to), from) // its end is told by closing both
			near.Close()
			far.Close()
		})
	}
	group.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.under, near)
	delete(w.under, far)
}

// waiting writes when the wire is not silent.
type waiting struct {
	to    io.Writer
	until *sync.RWMutex
}

func (w *Wire) wait(to io.Writer) io.Writer { return waiting{to, &w.carries} }

// Write is io.Writer's.
func (w waiting) Write(text []byte) (int, error) {
	w.until.RLock()
	defer w.until.RUnlock()
	return w.to.Write(text)
}

// enter counts a pair of connections in, unless the wire is cut.
func (w *Wire) enter(near, far net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return false
	}
	w.under[near], w.under[far] = true, true
	return true
}

// reset ends a connection as a machine that is gone does.
func reset(connection net.Conn) {
	if tcp, is := connection.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
	connection.Close()
}
