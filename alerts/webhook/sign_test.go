package webhook

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const testKey = "example-only-not-a-real-secret!!"

func testSecret() secret {
	return secret(secretPrefix + base64.StdEncoding.EncodeToString([]byte(testKey)))
}

func TestSignatureOfTheVector(t *testing.T) {
	body := `{"type":"alert.opened","timestamp":"2026-09-01T01:05:04Z","data":{"alert":{"id":"a1"}}}`
	got, err := signature([]secret{testSecret()}, "msg_example0001", time.Unix(1788224704, 0), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if want := "v1,zpCbmfQEm0o+L7cWefKGuLkUNRQvl+Do65Js44t63jg="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEverySecretSigns(t *testing.T) {
	secrets := []secret{newSecret(), newSecret()}
	now := time.Now()
	sig, err := signature(secrets, "msg_1", now, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	head := http.Header{}
	head.Set("webhook-id", "msg_1")
	head.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
	head.Set("webhook-signature", sig)
	for i, s := range secrets {
		wh, err := standardwebhooks.NewWebhook(string(s))
		if err != nil {
			t.Fatal(err)
		}
		if err := wh.Verify([]byte("{}"), head); err != nil {
			t.Errorf("secret %d: %v", i, err)
		}
		if err := wh.Verify([]byte("{ }"), head); err == nil {
			t.Errorf("secret %d signs another body as well", i)
		}
	}
}

func TestSecretsStayOutOfTexts(t *testing.T) {
	s := newSecret()
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s", s, s, s, s), s.LogValue().String()} {
		if strings.Contains(text, string(s)) {
			t.Errorf("%q shows the secret", text)
		}
	}
}

func TestSecretsThatAreTooWeakAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "whsec_", "whsec_MTIz", base64.StdEncoding.EncodeToString([]byte(testKey)), "whsec_!!", "whsec_" + strings.Repeat("A", 88),
	} {
		if _, err := secret(text).key(); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
