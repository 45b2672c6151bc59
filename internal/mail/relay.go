// Package mail sends parcels to an SMTP relay.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/holdfast-itsm/holdfast/domain"
)

// patience is how long a relay may take to take a connection, and then to take a message.
const patience = 8 * time.Second

// Settings are how the relay is reached, and as whom.
type Settings struct {
	// URL is smtp://user:password@host:port, or smtps:// for TLS from the first byte. With smtp, TLS is started and required,
	// but on this machine's own addresses, where it is used if the relay has it. The query tls=required, optional or off says
	// otherwise.
	URL string
	// From is who mails come from, "Holdfast <desk@example.com>".
	From string
	// Public is where people reach the console; links in mails begin with it.
	Public string
	// TLS is the configuration beside the server's name; left out, the system's.
	TLS *tls.Config
	// Patience is how long the relay may take to take a connection, and then a message; left out, 8 s.
	Patience time.Duration
}

// Relay is an SMTP relay. It implements domain.Carrier.
type Relay struct {
	host    string
	options []gomail.Option
	from    mail.Address
	domain  string
	public  string
}

// NewRelay reads settings. Errors name the setting, never the password.
func NewRelay(settings Settings) (*Relay, error) {
	at, err := url.Parse(settings.URL)
	if err != nil || at.Hostname() == "" || at.Scheme != "smtp" && at.Scheme != "smtps" {
		return nil, errors.New("the mail relay must be smtp://host:port or smtps://host:port, with user:password@ before the host where it asks for them")
	}
	from, err := mail.ParseAddress(settings.From)
	if err != nil {
		return nil, fmt.Errorf("the sender of mails, %q, is no address", settings.From)
	}
	_, domainName, _ := strings.Cut(from.Address, "@")
	r := &Relay{host: at.Hostname(), from: *from, domain: domainName, public: settings.Public}
	if settings.Patience == 0 {
		settings.Patience = patience
	}
	r.options = []gomail.Option{gomail.WithTimeout(settings.Patience), gomail.WithHELO(domainName)}
	config := &tls.Config{}
	if settings.TLS != nil {
		config = settings.TLS.Clone()
	}
	config.ServerName, config.MinVersion = at.Hostname(), tls.VersionTLS12
	r.options = append(r.options, gomail.WithTLSConfig(config))
	secured, err := r.secure(at)
	if err != nil {
		return nil, err
	}
	if user := at.User.Username(); user != "" {
		password, _ := at.User.Password()
		auth := gomail.SMTPAuthAutoDiscover
		if !secured {
			auth = gomail.SMTPAuthPlainNoEnc // asked for by tls=off, or within the machine
		}
		r.options = append(r.options, gomail.WithSMTPAuth(auth), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	return r, nil
}

// secure reads port and TLS of the relay's address; false: a password may go in the clear.
func (r *Relay) secure(at *url.URL) (bool, error) {
	port := map[string]int{"smtp": 587, "smtps": 465}[at.Scheme]
	if text := at.Port(); text != "" {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil || number == 0 {
			return false, fmt.Errorf("the mail relay's port %s is none", text)
		}
		port = int(number)
	}
	r.options = append(r.options, gomail.WithPort(port))
	if at.Scheme == "smtps" {
		r.options = append(r.options, gomail.WithSSL())
		return true, nil
	}
	wish := at.Query().Get("tls")
	if wish == "" {
		wish = "required"
		if ip := net.ParseIP(r.host); r.host == "localhost" || ip != nil && ip.IsLoopback() {
			wish = "optional"
		}
	}
	policies := map[string]gomail.TLSPolicy{"required": gomail.TLSMandatory, "optional": gomail.TLSOpportunistic, "off": gomail.NoTLS}
	policy, known := policies[wish]
	if !known {
		return false, fmt.Errorf("the mail relay's tls=%s is none of required, optional, off", wish)
	}
	r.options = append(r.options, gomail.WithTLSPolicy(policy))
	return policy == gomail.TLSMandatory, nil
}

// Via names the relay for people, without secrets.
func (r *Relay) Via() string { return r.host }

// Begin opens nothing yet: the connection is made for the first parcel, and serves those after it.
func (r *Relay) Begin(domain.Destination) domain.Sending { return &sending{Relay: r} }

// sending is a connection to the relay.
type sending struct {
	*Relay
	client *gomail.Client
}

// Send implements domain.Sending.
func (s *sending) Send(ctx context.Context, parcel domain.Parcel) error {
	message, err := s.message(parcel)
	if err != nil {
		return err
	}
	if s.client == nil {
		client, err := gomail.NewClient(s.host, s.options...)
		if err != nil {
			return fmt.Errorf("preparing for the mail relay: %w", err)
		}
		if err := client.DialWithContext(ctx); err != nil {
			return &domain.DeliveryFault{Consequence: domain.FaultDown, Message: "the mail relay cannot be reached: " + plainly(err)}
		}
		s.client = client
	}
	err = s.client.Send(message)
	if err == nil {
		return nil
	}
	s.Close() // whatever state it is in, the next one begins anew
	if message.IsDelivered() {
		return nil // it was taken; only what followed failed
	}
	return faultOf(err)
}

// Close implements domain.Sending.
func (s *sending) Close() {
	if s.client != nil {
		_ = s.client.Close() // whatever was sent has been answered
	}
	s.client = nil
}

// faultOf sorts what a relay said: about this message, or about itself.
func faultOf(err error) error {
	var said *gomail.SendError
	if !errors.As(err, &said) {
		return &domain.DeliveryFault{Consequence: domain.FaultDown, Message: "the mail relay broke off: " + plainly(err)}
	}
	code := said.ErrorCode()
	ofMessage := said.Reason == gomail.ErrSMTPRcptTo || said.Reason == gomail.ErrSMTPData || said.Reason == gomail.ErrSMTPDataClose
	switch {
	case ofMessage && code >= 500:
		return &domain.DeliveryFault{Consequence: domain.FaultRefused, Message: "the mail relay refuses it: " + plainly(err)}
	case ofMessage && code >= 400 && code != 421:
		return &domain.DeliveryFault{Consequence: domain.FaultLater, Message: "the mail relay does not take it yet: " + plainly(err)}
	case code == 0:
		return &domain.DeliveryFault{Consequence: domain.FaultDown, Message: "the mail relay broke off: " + plainly(err)}
	}
	return &domain.DeliveryFault{Consequence: domain.FaultDown, Message: "the mail relay takes nothing: " + plainly(err)}
}

// plainly is an error in one line of bounded length, without the id that go-mail adds.
func plainly(err error) string {
	text, _, _ := strings.Cut(err.Error(), ", affected ")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}
