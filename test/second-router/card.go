package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	cardKey = "dedup-shards:card"
	// askAgainAfter is how long a shard without its card is left alone.
	askAgainAfter = 500 * time.Millisecond
)

// An expectedCard is what a shard must show before anything else is sent to it.
type expectedCard struct {
	shard     string
	namespace string // of the backend; empty where it is not known
}

var errNoCard = errors.New("it has no card: it has lost its data, or was never handed over")

// check takes the reply to GET for the card. Other fields and other versions of a card make no difference.
func (e *expectedCard) check(reply any) error {
	text, is := reply.(string)
	if !is {
		return errNoCard
	}
	var card struct {
		Shard   *string         `json:"shard"`
		Backend json.RawMessage `json:"backend"`
	}
	if err := json.Unmarshal([]byte(text), &card); err != nil || card.Shard == nil {
		return errNoCard
	}
	if *card.Shard != e.shard {
		return fmt.Errorf("this is %s, and not %s", *card.Shard, e.shard)
	}
	var backend struct {
		Namespace string `json:"namespace"`
	}
	_ = json.Unmarshal(card.Backend, &backend) // of another shape: then the shard's name alone counts
	if e.namespace != "" && backend.Namespace != "" && backend.Namespace != e.namespace {
		return fmt.Errorf("this %s belongs to the namespace %s, and not to %s", e.shard, backend.Namespace, e.namespace)
	}
	return nil
}

// exchange sends the commands, and behind them the question for the card, which speaks for their answers. On a new
// connection it is asked alone first, so that no command reaches a server that is not the shard.
func (c *client) exchange(conn *connection, commands [][]string, deadline time.Time) ([]any, error) {
	if c.card == nil {
		return conn.exchange(commands, deadline)
	}
	replies, err := conn.exchange(append(commands, []string{"GET", cardKey}), deadline)
	if err != nil {
		return nil, err
	}
	last := len(replies) - 1
	if err := c.card.check(replies[last]); err != nil {
		c.refuse(err)
		return nil, err
	}
	return replies[:last], nil
}

// refuse leaves the shard alone for a while. Its other connections go as well: they may lead to the same server.
func (c *client) refuse(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused, c.askAgain = err, time.Now().Add(askAgainAfter)
	for _, conn := range c.idle {
		conn.Close()
	}
	c.idle = nil
}

// stillRefused returns why nothing is sent to the shard for now, or nil.
func (c *client) stillRefused() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.askAgain) {
		return fmt.Errorf("%s: %w", c.address, c.refused)
	}
	return nil
}
