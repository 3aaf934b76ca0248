// The backend's part of docs/backend-contract.md, written from that page alone, without a look at the backend of the
// lab: what the two disagree on, the page does not say well enough.
//
// It reads requests from stdin, one JSON object a line, answers them at once and side by side, and writes the answers
// to stdout, one a line, each with the id of its request and as soon as it is known.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

const commandTimeout = time.Second

type request struct {
	ID     int             `json:"id"`
	Op     string          `json:"op"` // "pick" or "claim"
	Vnodes int             `json:"vnodes"`
	Shards json.RawMessage `json:"shards"` // pick: the names of the ring; claim: the address of every shard by its name

	Key string `json:"key"` // pick: the id

	Primary       []string `json:"primary"`
	Secondary     []string `json:"secondary"` // null while dual-write is off
	KeyPrefix     string   `json:"keyPrefix"`
	PcsID         string   `json:"pcsId"`
	Own           string   `json:"own"`
	ExpiresAtMs   int64    `json:"expiresAtMs"`
	ClaimWindowMs int64    `json:"claimWindowMs"`
}

type response struct {
	ID     int     `json:"id"`
	Shard  string  `json:"shard,omitempty"`
	Answer string  `json:"answer,omitempty"`
	Stored *string `json:"stored,omitempty"`
	Reason string  `json:"reason,omitempty"`
	Error  string  `json:"error,omitempty"` // the request makes no sense
}

func main() {
	var running sync.WaitGroup
	var writing sync.Mutex
	out := json.NewEncoder(os.Stdout)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		line := append([]byte(nil), in.Bytes()...)
		running.Add(1)
		go func() {
			defer running.Done()
			answer := serve(line)
			writing.Lock()
			defer writing.Unlock()
			exitOn(out.Encode(answer))
		}()
	}
	exitOn(in.Err())
	running.Wait()
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(line []byte) response {
	var asked request
	answer, err := response{}, json.Unmarshal(line, &asked)
	if err == nil {
		switch asked.Op {
		case "pick":
			answer, err = pick(asked)
		case "claim":
			answer, err = makeClaim(asked)
		default:
			err = fmt.Errorf("no such op: %q", asked.Op)
		}
	}
	if err != nil {
		answer = response{Error: err.Error()}
	}
	answer.ID = asked.ID
	return answer
}

func pick(asked request) (response, error) {
	var names []string
	if err := json.Unmarshal(asked.Shards, &names); err != nil {
		return response{}, err
	}
	r, err := newRing(names, asked.Vnodes)
	if err != nil {
		return response{}, err
	}
	return response{Shard: r.owner(asked.Key)}, nil
}

func makeClaim(asked request) (response, error) {
	names, err := ownersOf(asked)
	if err != nil {
		return response{}, err
	}
	var addresses map[string]string
	if err := json.Unmarshal(asked.Shards, &addresses); err != nil {
		return response{}, err
	}
	c := claim{
		key:         asked.KeyPrefix + asked.PcsID,
		own:         asked.Own,
		expiresAtMs: asked.ExpiresAtMs,
		window:      time.Duration(asked.ClaimWindowMs) * time.Millisecond,
		primary:     clientOf(addresses[names[0]]),
	}
	for _, name := range names {
		c.owners = append(c.owners, clientOf(addresses[name]))
	}
	if len(names) == 2 && names[1] < names[0] {
		c.owners[0], c.owners[1] = c.owners[1], c.owners[0]
	}
	result, stored, err := c.run()
	if err != nil {
		return response{Answer: "retry", Reason: err.Error()}, nil
	}
	return response{Answer: result, Stored: &stored}, nil
}

// ownersOf returns the names of the id's owners: the primary, and then the other one, if there is one.
func ownersOf(asked request) ([]string, error) {
	rings := [][]string{asked.Primary}
	if asked.Secondary != nil {
		rings = append(rings, asked.Secondary)
	}
	var names []string
	for _, shards := range rings {
		r, err := newRing(shards, asked.Vnodes)
		if err != nil {
			return nil, err
		}
		if name := r.owner(asked.PcsID); len(names) == 0 || name != names[0] {
			names = append(names, name)
		}
	}
	return names, nil
}

var (
	clientsLock sync.Mutex
	clients     = map[string]*client{}
)

func clientOf(address string) *client {
	clientsLock.Lock()
	defer clientsLock.Unlock()
	if clients[address] == nil {
		hostAndPort, database, given := strings.Cut(address, "/")
		clients[address] = &client{address: hostAndPort, timeout: commandTimeout}
		if given {
			clients[address].handshake = [][]string{{"SELECT", database}}
		}
	}
	return clients[address]
}
