// Package webhook sends parcels as signed HTTP requests (Standard Webhooks): what happened, to a receiver that asked for it, or
// a message for somebody's phone, to the gateway that carries it there.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/notice"
)

const (
	dialBound   = 5 * time.Second
	answerBound = 10 * time.Second
	// answerMost is what is read of an answer, so that its connection can be used again; nothing of it is kept.
	answerMost = 16 << 10
)

// Sender sends to webhooks. It implements domain.Carrier.
type Sender struct {
	public        string
	secure, plain *http.Client
	now           func() time.Time
}

// NewSender makes a sender; public is where people reach the console, for links.
func NewSender(networks Networks, public string, now func() time.Time) *Sender {
	return &Sender{public: strings.TrimSuffix(public, "/"), secure: NewClient(networks, false), plain: NewClient(networks, true), now: now}
}

// NewClient makes a client that calls public addresses and those of some networks; plain: without https the networks alone. It
// follows no redirect and no proxy of the environment: both lead elsewhere than was checked.
func NewClient(networks Networks, plain bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialBound, Control: networks.control(plain)}
	return &http.Client{
		Timeout:       answerBound,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialBound, ResponseHeaderTimeout: answerBound,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: answerMost, ForceAttemptHTTP2: true,
		},
	}
}

// Begin implements domain.Carrier.
func (s *Sender) Begin(to domain.Destination) domain.Sending { return &sending{Sender: s, to: to} }

type sending struct {
	*Sender
	to domain.Destination
}

// Close implements domain.Sending; connections stay for the next batch.
func (s *sending) Close() {}

// event is the body of a request.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Record *record        `json:"record,omitempty"`
	Facts  map[string]any `json:"facts,omitempty"`
	// Message is for a gateway: what to bring to whom.
	Message *message `json:"message,omitempty"`
}

type record struct {
	ID       string          `json:"id"`
	Number   string          `json:"number"`
	Practice domain.Practice `json:"practice"`
	State    domain.State    `json:"state"`
	Title    string          `json:"title"`
	Priority int             `json:"priority"`
	Service  string          `json:"service,omitempty"`
	Team     string          `json:"team,omitempty"`
	Assignee string          `json:"assignee,omitempty"`
	Version  int64           `json:"version"`
	Link     string          `json:"link,omitempty"`
}

type message struct {
	Channel domain.Channel `json:"channel"`
	To      string         `json:"to"`
	Person  string         `json:"person,omitempty"`
	Lane    domain.Lane    `json:"lane"`
	Subject string         `json:"subject"`
	Text    string         `json:"text"`
	Link    string         `json:"link,omitempty"`
}

// body writes a parcel: to who asked for events what happened, to a gateway the words for a person.
func (s *sending) body(parcel domain.Parcel) ([]byte, error) {
	newest := parcel.Told[len(parcel.Told)-1]
	out := event{Type: newest.Kind, Timestamp: newest.At}
	if head := newest.Record; head != nil && len(parcel.Told) == 1 {
		out.Data.Record = &record{
			ID: head.ID, Number: head.Number, Practice: head.Practice, State: head.State, Title: head.Title, Priority: head.Priority,
			Service: head.Service, Team: head.Team, Assignee: head.Assignee, Version: head.Version,
		}
		if s.public != "" {
			out.Data.Record.Link = s.public + "/" + string(head.Practice) + "s/" + head.Number
		}
	}
	if parcel.Channel == domain.ChannelWebhook {
		out.Data.Facts = newest.Data
		return json.Marshal(out)
	}
	words, err := notice.Of(parcel, s.public)
	if err != nil {
		return nil, err
	}
	if words.About != "" {
		words.Subject = words.About + " " + words.Subject
	}
	out.Type = "message." + string(parcel.Channel)
	out.Data.Message = &message{
		Channel: parcel.Channel, To: parcel.Address, Person: parcel.Person.Handle, Lane: parcel.Lane,
		Subject: words.Subject, Text: words.Text, Link: words.Link,
	}
	return json.Marshal(out)
}

// Send implements domain.Sending.
func (s *sending) Send(ctx context.Context, parcel domain.Parcel) error {
	body, err := s.body(parcel)
	if err != nil {
		return err
	}
	at := s.now()
	signature, err := sign(s.to.Secrets, parcel.ID, at, body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.URL, bytes.NewReader(body))
	if err != nil {
		return down("its address cannot be read")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Holdfast")
	request.Header.Set("webhook-id", parcel.ID)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	request.Header.Set("webhook-signature", signature)
	client := s.secure
	if request.URL.Scheme == "http" {
		client = s.plain
	}
	response, err := client.Do(request)
	if err != nil {
		return down(Reason(err))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, answerMost) // only its status counts
	return faultOf(response.StatusCode)
}

// refusing are the answers that say of this message that it will never be taken.
var refusing = []int{
	http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusGone, http.StatusLengthRequired,
	http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
}

func faultOf(status int) error {
	said := fmt.Sprintf("it answers %d %s", status, http.StatusText(status))
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return down(said + "; redirects are not followed")
	case slices.Contains(refusing, status):
		return &domain.DeliveryFault{Consequence: domain.FaultRefused, Message: said}
	}
	return down(said)
}

func down(why string) error {
	return &domain.DeliveryFault{Consequence: domain.FaultDown, Message: why}
}

// Reason says why there is no answer, without the address: that may hold a secret of the receiver's.
func Reason(err error) string {
	switch {
	case errors.Is(err, errPrivate):
		return errPrivate.Error()
	case errors.Is(err, errPlain):
		return errPlain.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer in time"
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "it does not answer in time"
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return "it cannot be reached: " + err.Error()
}
