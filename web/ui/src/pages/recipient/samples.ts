/** How a recipient verifies a message, in three languages: each with nothing but what its language brings. */

export const SAMPLES = {
  Python: `import base64, hashlib, hmac, time

def verify(secret: str, headers, body: bytes) -> bool:
    """body is what came, byte for byte; headers find names in any case."""
    sent = headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{sent}.".encode() + body
    want = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(
        hmac.compare_digest(given, f"v1,{want}")
        for given in headers["webhook-signature"].split()
    )
`,
  'Node.js': `import { createHmac, timingSafeEqual } from 'node:crypto'

// body is a Buffer of what came, byte for byte, before any JSON.parse.
export function verify(secret, headers, body) {
  const sent = headers['webhook-timestamp']
  if (!(Math.abs(Date.now() / 1000 - Number(sent)) <= 300)) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const want = createHmac('sha256', key)
    .update(\`\${headers['webhook-id']}.\${sent}.\`)
    .update(body)
    .digest()
  return headers['webhook-signature'].split(' ').some((given) => {
    const got = Buffer.from(given.replace(/^v1,/, ''), 'base64')
    return got.length === want.length && timingSafeEqual(got, want)
  })
}
`,
  Go: `package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Verify reports whether body, byte for byte as it came, was signed with the secret.
func Verify(secret string, h http.Header, body []byte) bool {
	sent, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, given := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(given), []byte(want)) {
			return true
		}
	}
	return false
}
`,
} as const

export type Tongue = keyof typeof SAMPLES
export const TONGUES = Object.keys(SAMPLES) as Tongue[]
