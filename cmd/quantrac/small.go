package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"quantrac/ingest/broker"
)

// hashPassword reads a password from in, so that it is in no history of commands, and prints its hash.
func hashPassword(in io.Reader, out io.Writer) error {
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimRight(line, "\r\n")
	const shortest = 12
	if len(password) < shortest {
		return fmt.Errorf("a gateway's password has at least %d characters", shortest)
	}
	hash, err := broker.HashPassword(password)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, hash)
	return nil
}

// healthcheck succeeds when a service says that it can accept readings.
func healthcheck(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("quantrac healthcheck", flag.ContinueOnError)
	url := fs.String("url", "http://127.0.0.1:8080/readyz", "`URL` to ask")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, *url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", *url, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", *url, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return fmt.Errorf("not ready (HTTP %d): %s", resp.StatusCode, body)
	}
	return nil
}
