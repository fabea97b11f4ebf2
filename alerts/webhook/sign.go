package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix         = "whsec_"
	minSecret, maxSecret = 24, 64 // bytes, of Standard Webhooks
)

// secret is a signing key as it is shown to its owner, once.
type secret string

// newSecret makes a key of 256 bits.
func newSecret() secret {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	return secret(secretPrefix + base64.StdEncoding.EncodeToString(key[:]))
}

// String keeps a secret out of texts.
func (secret) String() string { return "[secret]" }

// GoString keeps a secret out of texts made with %#v.
func (secret) GoString() string { return "[secret]" }

// LogValue keeps a secret out of logs.
func (secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

func (s secret) key() ([]byte, error) {
	text, ok := strings.CutPrefix(string(s), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, fmt.Errorf("must be %s and base64 of %d to %d bytes", secretPrefix, minSecret, maxSecret)
	}
	return key, nil
}

// signature is the webhook-signature of a request: one for each secret, so that a recipient can change over in its own time.
func signature(secrets []secret, id string, at time.Time, body []byte) (string, error) {
	parts := make([]string, len(secrets))
	for i, s := range secrets {
		key, err := s.key()
		if err != nil {
			return "", fmt.Errorf("sign with secret %d: %w", i, err)
		}
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, id+"."+strconv.FormatInt(at.Unix(), 10)+".")
		_, _ = mac.Write(body)
		parts[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(parts, " "), nil
}
