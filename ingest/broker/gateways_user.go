package broker

// HasUser reports whether an account has the user name, so that a door which lets in strangers under a name of their own keeps
// that name for its owner.
func (g *Gateways) HasUser(username string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, ok := g.byUser[username]
	return ok
}
