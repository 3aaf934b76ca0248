package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An errorReply is what Redis answers instead of a result.
type errorReply string

func (e errorReply) Error() string { return string(e) }

type connection struct {
	net.Conn
	in *bufio.Reader
}

// A client of one Redis. It sends a command once or not at all: it keeps no queue and repeats nothing.
type client struct {
	address   string
	handshake [][]string    // what a new connection has to be told before any command
	timeout   time.Duration // for a command with its answer, and for the connection if it needs a new one
	card      *expectedCard // nil where the shard is not asked for its card

	mu   sync.Mutex
	idle []*connection

	refused  error // why the last connection was given up: its card
	askAgain time.Time
}

// do sends the commands in one write and returns their answers: nil, string, int64, errorReply or []any.
// It returns an error if Redis cannot be reached, does not answer in time, or answers any of them with an error.
func (c *client) do(commands ...[]string) ([]any, error) {
	deadline := time.Now().Add(c.timeout)
	conn, err := c.take(deadline)
	if err != nil {
		return nil, err
	}
	replies, err := c.exchange(conn, commands, deadline)
	if err != nil {
		conn.Close() // its answers may still come, and must not be taken for those of another command
		return nil, fmt.Errorf("%s: %w", c.address, err)
	}
	c.mu.Lock()
	c.idle = append(c.idle, conn)
	c.mu.Unlock()
	for _, reply := range replies {
		if refused, is := reply.(errorReply); is {
			return nil, fmt.Errorf("%s: %w", c.address, refused)
		}
	}
	return replies, nil
}

func (c *client) take(deadline time.Time) (*connection, error) {
	if err := c.stillRefused(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	if last := len(c.idle) - 1; last >= 0 {
		conn := c.idle[last]
		c.idle = c.idle[:last]
		c.mu.Unlock()
		return conn, nil
	}
	c.mu.Unlock()
	conn, err := (&net.Dialer{Deadline: deadline}).Dial("tcp", c.address)
	if err != nil {
		return nil, err
	}
	opened := &connection{conn, bufio.NewReader(conn)}
	if err := opened.shakeHands(c.handshake, deadline); err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s: %w", c.address, err)
	}
	if c.card != nil {
		if _, err := c.exchange(opened, nil, deadline); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %w", c.address, err)
		}
	}
	return opened, nil
}

// shakeHands returns an error unless every step succeeds: a connection that failed one may be in another database.
func (c *connection) shakeHands(steps [][]string, deadline time.Time) error {
	for _, step := range steps {
		replies, err := c.exchange([][]string{step}, deadline)
		if err != nil {
			return err
		}
		if replies[0] != "OK" {
			return fmt.Errorf("%s: %v", step[0], replies[0])
		}
	}
	return nil
}

func (c *connection) exchange(commands [][]string, deadline time.Time) ([]any, error) {
	if err := c.SetDeadline(deadline); err != nil {
		return nil, err
	}
	var out strings.Builder
	for _, command := range commands {
		fmt.Fprintf(&out, "*%d\r\n", len(command))
		for _, word := range command {
			fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	if _, err := io.WriteString(c, out.String()); err != nil {
		return nil, err
	}
	return c.readList(len(commands))
}

func (c *connection) readList(length int) ([]any, error) {
	list := make([]any, length)
	for i := range list {
		reply, err := c.readReply()
		if err != nil {
			return nil, err
		}
		list[i] = reply
	}
	return list, nil
}

func (c *connection) readReply() (any, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 || !strings.HasSuffix(line, "\r\n") {
		return nil, fmt.Errorf("not a reply: %q", line)
	}
	kind, text := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		return text, nil
	case '-':
		return errorReply(text), nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("not a reply: %q", line)
	case kind == ':':
		return number, nil
	case number < 0:
		return nil, nil
	case kind == '*':
		return c.readList(int(number))
	case kind == '$':
		bulk := make([]byte, number+2)
		if _, err := io.ReadFull(c.in, bulk); err != nil {
			return nil, err
		}
		return string(bulk[:number]), nil
	}
	return nil, errors.New("an unknown kind of reply: " + line)
}
