// The backend's part of docs/reference/backend-contract.md, written from that page alone, without a look at the backend
// of the lab: what the two disagree on, the page does not say well enough.
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
	Op     string          `json:"op"` // "pick", "claim", "read" or "checksum"
	Vnodes int             `json:"vnodes"`
	Shards json.RawMessage `json:"shards"` // pick: the names of the ring; else: the address of every shard by its name

	Key string `json:"key"` // pick: the id

	Ring map[string]string `json:"ring"` // checksum: the keys of the ring ConfigMap

	Primary       []string `json:"primary"`
	Secondary     []string `json:"secondary"` // null while dual-write is off
	KeyPrefix     string   `json:"keyPrefix"`
	PcsID         string   `json:"pcsId"`
	Own           string   `json:"own"`
	ExpiresAtMs   int64    `json:"expiresAtMs"`
	ClaimWindowMs int64    `json:"claimWindowMs"`

	AskCard   bool   `json:"askCard"`   // as DEDUP_ASK_CARD
	Namespace string `json:"namespace"` // of the backend
}

type response struct {
	ID     int     `json:"id"`
	Shard  string  `json:"shard,omitempty"`
	Answer string  `json:"answer,omitempty"`
	Sum    string  `json:"checksum,omitempty"`
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
		case "read":
			answer, err = makeRead(asked)
		case "checksum":
			answer.Sum, err = checksum(asked.Ring)
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
	names, owners, err := ownersOf(asked)
	if err != nil {
		return response{}, err
	}
	c := claim{
		key:         asked.KeyPrefix + asked.PcsID,
		own:         asked.Own,
		expiresAtMs: asked.ExpiresAtMs,
		window:      time.Duration(asked.ClaimWindowMs) * time.Millisecond,
		primary:     owners[0],
		owners:      owners,
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

// ownersOf returns the id's owners, by name and by client: the primary, and then the other one, if there is one.
func ownersOf(asked request) ([]string, []*client, error) {
	var addresses map[string]string
	if err := json.Unmarshal(asked.Shards, &addresses); err != nil {
		return nil, nil, err
	}
	rings := [][]string{asked.Primary}
	if asked.Secondary != nil {
		rings = append(rings, asked.Secondary)
	}
	var names []string
	var owners []*client
	for _, shards := range rings {
		r, err := newRing(shards, asked.Vnodes)
		if err != nil {
			return nil, nil, err
		}
		if name := r.owner(asked.PcsID); len(names) == 0 || name != names[0] {
			names = append(names, name)
			owners = append(owners, clientOf(asked, addresses[name], name))
		}
	}
	return names, owners, nil
}

// makeRead asks the primary, and nobody else.
func makeRead(asked request) (response, error) {
	_, owners, err := ownersOf(asked)
	if err != nil {
		return response{}, err
	}
	stored, err := get(owners[0], asked.KeyPrefix+asked.PcsID)
	if err != nil {
		return response{Answer: "retry", Reason: err.Error()}, nil
	}
	return response{Answer: "stored", Stored: stored}, nil
}

var (
	clientsLock sync.Mutex
	clients     = map[string]*client{}
)

// clientOf returns the client that all requests with the same settings share.
func clientOf(asked request, address, name string) *client {
	hostAndPort, database, given := strings.Cut(address, "/")
	fresh := &client{address: hostAndPort, timeout: commandTimeout}
	if given {
		fresh.handshake = [][]string{{"SELECT", database}}
	}
	key := address
	if asked.AskCard {
		fresh.card = &expectedCard{name, asked.Namespace}
		key = fmt.Sprintf("%s %s %s", address, name, asked.Namespace)
	}
	clientsLock.Lock()
	defer clientsLock.Unlock()
	if clients[key] == nil {
		clients[key] = fresh
	}
	return clients[key]
}
