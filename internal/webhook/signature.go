package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// secretPrefix marks secrets of the Standard Webhooks specification.
const secretPrefix = "whsec_"

// NewSecret makes a secret of 256 random bits as the Standard Webhooks specification writes it.
func NewSecret() string {
	var random [32]byte
	rand.Read(random[:]) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(random[:])
}

// CheckSecret says what is wrong with a secret: it must be whsec_ and the base64 of 24 to 64 bytes.
func CheckSecret(secret string) error {
	key, err := keyOf(secret)
	if err != nil || len(key) < 24 || len(key) > 64 {
		return errors.New("must be whsec_ followed by the base64 of 24 to 64 random bytes")
	}
	return nil
}

func keyOf(secret string) ([]byte, error) {
	text, found := strings.CutPrefix(secret, secretPrefix)
	if !found {
		return nil, errors.New("a secret begins with " + secretPrefix)
	}
	return base64.StdEncoding.DecodeString(text)
}

// sign makes the signatures of a message with every secret, as the header webhook-signature holds them: while a secret is being
// replaced, a receiver that knows the old or the new one finds its own.
func sign(secrets []string, id string, at time.Time, body []byte) (string, error) {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := keyOf(secret)
		if err != nil {
			return "", errors.New("the destination's secret cannot be read")
		}
		sum := hmac.New(sha256.New, key)
		sum.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		sum.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	}
	return strings.Join(signatures, " "), nil
}
