package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// run executes the command and returns its stdout and stderr, one trailing newline removed. Its lines appear under
// the resource while it runs; its environment appears nowhere.
func (p *provider) run(ctx context.Context, urn, command string, inputs *structpb.Struct, lastStdout,
	lastStderr string) (string, string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.alive, cancel)()

	interpreter := texts(inputs, "interpreter")
	if len(interpreter) == 0 {
		interpreter = []string{"/bin/sh", "-c"}
	}
	cmd := exec.CommandContext(ctx, interpreter[0], append(interpreter[1:], command)...)
	cmd.Dir = text(inputs, "dir")
	cmd.Env = environment(inputs, lastStdout, lastStderr)
	if stdin := text(inputs, "stdin"); stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}

	var stdout, stderr bytes.Buffer
	both := &lockedWriter{writer: &bytes.Buffer{}}
	lines, logged := p.logLines(ctx, urn)
	cmd.Stdout = io.MultiWriter(&stdout, both, onlyIf(logs(inputs, "stdout"), lines))
	cmd.Stderr = io.MultiWriter(&stderr, both, onlyIf(logs(inputs, "stderr"), lines))
	err := cmd.Run()
	lines.Close()
	<-logged
	if err != nil {
		return "", "", fmt.Errorf("%w: running %q:\n%s", err, command, both.writer.String())
	}
	return strings.TrimSuffix(stdout.String(), "\n"), strings.TrimSuffix(stderr.String(), "\n"), nil
}

func environment(inputs *structpb.Struct, lastStdout, lastStderr string) []string {
	env := os.Environ()
	for name, value := range field(inputs, "environment").GetStructValue().GetFields() {
		env = append(env, name+"="+plain(value).GetStringValue())
	}
	if previous := field(inputs, "addPreviousOutputInEnv"); previous == nil || previous.GetBoolValue() {
		if lastStdout != "" {
			env = append(env, "PULUMI_COMMAND_STDOUT="+lastStdout)
		}
		if lastStderr != "" {
			env = append(env, "PULUMI_COMMAND_STDERR="+lastStderr)
		}
	}
	return env
}

func logs(inputs *structpb.Struct, stream string) bool {
	logging := text(inputs, "logging")
	return logging == "" || logging == "stdoutAndStderr" || logging == stream
}

func onlyIf(wanted bool, w io.Writer) io.Writer {
	if wanted {
		return w
	}
	return io.Discard
}

// logLines returns a writer whose lines go to the engine, and a channel that closes after the last one.
func (p *provider) logLines(ctx context.Context, urn string) (io.WriteCloser, <-chan struct{}) {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		// A line too long for the scanner must not block the command that writes it.
		defer func() { _, _ = io.Copy(io.Discard, reader) }()
		scanner := bufio.NewScanner(reader)
		for scanner.Scan() {
			if p.engine != nil {
				_, _ = p.engine.Log(ctx, &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_INFO,
					Message: scanner.Text(), Urn: urn, Ephemeral: true})
			}
		}
	}()
	return writer, done
}

// lockedWriter lets stdout and stderr share one buffer.
type lockedWriter struct {
	mu     sync.Mutex
	writer *bytes.Buffer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writer.Write(b)
}
