package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/influxdata/influxdb/coordinator"
	"github.com/influxdata/influxdb/models"
	"github.com/influxdata/influxdb/query"
	"github.com/influxdata/influxdb/services/meta"
	"github.com/influxdata/influxdb/tsdb"
	_ "github.com/influxdata/influxdb/tsdb/engine" // registers the tsm1 engine
	_ "github.com/influxdata/influxdb/tsdb/index"  // registers the indexes
	"github.com/influxdata/influxql"
	"go.uber.org/zap"
)

// Embedded is the engine of InfluxDB 1.8 in this process.
type Embedded struct {
	meta   *meta.Client
	store  *tsdb.Store
	points *coordinator.PointsWriter
	exec   *query.Executor
}

const (
	retentionPolicy = "autogen"
	// cacheMax bounds what the engine keeps in memory before it is compacted to disk.
	cacheMax = 512 << 20
)

// OpenEmbedded opens or makes the engine's files under dir.
func OpenEmbedded(dir string) (*Embedded, error) {
	mc := meta.NewConfig()
	mc.Dir, mc.LoggingEnabled = filepath.Join(dir, "meta"), false
	const private = 0o700
	if err := os.MkdirAll(mc.Dir, private); err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	e := &Embedded{meta: meta.NewClient(mc)}
	if err := e.meta.Open(); err != nil {
		return nil, fmt.Errorf("open history in %s: %w", dir, err)
	}
	if _, err := e.meta.CreateDatabase(Database); err != nil {
		return nil, errors.Join(fmt.Errorf("create database %s: %w", Database, err), e.meta.Close())
	}
	dc := tsdb.NewConfig()
	dc.Dir, dc.WALDir = filepath.Join(dir, "data"), filepath.Join(dir, "wal")
	dc.WALFsyncDelay, dc.QueryLogEnabled, dc.CacheMaxMemorySize = 0, false, cacheMax
	// One series a station: the index fits into memory many times over, and is rebuilt from the data at start.
	dc.Index = tsdb.InmemIndexName
	dc.MaxSeriesPerDatabase, dc.MaxValuesPerTag = 0, 0
	e.store = tsdb.NewStore(dc.Dir)
	e.store.EngineOptions.Config = dc
	e.store.EngineOptions.EngineVersion, e.store.EngineOptions.IndexVersion = dc.Engine, dc.Index
	e.store.WithLogger(zap.NewNop())
	if err := e.store.Open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open history in %s: %w", dir, err), e.meta.Close())
	}
	e.points = coordinator.NewPointsWriter()
	e.points.MetaClient, e.points.TSDBStore = e.meta, e.store
	e.points.WithLogger(zap.NewNop())
	if err := e.points.Open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open history in %s: %w", dir, err), e.store.Close(), e.meta.Close())
	}
	e.exec = query.NewExecutor()
	e.exec.WithLogger(zap.NewNop())
	e.exec.StatementExecutor = &coordinator.StatementExecutor{
		MetaClient: e.meta, TaskManager: e.exec.TaskManager, TSDBStore: e.store, PointsWriter: e.points,
		ShardMapper: &coordinator.LocalShardMapper{MetaClient: e.meta, TSDBStore: coordinator.LocalTSDBStore{Store: e.store}},
	}
	return e, nil
}

// Write stores lines; nil means that the write-ahead log is synced.
func (e *Embedded) Write(ctx context.Context, lines []byte) error {
	points, err := models.ParsePointsWithPrecision(lines, time.Now(), "n")
	if err != nil {
		return &permanentError{fmt.Errorf("parse line protocol: %w", err)}
	}
	err = e.points.WritePointsPrivilegedWithContext(ctx, Database, retentionPolicy, models.ConsistencyLevelAny, points)
	if err == nil {
		return nil
	}
	var partial tsdb.PartialWriteError
	if errors.As(err, &partial) || strings.HasPrefix(err.Error(), "partial write") {
		return &permanentError{fmt.Errorf("write to history: %w", err)}
	}
	return fmt.Errorf("write to history: %w", err)
}

// Query runs one statement.
func (e *Embedded) Query(ctx context.Context, text string) (Result, error) {
	if err := onlySelect(text); err != nil {
		return Result{}, err
	}
	q, err := influxql.ParseQuery(text)
	if err != nil {
		return Result{}, fmt.Errorf("parse query: %w", err)
	}
	closing := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { close(closing) })
	defer stop()
	opt := query.ExecutionOptions{Database: Database, ReadOnly: true, Authorizer: query.OpenAuthorizer}
	var out Result
	for r := range e.exec.ExecuteQuery(q, opt, closing) {
		if r.Err != nil {
			err = errors.Join(err, r.Err)
		}
		for _, s := range r.Series {
			out.Columns = s.Columns
			out.Rows = append(out.Rows, s.Values...)
		}
	}
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	if err != nil {
		return Result{}, fmt.Errorf("query history: %w", err)
	}
	return out, nil
}

// Ping always succeeds: the engine is part of this process.
func (e *Embedded) Ping(context.Context) error { return nil }

// Close ends the engine. Everything written is on disk already.
func (e *Embedded) Close() error {
	return errors.Join(e.exec.Close(), e.points.Close(), e.store.Close(), e.meta.Close())
}
