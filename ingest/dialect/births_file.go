package dialect

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A birth is kept under birthPrefix and a hash of who declared it, as protobuf.
const (
	birthPrefix = "sparkplug."

	birthGateway    = 1
	birthGroup      = 2
	birthNode       = 3
	birthDevice     = 4
	birthGeneration = 5
	birthMetric     = 6
	birthBdSeq      = 7

	birthMetricName     = 1
	birthMetricAlias    = 2
	birthMetricDatatype = 3
	birthMetricUnit     = 4
)

// birthKey holds only what every key-value store takes: letters, digits and a point.
func birthKey(name edgeName, device string) string {
	h := sha256.Sum256([]byte(strings.Join([]string{name.gateway, name.group, name.node, device}, "\x00")))
	return birthPrefix + hex.EncodeToString(h[:16])
}

// appendBirth writes the declaration of a device, nothing when there is none; the edge node is locked.
func appendBirth(b []byte, e *edge, device string) []byte {
	d := e.declared[device]
	if d == nil {
		return b
	}
	b = appendText(b, birthGateway, e.name.gateway)
	b = appendText(b, birthGroup, e.name.group)
	b = appendText(b, birthNode, e.name.node)
	b = appendText(b, birthDevice, device)
	b = appendVarint(b, birthGeneration, uint64(d.generation))
	if device == "" && e.hasBdSeq {
		b = appendVarint(b, birthBdSeq, e.bdSeq)
	}
	for _, m := range d.metrics {
		one := appendText(nil, birthMetricName, m.name)
		if m.hasAlias {
			one = appendVarint(one, birthMetricAlias, m.alias)
		}
		one = appendVarint(one, birthMetricDatatype, m.datatype)
		one = appendText(one, birthMetricUnit, m.unit)
		b = protowire.AppendTag(b, birthMetric, protowire.BytesType)
		b = protowire.AppendBytes(b, one)
	}
	return b
}

func appendText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

// birth is a declaration as it was kept.
type birth struct {
	name     edgeName
	device   string
	bdSeq    uint64
	hasBdSeq bool
	declared *declaration
}

func readBirth(b []byte) (birth, error) {
	out := birth{declared: newDeclaration(unbornGeneration)}
	err := protoFields(b, func(f *protoField) error {
		switch f.num {
		case birthGateway:
			out.name.gateway = toText(f.bytes)
		case birthGroup:
			out.name.group = toText(f.bytes)
		case birthNode:
			out.name.node = toText(f.bytes)
		case birthDevice:
			out.device = toText(f.bytes)
		case birthGeneration:
			out.declared.generation = int64(f.number)
		case birthBdSeq:
			out.bdSeq, out.hasBdSeq = f.number, true
		case birthMetric:
			m, err := readDeclaredMetric(f.bytes)
			out.declared.add(m)
			return err
		}
		return nil
	})
	if err == nil && out.name.node == "" {
		err = errors.New("it names no edge node")
	}
	return out, err
}

func readDeclaredMetric(b []byte) (declaredMetric, error) {
	var m declaredMetric
	err := protoFields(b, func(f *protoField) error {
		switch f.num {
		case birthMetricName:
			m.name = toText(f.bytes)
		case birthMetricAlias:
			m.alias, m.hasAlias = f.number, true
		case birthMetricDatatype:
			m.datatype = f.number
		case birthMetricUnit:
			m.unit = toText(f.bytes)
		}
		return nil
	})
	return m, err
}

// restore takes over a birth that was kept; ok is false when there is no room for it. Values under other keys are not ours.
func (b *births) restore(key string, data []byte) (ok bool, err error) {
	if !strings.HasPrefix(key, birthPrefix) || len(data) == 0 {
		return true, nil
	}
	kept, err := readBirth(data)
	if err != nil {
		return false, fmt.Errorf("read the birth kept under %s: %w", key, err)
	}
	e := b.edge(kept.name, time.Time{})
	if e == nil {
		return false, nil
	}
	defer e.mu.Unlock()
	// Whether births were missed while nobody listened cannot be known: the first message asks for them anew.
	e.doubtful = true
	if ok = b.declare(e, kept.device, kept.declared); ok && kept.device == "" {
		e.generation, e.bdSeq, e.hasBdSeq = kept.declared.generation, kept.bdSeq, kept.hasBdSeq
	}
	clear(e.unsaved)
	return ok, nil
}
