// Package alerts says what readings mean: limits, rules, alerts, and the live state of every station.
//
// It is pure: no I/O, no clock, no logger, no goroutine. The Engine is a function of (rules, state, input) that returns
// events; every input carries its time, so a replay of the same inputs gives the same alerts.
//
// How a reading becomes an alert:
//
//   - Limits finds the law in force for (station, parameter, measured_at); Limit.Ratio says how near the value is to it.
//   - Rules are checked as a whole by CheckRules; a rule that this version cannot judge is refused, never passed over.
//   - For every rule and series the Engine keeps one ruleState: how many levels are in force, and since when the value has
//     been beyond, or back from, each of them. Event time decides, so the hour of arrival changes nothing but the mark "late".
//   - A change in the number of levels in force is an Event: opened, updated, resolved.
//
// Live is the other fold over the same readings: newest values and the state that colours a station. It never opens an
// alert, and the Engine never asks it.
package alerts
