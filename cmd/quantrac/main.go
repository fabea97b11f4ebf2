// Command quantrac receives the readings of discharge monitoring stations, keeps them, judges them and shows them.
//
// Everything is wired here and nowhere else: run.go is the life of the service, open.go its parts; the other files are one subcommand or
// one seam each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// version and commit are set by the build (-ldflags -X).
var version, commit = "dev", ""

const usage = `quantrac receives, keeps, judges and shows the readings of discharge monitoring stations.

usage: quantrac COMMAND [flags]

  serve           the service; without a configuration it runs on embedded defaults
  demo            the service with the built-in Đồng Nai registry and simulated gateways
  simulate        virtual gateways that publish to any MQTT broker
  check [FILE..]  validate configuration, registry, rules, limits and webhooks
  backtest        what a draft of a rule would have said of stored history, in a running service
  detect          play labelled faults through the rules and say what they find
  bench ingest    measure how fast gateways are served, alone or against Telegraf
  gateway         list, make, change and revoke the gateways of a running service
  user            who signs in; "user recover" when nobody can
  token           API tokens, in a running service
  alias           the names that vendors use, in a running service
  quarantine      what a running service could not use, and reading it again
  hash-password   make the password_hash of a gateway from a password on standard input
  healthcheck     ask a running service whether it is ready
  version         version, commit, Go version

quantrac COMMAND --help lists the flags of a command.
`

func main() {
	os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
}

// command runs a subcommand and returns the exit status: 0 done, 1 a stated failure, 2 wrong usage.
func command(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch name, rest := args[0], args[1:]; name {
	case "serve":
		err = serve(ctx, name, rest, false, stdout)
	case "demo":
		err = serve(ctx, name, rest, true, stdout)
	case "simulate":
		err = simulate(ctx, rest, stdout)
	case "check":
		err = check(rest, stdout)
	case "backtest":
		err = backtestCommand(ctx, rest, stdout)
	case "detect":
		err = detect(ctx, rest, stdout)
	case "bench":
		err = runBench(ctx, rest, stdout)
	case "gateway":
		err = gateway(ctx, rest, stdout)
	case "user":
		err = user(ctx, rest, stdout)
	case "token":
		err = token(ctx, rest, stdout)
	case "alias":
		err = alias(ctx, rest, stdout)
	case "quarantine":
		err = quarantineCommand(ctx, rest, stdout)
	case "hash-password":
		err = hashPassword(os.Stdin, stdout)
	case "healthcheck":
		err = healthcheck(ctx, rest)
	case "version", "--version":
		printVersion(stdout)
	case "help", "-h", "--help":
		fmt.Fprint(stdout, usage)
	default:
		fmt.Fprintf(stderr, "quantrac has no command %q\n\n%s", name, usage)
		return 2
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	var invalid *invalidError
	if errors.As(err, &invalid) {
		fmt.Fprintln(stderr, invalid.Error())
	} else {
		fmt.Fprintln(stderr, "quantrac:", err)
	}
	return 1
}

func printVersion(w io.Writer) {
	c := commit
	if info, ok := debug.ReadBuildInfo(); ok && c == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				c = s.Value
			}
		}
	}
	if c == "" {
		c = "unknown"
	}
	fmt.Fprintf(w, "quantrac %s commit %s %s\n", version, c, runtime.Version())
}
