package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"quantrac/ingest/broker"
	"quantrac/ingest/stream"
	"quantrac/web"
	"quantrac/web/audit"
)

func auditFor(l *audit.Log) web.Audit {
	return web.Audit{
		Add: func(ctx context.Context, e web.AuditEntry) error { return l.Add(ctx, audit.Entry(e)) },
		Find: func(ctx context.Context, q web.AuditQuery) ([]web.AuditEntry, uint64, error) {
			found, next, err := l.Find(ctx, audit.Query(q))
			items := make([]web.AuditEntry, len(found))
			for i, e := range found {
				items[i] = web.AuditEntry(e)
			}
			return items, next, err
		},
	}
}

// openAccess reads who may do what.
func openAccess(ctx context.Context, log *stream.Log, bootstrap string, logger *slog.Logger) (*web.Tokens, *web.Accounts, error) {
	stores := map[string]web.Store{}
	for _, name := range []string{"tokens", "users", "sessions", "invitations"} {
		b, err := log.Bucket(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		stores[name] = storeFor(b)
	}
	tokens, err := web.OpenTokens(ctx, stores["tokens"], bootstrap, time.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("read the tokens: %w", err)
	}
	accounts, err := web.OpenAccounts(ctx, web.AccountsConfig{
		Users: stores["users"], Sessions: stores["sessions"], Invitations: stores["invitations"],
		Hash: broker.HashPassword, Verify: broker.VerifyPassword, Now: time.Now, Logger: logger,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the accounts: %w", err)
	}
	return tokens, accounts, nil
}

// invite prints a one-time link: in the demo one that signs in, elsewhere one that makes the first administrator while there is none.
func (s *service) invite(ctx context.Context) error {
	if s.cfg.demo {
		token, err := s.accounts.SignInLink(ctx, "demo", "Demo")
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "sign in, once, as an administrator: %s\n", web.SetupLink(s.cfg.HTTP.PublicURL, token))
		return nil
	}
	if s.accounts.Administered() {
		return nil
	}
	token, err := s.accounts.SetupLink(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "make the first administrator, once, within a day: %s\n", web.SetupLink(s.cfg.HTTP.PublicURL, token))
	s.web.AuditSystem(ctx, "invitation.create", "setup")
	return nil
}
