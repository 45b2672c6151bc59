// Package client is app.Service over our HTTP API: what the command line, and any Go program, talks to a remote Holdfast with.
//
// Errors are *domain.Error with the codes that the server gave, so that a caller cannot tell a remote service from one in
// its own process; ErrUnreachable is in the chain when no Holdfast answered at all.
package client

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// ErrUnreachable says that nothing answered, or that what answered stood in front of an absent Holdfast.
var ErrUnreachable = errors.New("no Holdfast answers")

// Unreachable reports whether an error says that no Holdfast answered.
func Unreachable(err error) bool { return errors.Is(err, ErrUnreachable) }

// base is where the API lies below the address.
const base = "/api/v1"

// Options tune a client; the zero value is right for people and scripts.
type Options struct {
	// Timeout bounds one try of an ordinary call; 30 s where zero. Bulk commands and files get twenty times that.
	Timeout time.Duration
	// Pause is how long the first repetition waits; each further one waits twice as long. 200 ms where zero.
	Pause time.Duration
	// Silence is how long a stream of events may say nothing before it counts as dropped; 50 s where zero.
	Silence time.Duration
	// Agent names the program in the User-Agent header.
	Agent string
}

const (
	defaultTimeout = 30 * time.Second
	defaultPause   = 200 * time.Millisecond
	defaultSilence = 50 * time.Second // three of the server's beats and a little

	dialTimeout = 5 * time.Second
	longFactor  = 20
)

// client calls one Holdfast as one account.
type client struct {
	address string
	token   string
	fault   error // why the address cannot be used
	options Options
	http    *http.Client
}

var _ app.Service = (*client)(nil)

// New makes a service of the Holdfast at an address such as https://desk.example.org. An address that is none is told by
// every call, as malformed.
func New(address, token string, options Options) app.Service {
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	if options.Pause <= 0 {
		options.Pause = defaultPause
	}
	if options.Silence <= 0 {
		options.Silence = defaultSilence
	}
	if options.Agent == "" {
		options.Agent = "holdfast"
	}
	c := &client{token: token, options: options}
	c.address, c.fault = readAddress(address)
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:    dialTimeout,
			IdleConnTimeout:        time.Minute,
			MaxIdleConnsPerHost:    16,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		},
		// A token is for the address it was given for; where that moves to is for its owner to judge.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// readAddress checks an address and takes off what the API's paths begin with.
func readAddress(address string) (string, error) {
	parsed, err := url.Parse(strings.TrimSpace(address))
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return "", domain.Errorf(domain.CodeMalformed, "%q is no address of a Holdfast; write it as https://host", address)
	}
	parsed.RawQuery, parsed.Fragment, parsed.User = "", "", nil
	return strings.TrimRight(parsed.String(), "/"), nil
}
