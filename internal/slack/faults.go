package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
)

const (
	// busyUnsaid is how long Slack is left alone that says it is busy and not for how long; busyMost is the longest.
	busyUnsaid = 30 * time.Second
	busyMost   = time.Hour
)

// The answers of Slack's that are about its own state, and those that let nobody in. Any other is about the one message.
var (
	ailing = []string{"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "rollup_error"}
	shut   = map[string]string{
		"invalid_auth":       "Slack does not know the token",
		"not_authed":         "Slack was shown no token",
		"token_revoked":      "the token was revoked",
		"token_expired":      "the token has expired",
		"account_inactive":   "the app was removed from the workspace, or its bot was switched off",
		"missing_scope":      "the app may not write messages; give it the scope chat:write and install it anew",
		"no_permission":      "the app may not write messages; give it the scope chat:write and install it anew",
		"org_login_required": "the workspace is being moved into an organisation", "ekm_access_denied": "an administrator of Slack has suspended posting",
		"team_access_not_granted": "the app was not granted this workspace", "access_denied": "Slack denies the app access",
		"not_allowed_token_type": "the token is not a bot's; it begins with xoxb-",
	}
	unknown = []string{"channel_not_found", "user_not_found", "user_disabled", "users_not_found"}
)

// saying is the word of Slack's answer, where it answered and took nothing.
func saying(err error) (string, bool) {
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		return refused.Err, true
	}
	return "", false
}

// faultOf says what follows from an error of a call.
func faultOf(err error) error {
	if err == nil {
		return nil
	}
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &limited):
		return busy(limited.RetryAfter)
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		return busy(busyUnsaid)
	case errors.As(err, &status):
		return fault(domain.FaultDown, "Slack answers %d %s", status.Code, http.StatusText(status.Code))
	}
	said, answered := saying(err)
	why, closed := shut[said]
	var garbled *json.SyntaxError
	switch {
	case !answered && errors.As(err, &garbled):
		return fault(domain.FaultDown, "its answer cannot be read: that is not Slack")
	case !answered:
		return fault(domain.FaultDown, "%s", webhook.Reason(err))
	case said == "ratelimited" || said == "rate_limited":
		return busy(busyUnsaid)
	case closed:
		return fault(domain.FaultStopped, "%s (%s)", why, said)
	case slices.Contains(ailing, said):
		return fault(domain.FaultDown, "Slack answers %s", said)
	case slices.Contains(unknown, said):
		return fault(domain.FaultRefused, "Slack knows no such user (%s)", said)
	}
	return fault(domain.FaultRefused, "Slack does not take it (%s)", said)
}

func busy(after time.Duration) error {
	after = min(max(after, time.Second), busyMost)
	return &domain.DeliveryFault{Consequence: domain.FaultBusy, Message: fmt.Sprintf("Slack asks to wait %s", after), After: after}
}

func fault(consequence domain.Consequence, format string, values ...any) error {
	return &domain.DeliveryFault{Consequence: consequence, Message: fmt.Sprintf(format, values...)}
}
