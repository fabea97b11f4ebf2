// Package alerts says what readings mean: limits, rules, alerts, and the live state of every station.
//
// It is pure: no I/O, no clock, no logger, no goroutine. The Engine is a function of (rules, state, input) that returns
// events; every input carries its time, so a replay of the same inputs gives the same alerts.
package alerts
