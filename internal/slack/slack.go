// Package slack tells people things in Slack, and reads what they answer by the buttons of its messages.
package slack

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/notice"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
)

// answerMost is what is read of an answer of Slack's.
const answerMost = 256 << 10

// Sender posts messages into workspaces. It implements domain.Carrier.
type Sender struct {
	public string
	clients
}

// clients call over the guard of webhooks: private networks are refused unless they are allowed.
type clients struct{ secure, plain *http.Client }

func newClients(networks webhook.Networks) clients {
	return clients{secure: webhook.NewClient(networks, false), plain: webhook.NewClient(networks, true)}
}

// to picks the client for an address.
func (c clients) to(address string) *http.Client {
	if strings.HasPrefix(address, "http://") {
		return c.plain
	}
	return c.secure
}

// NewSender makes a sender; public is where people reach the console, for links.
func NewSender(networks webhook.Networks, public string) *Sender {
	return &Sender{public: strings.TrimSuffix(public, "/"), clients: newClients(networks)}
}

// Begin implements domain.Carrier.
func (s *Sender) Begin(to domain.Destination) domain.Sending {
	options := []slack.Option{slack.OptionHTTPClient(bounded{s.to(to.URL)})}
	if to.URL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(to.URL, "/")+"/"))
	}
	return &sending{public: s.public, api: slack.New(to.Token, options...)}
}

// bounded reads so much of an answer and no more.
type bounded struct{ *http.Client }

// Do is http.Client.Do.
func (b bounded) Do(request *http.Request) (*http.Response, error) {
	response, err := b.Client.Do(request)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, answerMost), response.Body}
	return response, nil
}

type sending struct {
	public string
	api    *slack.Client
}

var _ domain.Poster = (*sending)(nil)

// Close implements domain.Sending; connections stay for the next batch.
func (s *sending) Close() {}

// Send implements domain.Sending.
func (s *sending) Send(ctx context.Context, parcel domain.Parcel) error {
	_, err := s.Post(ctx, parcel, domain.Place{})
	return err
}

// noThread are Slack's answers when the message to stand beside has gone.
var noThread = []string{"thread_not_found", "message_not_found", "invalid_thread_ts", "cannot_reply_to_message"}

// Post implements domain.Poster: beside a message is in its thread. What is to wake somebody stands in the room as well, since
// nobody is woken by a thread.
func (s *sending) Post(ctx context.Context, parcel domain.Parcel, beside domain.Place) (domain.Place, error) {
	words, err := notice.Of(parcel, s.public)
	if err != nil {
		return beside, err
	}
	_, room := SplitAddress(parcel.Address)
	options := messageOf(parcel, words)
	if beside.Message == "" {
		return s.post(ctx, room, options)
	}
	threaded := append(slices.Clip(options), slack.MsgOptionTS(beside.Message))
	if parcel.Lane == domain.LanePage {
		threaded = append(threaded, slack.MsgOptionBroadcast())
	}
	_, _, err = s.api.PostMessageContext(ctx, beside.Room, threaded...)
	if said, refused := saying(err); refused && slices.Contains(noThread, said) {
		return s.post(ctx, room, options)
	}
	return beside, faultOf(err)
}

func (s *sending) post(ctx context.Context, room string, options []slack.MsgOption) (domain.Place, error) {
	room, message, err := s.api.PostMessageContext(ctx, room, options...)
	return domain.Place{Room: room, Message: message}, faultOf(err)
}

// Address is how a contact names a user of a workspace.
func Address(destination, user string) string { return destination + "/" + user }

// SplitAddress takes an address apart; without a destination the first is empty.
func SplitAddress(address string) (destination, user string) {
	destination, user, named := strings.Cut(address, "/")
	if !named {
		return "", destination
	}
	return destination, user
}
