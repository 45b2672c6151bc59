package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// told is one notice that a receiver took.
type told struct {
	record, kind string
	at           time.Time
}

// hook is a webhook's receiver, which can be down.
type hook struct {
	url   string
	down  atomic.Bool
	close func() error
	mu    sync.Mutex
	took  []told
	ids   map[string]bool
}

func newHook() (*hook, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	h := &hook{url: "http://" + listener.Addr().String(), ids: map[string]bool{}}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	h.close = server.Close
	go func() { _ = server.Serve(listener) }() // until it is closed
	return h, nil
}

// ServeHTTP takes a notice, unless the receiver is down.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Type string `json:"type"`
		Data struct {
			Record struct {
				ID string `json:"id"`
			} `json:"record"`
		} `json:"data"`
	}
	if h.down.Load() || json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if id := r.Header.Get("webhook-id"); !h.ids[id] {
		h.ids[id] = true
		h.took = append(h.took, told{record: body.Data.Record.ID, kind: body.Type, at: time.Now()})
	}
}

func (h *hook) all() []told {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]told{}, h.took...)
}

// mailbox is an SMTP server that takes everything, and keeps when a mail for whom came.
type mailbox struct {
	url   string
	close func() error
	mu    sync.Mutex
	came  map[string]time.Time // by address, the last one
}

func newMailbox() (*mailbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for mails: %w", err)
	}
	m := &mailbox{url: "smtp://" + listener.Addr().String(), close: listener.Close, came: map[string]time.Time{}}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go m.serve(connection)
		}
	}()
	return m, nil
}

// serve speaks as much SMTP as a sender needs.
func (m *mailbox) serve(connection net.Conn) {
	defer connection.Close()
	lines, to := bufio.NewReader(connection), ""
	answer := "220 bench"
	for {
		if _, err := io.WriteString(connection, answer+"\r\n"); err != nil {
			return
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		answer = "250 ok"
		switch verb := strings.ToUpper(line[:min(4, len(line))]); verb {
		case "RCPT":
			to = strings.Trim(strings.TrimSpace(line[len("RCPT TO:"):]), "<>")
		case "QUIT":
			return
		case "DATA":
			if _, err := io.WriteString(connection, "354 go on\r\n"); err != nil {
				return
			}
			for line != ".\r\n" {
				if line, err = lines.ReadString('\n'); err != nil {
					return
				}
			}
			m.mu.Lock()
			m.came[to] = time.Now()
			m.mu.Unlock()
		}
	}
}

func (m *mailbox) arrived(address string) (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, found := m.came[address]
	return at, found
}
