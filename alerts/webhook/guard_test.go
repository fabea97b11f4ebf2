package webhook

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyPublicAddressesPass(t *testing.T) {
	for _, addr := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
		"fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "100::1", "3fff::1",
	} {
		if err := (guard{}).check(netip.MustParseAddr(addr)); err == nil {
			t.Errorf("%s passed", addr)
		}
	}
	for _, addr := range []string{"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"} {
		if err := (guard{}).check(netip.MustParseAddr(addr)); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
		if err := (guard{plain: true}).check(netip.MustParseAddr(addr)); err == nil {
			t.Errorf("%s passed for plain http", addr)
		}
	}
}

func TestAllowedNetworksPass(t *testing.T) {
	g := guard{allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}, plain: true}
	for addr, want := range map[string]bool{
		"10.1.9.9": true, "::ffff:10.1.9.9": true, "10.2.0.1": false, "127.0.0.1": false, "fd00::5": true, "fc00::5": false,
	} {
		if got := g.check(netip.MustParseAddr(addr)) == nil; got != want {
			t.Errorf("%s: passed %v, want %v", addr, got, want)
		}
	}
}

func TestAddressesThatCanBeJudgedEarlyAre(t *testing.T) {
	lan := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		url   string
		allow []netip.Prefix
		fault string
	}{
		{"https://hooks.example.vn/x?y=1", nil, ""},
		{"https://hooks.example.vn:8443/x", nil, ""},
		{"http://10.0.0.7:9000/", lan, ""},
		{"http://receiver:9000/", lan, ""}, // what the name is shows at connect
		{"", nil, "missing"},
		{"ftp://example.vn/", nil, "https"},
		{"https:///x", nil, "no host"},
		{"https://user:pass@example.vn/", nil, "credentials"},
		{"https://example.vn/#x", nil, "fragment"},
		{"http://example.vn/", nil, "plain http"},
		{"http://8.8.8.8/", lan, "plain http"},
		{"https://127.0.0.1/", nil, "not a public address"},
		{"https://[::1]/", nil, "not a public address"},
		{"https://[::ffff:169.254.169.254]/", nil, "not a public address"},
		{"https://192.168.0.1/", lan, "not a public address"},
		{"https://example.vn/" + strings.Repeat("x", maxURL), nil, "at most"},
		{"https://exa mple.vn/", nil, "no URL"},
	} {
		got := checkURL(c.url, c.allow)
		if (c.fault == "") != (got == "") || !strings.Contains(got, c.fault) {
			t.Errorf("%.60s: got %q, want something with %q", c.url, got, c.fault)
		}
	}
}
