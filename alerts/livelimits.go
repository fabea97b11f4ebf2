package alerts

// UseLimits judges by other limits from now on, beginning with the newest values. It returns the stations whose state changed, in the
// order of the registry.
func (l *Live) UseLimits(limits *Limits) (changed []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg.Limits = limits
	all := l.cfg.Registry.Stations()
	for i := range all {
		s := l.byID[all[i].ID]
		for _, se := range s.series {
			se.limits = limits.spans(s.st, se.reading.Parameter)
			se.judge()
		}
		if s.judge(l.now) {
			changed = append(changed, s.st.ID)
		}
	}
	return changed
}
