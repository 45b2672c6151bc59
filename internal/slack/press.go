package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"github.com/holdfast-itsm/holdfast/internal/webhook"
)

// MaxPress bounds the body of a request that Slack sends.
const MaxPress = 256 << 10

// signatureLasts is how far the time of a signed request may lie from the present.
const signatureLasts = 5 * time.Minute

var errSignature = errors.New("the request is not signed by Slack, or too long ago")

// Verify checks Slack's signature of a request: version 0, an HMAC-SHA256 over its time and body by any of the secrets. Times are
// compared in constant time, and a request counts for five minutes.
func Verify(secrets []string, timestamp, signature string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > signatureLasts {
		return errSignature
	}
	genuine := false
	for _, secret := range secrets {
		if secret != "" && hmac.Equal([]byte(sign(secret, timestamp, body)), []byte(signature)) {
			genuine = true
		}
	}
	if !genuine {
		return errSignature
	}
	return nil
}

// sign signs a request as Slack does.
func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", timestamp, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Press is somebody's press on a button of one of our messages.
type Press struct {
	User string
	Room string
	// Action is the verb of the command that the button gives to Record.
	Action string
	Record string
	// Key is the same in every repetition of the press, and in no other press.
	Key      string
	replyURL string
	blocks   []slack.Block
}

// ParsePress reads the body of a request that is known to be Slack's. False: it is none that asks for anything, such as a press on
// a link, which Slack tells as well.
func ParsePress(body []byte) (Press, bool, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return Press{}, false, errors.New("the body is not a form")
	}
	var call slack.InteractionCallback
	if err := json.Unmarshal([]byte(form.Get("payload")), &call); err != nil {
		return Press{}, false, errors.New("the payload cannot be read")
	}
	if call.Type != slack.InteractionTypeBlockActions {
		return Press{}, false, nil
	}
	for _, action := range call.ActionCallback.BlockActions {
		if action.BlockID != actionsBlock || action.ActionID != ActionAcknowledge && action.ActionID != ActionEscalateNow {
			continue
		}
		room, message := call.Channel.ID, call.Container.MessageTs
		sum := sha256.Sum256([]byte(room + "/" + message + "/" + call.User.ID + "/" + action.ActionID + "/" + action.Value + "/" + action.ActionTs))
		return Press{
			User: call.User.ID, Room: room, Action: action.ActionID, Record: action.Value, Key: "slack/" + hex.EncodeToString(sum[:]),
			replyURL: call.ResponseURL, blocks: call.Message.Blocks.BlockSet,
		}, true, nil
	}
	return Press{}, false, nil
}

// Reply is what whoever pressed a button is told.
type Reply struct {
	Text string
	// Done: it is written into the message, for all who read it; else only who pressed reads it.
	Done bool
	// Over: nothing is left to be pressed.
	Over bool
}

// Replies tell people what became of their press.
type Replies struct{ clients }

// NewReplies makes them; networks are private ones that they may go to.
func NewReplies(networks webhook.Networks) *Replies { return &Replies{newClients(networks)} }

// replyHost is where Slack takes replies.
const replyHost = "hooks.slack.com"

// Send answers a press at a destination, whose own address, if it has one, is where replies may go instead of Slack's.
func (r *Replies) Send(ctx context.Context, destination string, press Press, reply Reply) error {
	at, err := url.Parse(press.replyURL)
	if err != nil || !mayReply(at, destination) {
		return errors.New("the address for the reply is not Slack's")
	}
	message := &slack.WebhookMessage{Text: clip(reply.Text, textMost), ResponseType: slack.ResponseTypeEphemeral}
	if reply.Done {
		message.ResponseType, message.ReplaceOriginal = "", true
		message.Blocks = &slack.Blocks{BlockSet: append(without(press.blocks, reply.Over), noteOf(reply.Text))}
	}
	if err := slack.PostWebhookCustomHTTPContext(ctx, press.replyURL, r.to(press.replyURL), message); err != nil {
		return fmt.Errorf("replying in Slack: %s", webhook.Reason(err))
	}
	return nil
}

func mayReply(at *url.URL, destination string) bool {
	own, err := url.Parse(destination)
	if destination != "" && err == nil {
		return at.Scheme == own.Scheme && at.Host == own.Host
	}
	return at.Scheme == "https" && at.Host == replyHost
}

// without is a message's blocks, but for the buttons that give commands where nothing is left to be pressed.
func without(blocks []slack.Block, over bool) []slack.Block {
	kept := slices.Clone(blocks)
	if !over {
		return kept
	}
	for i, block := range kept {
		actions, is := block.(*slack.ActionBlock)
		if !is || actions.BlockID != actionsBlock || actions.Elements == nil {
			continue
		}
		rest := []slack.BlockElement{}
		for _, element := range actions.Elements.ElementSet {
			if button, is := element.(*slack.ButtonBlockElement); is && button.ActionID == actionOpen {
				rest = append(rest, button)
			}
		}
		if len(rest) == 0 {
			return slices.Delete(kept, i, i+1)
		}
		kept[i] = slack.NewActionBlock(actionsBlock, rest...)
	}
	return kept
}

func noteOf(text string) slack.Block {
	return slack.NewContextBlock("", plainText(text, fieldMost))
}
