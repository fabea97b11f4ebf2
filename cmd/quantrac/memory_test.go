package main

import "testing"

func TestMemTotal(t *testing.T) {
	for text, want := range map[string]int64{
		"MemTotal:       24689764 kB\nMemFree: 1 kB\n": 24689764 << 10,
		"MemFree: 1 kB\nMemTotal: 7 kB":                7 << 10,
		"MemTotal: many\n":                             0,
		"":                                             0,
	} {
		if got := memTotal([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
