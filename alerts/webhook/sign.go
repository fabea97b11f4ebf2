package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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

// signer is a secret that signs until a time; the present one has none.
type signer struct {
	Secret secret    `json:"secret"`
	Until  time.Time `json:"until,omitzero"`
}

// UnmarshalJSON reads a bare secret too, as it was stored before secrets had a time.
func (s *signer) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &s.Secret)
	}
	type plain signer
	return json.Unmarshal(b, (*plain)(s))
}

const (
	// secretGrace is how long a secret signs beside the one that has replaced it.
	secretGrace = 24 * time.Hour
	// maxSigners bounds the signatures of a request, should a secret be changed again and again within the grace.
	maxSigners = 4
)

// rotate makes s the present secret; the one before it goes on signing for secretGrace.
func (h *hook) rotate(s secret, now time.Time) {
	if len(h.secrets) > 0 && h.secrets[0].Secret == s {
		return
	}
	signers := []signer{{Secret: s}}
	for i, old := range h.secrets {
		if i == 0 {
			old.Until = now.Add(secretGrace).UTC()
			h.OldSecretUntil = old.Until
		}
		if old.Until.After(now) && old.Secret != s && len(signers) < maxSigners {
			signers = append(signers, old)
		}
	}
	h.secrets = signers
}

// signing are the secrets that sign at a time.
func (h *hook) signing(at time.Time) []secret {
	var list []secret
	for _, s := range h.secrets {
		if s.Until.IsZero() || at.Before(s.Until) {
			list = append(list, s.Secret)
		}
	}
	return list
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
