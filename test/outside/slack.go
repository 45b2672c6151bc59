package outside

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The token and the signing secret of the app that is installed in a SlackServer's workspace.
const (
	SlackToken         = "xoxb-of-the-tests"
	SlackSigningSecret = "8f742231b10e8888abcd99yyyzzz85a5"
)

// Post is one message that Slack took.
type Post struct {
	// To is the user or room that it was sent to, Room where it stands, Message its own name there.
	To, Room, Message string
	// Thread is the message that it stands under; Broadcast: in the room as well.
	Thread    string
	Broadcast bool
	Text      string
	Blocks    []map[string]any
}

// Button is the value of the button with an action; false: the message has none.
func (p Post) Button(action string) (value string, found bool) {
	for _, block := range p.Blocks {
		elements, _ := block["elements"].([]any)
		for _, element := range elements {
			if button, is := element.(map[string]any); is && button["action_id"] == action {
				value, _ = button["value"].(string)
				return value, true
			}
		}
	}
	return "", false
}

// SlackServer is the part of Slack's API that posts messages and takes replies.
type SlackServer struct {
	receiver
	// URL is that of the API.
	URL     string
	took    []Post
	tries   int
	replies []map[string]any
	said    string
	wait    string
	failing string // the user to whom nothing comes through
}

// NewSlackServer starts Slack, which ends with the test. Every user id but those that begin with UGONE is known.
func NewSlackServer(t testing.TB) *SlackServer {
	t.Helper()
	s := &SlackServer{receiver: newReceiver()}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/chat.postMessage", s.post)
	mux.HandleFunc("/reply/", s.reply)
	server := httptest.NewServer(mux)
	s.URL = server.URL + "/api"
	t.Cleanup(func() {
		s.Become(Failing)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Posts lists the messages that were taken, in order.
func (s *SlackServer) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.took)
}

// Tries counts the attempts to post, whatever came of them.
func (s *SlackServer) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// Replies lists what was told to those who pressed buttons, in order.
func (s *SlackServer) Replies() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.replies)
}

// Say makes every message be answered by an error of Slack's, "invalid_auth"; an empty one ends that.
func (s *SlackServer) Say(said string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = said
}

// AskToWait makes the next message be answered by 429, with so many seconds to wait; other than a number, it says no time.
func (s *SlackServer) AskToWait(seconds string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait = seconds
}

// FailFor makes every message to a user fail, as if Slack were broken for them alone; an empty one ends that.
func (s *SlackServer) FailFor(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = user
}

func (s *SlackServer) post(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		return
	}
	s.mu.Lock()
	s.tries++
	user := r.PostForm.Get("channel")
	said, wait, fails := s.said, s.wait, s.failing != "" && s.failing == user
	s.wait = ""
	s.mu.Unlock()
	switch now := s.is(); {
	case now == Failing, fails:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case now == Hanging:
		s.hang()
		return
	case now == Closing:
		panic(http.ErrAbortHandler)
	}
	switch {
	case wait != "":
		if _, err := strconv.Atoi(wait); err == nil {
			w.Header().Set("Retry-After", wait)
		}
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case said != "":
	case r.PostForm.Get("token") != SlackToken && r.Header.Get("Authorization") != "Bearer "+SlackToken:
		said = "invalid_auth"
	case strings.HasPrefix(user, "UGONE"), s.is() == Refusing:
		said = "channel_not_found"
	}
	if said != "" {
		answer(w, map[string]any{"ok": false, "error": said})
		return
	}
	answer(w, s.take(user, r.PostForm))
}

// take keeps a message.
func (s *SlackServer) take(user string, form url.Values) map[string]any {
	post := Post{
		To: user, Room: "D" + strings.TrimLeft(user, "DUW"), Thread: form.Get("thread_ts"), Broadcast: form.Get("reply_broadcast") == "true", Text: form.Get("text"),
	}
	if json.Unmarshal([]byte(form.Get("blocks")), &post.Blocks) != nil {
		return map[string]any{"ok": false, "error": "invalid_blocks"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if post.Thread != "" && !slices.ContainsFunc(s.took, func(before Post) bool { return before.Message == post.Thread }) {
		return map[string]any{"ok": false, "error": "thread_not_found"}
	}
	post.Message = fmt.Sprintf("1764493200.%06d", len(s.took)+1)
	s.took = append(s.took, post)
	return map[string]any{"ok": true, "channel": post.Room, "ts": post.Message}
}

// Forget makes Slack lose its messages, as when people delete them.
func (s *SlackServer) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.took {
		s.took[i].Message = "deleted"
	}
}

func answer(w http.ResponseWriter, content map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(content) // whoever asked may have gone
}

func (s *SlackServer) reply(w http.ResponseWriter, r *http.Request) {
	var content map[string]any
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &content) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, content)
}

// Press is the body of the request by which Slack tells that a user pressed a button of a message. Pressed is when: the same press
// is told with the same.
func (s *SlackServer) Press(t testing.TB, user string, on Post, action, pressed string) []byte {
	t.Helper()
	value, found := on.Button(action)
	require.True(t, found, "the message has no button %s", action)
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "user": map[string]any{"id": user}, "team": map[string]any{"id": "T1"},
		"container": map[string]any{"type": "message", "message_ts": on.Message, "channel_id": on.Room}, "channel": map[string]any{"id": on.Room},
		"message": map[string]any{"ts": on.Message, "text": on.Text, "blocks": on.Blocks}, "response_url": strings.TrimSuffix(s.URL, "/api") + "/reply/1",
		"actions": []map[string]any{{"type": "button", "block_id": "holdfast", "action_id": action, "value": value, "action_ts": pressed}},
	})
	require.NoError(t, err)
	return []byte(url.Values{"payload": {string(payload)}}.Encode())
}

// SlackSignature signs the body of a request as Slack does; it answers the two headers that Slack sends.
func SlackSignature(secret string, body []byte, at time.Time) (timestamp, signature string) {
	timestamp = strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + timestamp + ":" + string(body)))
	return timestamp, "v0=" + hex.EncodeToString(mac.Sum(nil))
}
