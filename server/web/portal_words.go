package web

import (
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// portalSays tells a requester what went wrong, in words of theirs: those of the service are for its desk and for programs.
func portalSays(problem *server.Problem) string {
	switch problem.Code {
	case domain.CodeUnavailable:
		return "We cannot be reached just now."
	case domain.CodeInternal:
		return "Something broke on our side."
	case domain.CodeConflict, domain.CodePreconditionFailed:
		return "Your report has moved on meanwhile."
	case domain.CodeForbidden:
		return "That is not possible as your report stands now."
	case domain.CodeTooMany:
		return "That was too much at once. Wait a moment."
	case domain.CodeInvalid:
		return "Something is missing, or cannot be taken as it is."
	}
	return sentence(problem.Detail)
}

// portalThen tells them what became of what they wrote, and what to do.
func portalThen(problem *server.Problem) string {
	switch problem.Code {
	case domain.CodeUnavailable, domain.CodeInternal:
		return "What you wrote is still here. Send it again in a moment: however often you send it, it is done once."
	case domain.CodeConflict, domain.CodePreconditionFailed:
		return "Nothing was changed. Above you see how it stands now. If that is not right, write to us."
	case domain.CodeForbidden:
		return "Nothing was changed. Write to us instead, and we see to it."
	case domain.CodeNotFound:
		return "Perhaps the address is not complete. Your reports are all in one list."
	}
	return "Nothing was sent, and what you wrote is still here."
}

// portalFields names what a requester filled in.
var portalFields = map[string]string{
	"body": "Your message", "reason": "What you wrote", "file": "The file", "name": "The name of the file", "score": "The score",
}

// portalWrong are the words for what is wrong with single fields that have no place of their own on the page.
func portalWrong(problem *server.Problem) []string {
	var texts []string
	for _, wrong := range problem.Errors {
		name, known := portalFields[strings.TrimPrefix(wrong.Location, "body.")]
		if known {
			texts = append(texts, sentence(name+" "+wrong.Message))
		}
	}
	return texts
}

// ofField words what is wrong with a field beside it: messages go on from a field's name, or begin with what was given.
func ofField(message string) string {
	if strings.HasPrefix(message, `"`) {
		return sentence(message)
	}
	return sentence("this " + message)
}
