package alerts

// View is an alert as others are shown it: a trouble of the whole station has neither parameter nor unit, which is null. A unit of ""
// beside a parameter is one, that of pH.
type View struct {
	Alert
	Parameter *string `json:"parameter"`
	Unit      *string `json:"unit"`
}

// ViewOf shares a with the view.
func ViewOf(a *Alert) View {
	v := View{Alert: *a}
	if a.Parameter != "" {
		v.Parameter, v.Unit = &a.Parameter, &a.Unit
	}
	return v
}
