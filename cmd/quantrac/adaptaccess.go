package main

import (
	"context"

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
