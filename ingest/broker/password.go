package broker

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of a new password hash: argon2id with 19 MiB and two passes, the least that OWASP's password storage cheat sheet
// advises, so that a burst of logins does not exhaust a small machine.
const (
	argonMemoryKiB = 19 << 10
	argonPasses    = 2
	argonThreads   = 1
	argonKeyLen    = 32
	argonSaltLen   = 16
)

type argonHash struct {
	memoryKiB, passes uint32
	threads           uint8
	salt, key         []byte
}

// HashPassword makes an argon2id hash in PHC form: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func HashPassword(password string) (string, error) {
	salt := make([]byte, argonSaltLen)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemoryKiB, argonThreads, argonKeyLen)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemoryKiB, argonPasses, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// VerifyPassword compares a password with a hash in PHC form, in constant time. An error means that the hash is not one.
func VerifyPassword(password, hash string) (bool, error) {
	h, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	return h.matches(password), nil
}

func (h *argonHash) matches(password string) bool {
	key := argon2.IDKey([]byte(password), h.salt, h.passes, h.memoryKiB, h.threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// parseHash reads the PHC form. The parameters come from a file, so they are bounded: a slip must not take the memory of
// the machine at the first login.
func parseHash(hash string) (*argonHash, error) {
	const mostMemoryKiB, mostPasses, mostThreads, mostKey = 1 << 20, 16, 16, 128
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return nil, errors.New("password hash: expected $argon2id$v=19$m=…,t=…,p=…$salt$key")
	}
	if parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, fmt.Errorf("password hash: version %q is not v=%d", parts[2], argon2.Version)
	}
	var h argonHash
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memoryKiB, &h.passes, &h.threads); err != nil {
		return nil, errors.New("password hash: parameters are not m=…,t=…,p=…")
	}
	if h.memoryKiB < 8*uint32(h.threads) || h.memoryKiB > mostMemoryKiB || h.passes < 1 || h.passes > mostPasses || h.threads < 1 || h.threads > mostThreads {
		return nil, fmt.Errorf("password hash: parameters %q are out of bounds", parts[3])
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(h.salt) < 8 {
		return nil, errors.New("password hash: the salt is not base64 of 8 bytes or more")
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > mostKey {
		return nil, errors.New("password hash: the key is not base64 of 16 to 128 bytes")
	}
	return &h, nil
}
