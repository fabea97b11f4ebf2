package web

import "net/http"

// audit notes who changed what. Passwords, secrets and bodies never come here.
func (s *Server) audit(r *http.Request, action, id string) {
	c := callerOf(r)
	s.cfg.Logger.Info("changed by the API", "action", action, "id", id, "by", c.name, "token", c.token, "from", r.RemoteAddr)
}
