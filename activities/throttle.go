package activities

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// throttle allows so many messages to one receiver within a time.
type throttle struct {
	most   int
	within time.Duration
}

// throttles keep people from being flooded; what comes meanwhile leaves as one message afterwards. Pages, and what is about an
// account, are not held back. The last bound is the longest.
var throttles = map[domain.Channel][]throttle{
	domain.ChannelMail:  {{1, time.Minute}},
	domain.ChannelSMS:   messages,
	domain.ChannelPush:  messages,
	domain.ChannelSlack: {{1, 10 * time.Second}, {30, 30 * time.Minute}},
	domain.ChannelVoice: {{1, time.Minute}, {3, 15 * time.Minute}, {7, time.Hour}, {15, 3 * time.Hour}},
}

var messages = []throttle{{1, time.Minute}, {5, 15 * time.Minute}, {11, time.Hour}, {21, 3 * time.Hour}}

// allowedAt is when the next message may leave, with those that left lately, the newest first.
func allowedAt(bounds []throttle, sent []time.Time, now time.Time) time.Time {
	at := now
	for _, bound := range bounds {
		if len(sent) >= bound.most {
			if free := sent[bound.most-1].Add(bound.within); free.After(at) {
				at = free
			}
		}
	}
	return at
}
