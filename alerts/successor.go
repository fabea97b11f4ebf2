package alerts

import "fmt"

// TakeOver makes the state of another engine, which judged by other rules or limits, that of this one, which is new. A rule that is
// unchanged goes on where it was, its windows, waiting times and open alerts included; so does a silence. What nobody judges any more
// is kept until a Configured input resolves it. Every station is dirty then. Outages are not taken over: see Adopt. With an error this
// engine is not to be used; the other one is unharmed.
func (e *Engine) TakeOver(from *Engine) error {
	for _, id := range from.ids() {
		// The form of a snapshot without its writing: that would be most of the time in which nothing is judged.
		snapshot := from.stations[id].snapshot()
		if snapshot == nil {
			continue
		}
		if err := e.restore(id, snapshot); err != nil {
			return fmt.Errorf("take over from the engine before: %w", err)
		}
		s := e.stations[id]
		s.heard = from.stations[id].heard
		e.touch(s)
	}
	e.ticked, e.watched, e.stats = from.ticked, from.watched, from.stats
	return nil
}
