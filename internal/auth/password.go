// Package auth keeps passwords and slows down whoever guesses them: argon2id with bounded work, and pauses that grow and end.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Cost is how much work one check of a password is.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// Standard is the first of the equal choices that OWASP's Password Storage Cheat Sheet gives for argon2id.
var Standard = Cost{Memory: 46 << 10, Passes: 1, Lanes: 1}

// Bounds of a password. NIST SP 800-63B-4 §3.1.1.2 asks for 15 characters where a password is all there is, forbids rules of
// composition, and wants long ones taken.
const (
	MinPasswordCharacters = 15
	MaxPasswordBytes      = 256
)

const (
	saltBytes = 16
	keyBytes  = 32
	// atOnce bounds how many passwords are checked side by side: each takes Cost.Memory.
	atOnce = 2
)

// Passwords hashes and checks passwords, so many at once. Its zero value does not work; NewPasswords makes one.
type Passwords struct {
	cost  Cost
	slots chan struct{}
	decoy string
}

// NewPasswords makes one of a cost.
func NewPasswords(cost Cost) *Passwords {
	p := &Passwords{cost: cost, slots: make(chan struct{}, atOnce)}
	p.decoy = p.encode("", make([]byte, saltBytes))
	return p
}

// Check refuses a password that is too short or too long, or that everybody would try first for this account.
func Check(password string, names ...string) error {
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return domain.Invalid("password", "holds characters that cannot be typed")
	case len(password) > MaxPasswordBytes:
		return domain.Invalid("password", "is longer than %d bytes", MaxPasswordBytes)
	case utf8.RuneCountInString(password) < MinPasswordCharacters:
		return domain.Invalid("password", "needs at least %d characters; a few words that only you put together are good", MinPasswordCharacters)
	case guessable(password, names):
		return domain.Invalid("password", "is one of those that are tried first; choose words that do not belong together")
	}
	return nil
}

// guessable reports whether little is left of a password without the account's own names, the product's, and repetition.
func guessable(password string, names []string) bool {
	rest := strings.ToLower(password)
	for _, name := range append([]string{"password", "passwort", "holdfast", "letmein", "welcome", "qwertyuiop", "qwerty", "1234567890", "123456"}, names...) {
		if len(name) > 2 {
			rest = strings.ReplaceAll(rest, strings.ToLower(name), "")
		}
	}
	different := map[rune]bool{}
	for _, r := range rest {
		different[r] = true
	}
	return len(different) < 5
}

// Hash is what is kept of a password: a PHC string with its own salt and cost. It waits for its turn as long as ctx lasts.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	return p.encode(password, salt), nil
}

// Matches reports whether a password is the one that a hash was made of. An empty hash, which is that of nobody, takes as long
// and matches nothing. With stale the hash was made at another cost and should be made anew.
func (p *Passwords) Matches(ctx context.Context, password, hash string) (matches, stale bool, err error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	cost, salt, key, err := decode(hash)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey([]byte(password), salt, cost.Passes, cost.Memory, cost.Lanes, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1 && known, cost != p.cost, nil
}

// enter waits for a turn.
func (p *Passwords) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Passwords) encode(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, p.cost.Passes, p.cost.Memory, p.cost.Lanes, keyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.cost.Memory, p.cost.Passes, p.cost.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// decode reads a PHC string.
func decode(hash string) (cost Cost, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return cost, nil, nil, fmt.Errorf("a stored password is of an unknown kind")
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.Memory, &cost.Passes, &cost.Lanes); err == nil {
		if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err == nil {
			key, err = base64.RawStdEncoding.DecodeString(parts[5])
		}
	}
	if err != nil {
		return cost, nil, nil, fmt.Errorf("reading a stored password: %w", err)
	}
	return cost, salt, key, nil
}
