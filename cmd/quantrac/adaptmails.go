package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"quantrac/alerts/mail"
	"quantrac/web"
)

// errNoMailServer says why e-mails cannot be managed.
var errNoMailServer = fmt.Errorf("%w: there is no mail server; set smtp in the configuration and start again", web.ErrConflict)

// mailError translates the sender's errors into those that package web answers.
func mailError(err error) error {
	var invalid *mail.Invalid
	switch {
	case errors.As(err, &invalid):
		return &web.Invalid{Problems: invalid.Problems}
	case errors.Is(err, mail.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, mail.ErrConfigured), errors.Is(err, mail.ErrDisabled), errors.Is(err, mail.ErrTooMany):
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

// mailsFor hands the recipients of e-mails to the API; s is nil without a mail server.
func mailsFor(s *mail.Sender) web.Mails {
	if s == nil {
		return noMails()
	}
	return web.Mails{
		List: func() any { return s.List() },
		Get: func(id string) (any, error) {
			r, err := s.Get(id)
			return r, mailError(err)
		},
		Create: func(ctx context.Context, body json.RawMessage) (any, error) {
			spec, err := mail.Decode(body)
			if err != nil {
				return nil, mailError(err)
			}
			r, err := s.Create(ctx, spec)
			return r, mailError(err)
		},
		Update: func(ctx context.Context, id string, body json.RawMessage) (any, error) {
			spec, err := mail.Decode(body)
			if err != nil {
				return nil, mailError(err)
			}
			r, err := s.Update(ctx, id, spec)
			return r, mailError(err)
		},
		Delete: func(ctx context.Context, id string) error { return mailError(s.Delete(ctx, id)) },
		Test: func(ctx context.Context, id string) (any, error) {
			a, err := s.Test(ctx, id)
			return a, mailError(err)
		},
		Preview: func(ctx context.Context, id string) (any, error) {
			p, err := s.Preview(ctx, id)
			return p, mailError(err)
		},
		Deliveries: func(ctx context.Context, id, state, cursor string, limit int) (any, string, error) {
			items, next, err := s.Find(ctx, id, mail.Query{State: state, Cursor: cursor, Limit: limit})
			return items, next, mailError(err)
		},
		Redeliver: func(ctx context.Context, id string) (any, error) {
			a, err := s.Redeliver(ctx, id)
			return a, mailError(err)
		},
	}
}

// noMails is the API without a mail server: there is nobody, and nobody can be added.
func noMails() web.Mails {
	return web.Mails{
		List:    func() any { return []mail.Recipient{} },
		Get:     func(string) (any, error) { return nil, web.ErrNotFound },
		Create:  func(context.Context, json.RawMessage) (any, error) { return nil, errNoMailServer },
		Update:  func(context.Context, string, json.RawMessage) (any, error) { return nil, web.ErrNotFound },
		Delete:  func(context.Context, string) error { return web.ErrNotFound },
		Test:    func(context.Context, string) (any, error) { return nil, web.ErrNotFound },
		Preview: func(context.Context, string) (any, error) { return nil, web.ErrNotFound },
		Deliveries: func(context.Context, string, string, string, int) (any, string, error) {
			return nil, "", web.ErrNotFound
		},
		Redeliver: func(context.Context, string) (any, error) { return nil, web.ErrNotFound },
	}
}
