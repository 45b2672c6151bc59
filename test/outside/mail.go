package outside

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"net/mail"
	"slices"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// Mail is one mail that an SMTP server took.
type Mail struct {
	From, To string
	Header   mail.Header
	Text     string // the whole message as it came
}

// MailServer is an SMTP server.
type MailServer struct {
	receiver
	URL     string
	secured bool
	took    []Mail
	tries   []string
}

// NewMailServer starts an SMTP server, which ends with the test.
func NewMailServer(t testing.TB) *MailServer { return newMailServer(t, nil) }

// NewSecuredMailServer starts one that takes nothing but after TLS and a password, and answers whose certificates to trust.
func NewSecuredMailServer(t testing.TB) (*MailServer, *x509.CertPool) {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(certified.Certificate())
	return newMailServer(t, &tls.Config{Certificates: certified.TLS.Certificates}), trusted
}

func newMailServer(t testing.TB, secured *tls.Config) *MailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &MailServer{receiver: newReceiver(), URL: "smtp://" + listener.Addr().String(), secured: secured != nil}
	server := smtp.NewServer(s)
	server.Domain, server.TLSConfig = "localhost", secured
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends by being closed
	}()
	t.Cleanup(func() {
		s.Become(Failing)
		_ = server.Close()
		<-ended
	})
	return s
}

// Mails lists what was taken, in order.
func (s *MailServer) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.took)
}

// Tries counts the attempts to send to an address, whatever came of them.
func (s *MailServer) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tries)
}

// NewSession implements smtp.Backend.
func (s *MailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &mailSession{server: s, conn: c}, nil
}

type mailSession struct {
	server   *MailServer
	conn     *smtp.Conn
	known    bool // gave the password
	from, to string
}

// AuthMechanisms implements smtp.AuthSession.
func (m *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession: the user is "desk", the password "s3cret".
func (m *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "desk" || password != "s3cret" {
			return smtp.ErrAuthFailed
		}
		m.known = true
		return nil
	}), nil
}

func (m *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if m.server.secured && !m.known {
		return smtp.ErrAuthRequired
	}
	m.from = from
	return nil
}

func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.to = to
	m.server.mu.Lock()
	m.server.tries = append(m.server.tries, to)
	m.server.mu.Unlock()
	switch m.server.is() {
	case Refusing:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case Failing:
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "not today"}
	case Hanging:
		m.server.hang()
	case Closing:
		_ = m.conn.Conn().Close()
	}
	return nil
}

func (m *mailSession) Data(content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	parsed, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return err
	}
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	m.server.took = append(m.server.took, Mail{From: m.from, To: m.to, Header: parsed.Header, Text: string(text)})
	return nil
}

func (m *mailSession) Reset()        {}
func (m *mailSession) Logout() error { return nil }
