package main

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

const (
	first     = "first"
	duplicate = "duplicate"

	noExpiry = -1 // as PEXPIRETIME answers
)

// A claim is section 4 of the contract. Its answers are FIRST and DUPLICATE; every error is a RETRY.
type claim struct {
	key         string
	own         string
	expiresAtMs int64
	window      time.Duration
	primary     *client
	owners      []*client // the primary, and the other one if there is one, in ascending order of shard name
	begun       time.Time
	deadlines   map[*client]deadline // of later writes, where there are two owners
}

// A deadline of one owner, in ms since 1970 by its own clock; err says why there is none.
type deadline struct {
	ms  int64
	err error
}

var errLate = errors.New("the first write was too long ago")

// late tells whether the window is over in which the claim may write again.
func (c *claim) late() bool {
	return time.Since(c.begun) > c.window
}

// askTimes asks both owners for their time, before the first write. Without the first one's there is no claim; without
// the second one's there is no write to it, but the first one may know that the claim is a duplicate.
func (c *claim) askTimes() error {
	if len(c.owners) < 2 {
		return nil
	}
	c.deadlines = make(map[*client]deadline)
	var asking sync.WaitGroup
	var noting sync.Mutex
	for _, owner := range c.owners {
		asking.Add(1)
		go func() {
			defer asking.Done()
			ms, err := timeOf(owner)
			noting.Lock()
			defer noting.Unlock()
			c.deadlines[owner] = deadline{ms + c.window.Milliseconds(), err}
		}()
	}
	asking.Wait()
	return c.deadlines[c.owners[0]].err
}

const laterWrite = `
local now = redis.call('TIME')
if not (now[1] * 1000 + now[2] / 1000 <= tonumber(ARGV[1])) then
  return redis.error_reply('LATE the claim window is over')
end
if ARGV[3] == '' then return redis.call('SET', KEYS[1], ARGV[2], 'NX', 'GET') end
return redis.call('SET', KEYS[1], ARGV[2], 'NX', 'GET', 'PXAT', ARGV[3])`

// writeLater is setIfAbsent for every write of a claim but its first: the shard refuses it behind the deadline.
func (c *claim) writeLater(shard *client, key, value string, expiry int64) (*string, error) {
	if c.late() {
		return nil, errLate
	}
	until := c.deadlines[shard]
	if until.err != nil {
		return nil, until.err
	}
	at := ""
	if expiry != noExpiry {
		at = strconv.FormatInt(expiry, 10)
	}
	return one(shard.do([]string{"EVAL", laterWrite, "1", key, strconv.FormatInt(until.ms, 10), value, at}))
}

// run returns the answer and the value that is stored.
func (c *claim) run() (string, string, error) {
	expiry := c.expiresAtMs
	if c.aboutToExpire(expiry) {
		return "", "", errors.New("the claim would expire within its window")
	}
	if err := c.askTimes(); err != nil {
		return "", "", err
	}
	c.begun = time.Now()
	for i, owner := range c.owners {
		write := setIfAbsent
		if i > 0 {
			write = c.writeLater
		}
		found, err := write(owner, c.key, c.own, expiry)
		if err != nil {
			return "", "", err
		}
		if found == nil {
			continue
		}
		if *found != c.own {
			answer, stored, err := c.lost(owner)
			if err == nil && i > 0 {
				c.giveWay(c.owners[0])
			}
			return answer, stored, err
		}
		if expiry, err = c.ownExpiry(owner); err != nil {
			return "", "", err
		}
	}
	return first, c.own, nil
}

// ownExpiry returns when the own value that was found expires.
func (c *claim) ownExpiry(owner *client) (int64, error) {
	value, expiry, err := read(owner, c.key)
	if err != nil {
		return 0, err
	}
	if value == nil || *value != c.own {
		return 0, errors.New("the own claim expired meanwhile")
	}
	if c.aboutToExpire(expiry) {
		return 0, errors.New("the own claim is about to expire")
	}
	return expiry, nil
}

func (c *claim) aboutToExpire(expiry int64) bool {
	return expiry != noExpiry && time.Until(time.UnixMilli(expiry)) < c.window
}

const replace = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '-1' then redis.call('SET', KEYS[1], ARGV[2]) return 1 end
local now = redis.call('TIME')
if tonumber(ARGV[3]) <= now[1] * 1000 + now[2] / 1000 then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1`

// giveWay puts the primary's claim in the place of the own half. Where that fails, the next verify does it.
func (c *claim) giveWay(half *client) {
	value, expiry, err := read(c.primary, c.key)
	if err == nil && value != nil {
		_, _ = half.do([]string{"EVAL", replace, "1", c.key, c.own, *value, strconv.FormatInt(expiry, 10)})
	}
}

// lost finds out who was first, when owner holds another claim.
func (c *claim) lost(owner *client) (string, string, error) {
	stored, err := get(c.primary, c.key)
	if err != nil {
		return "", "", err
	}
	if stored == nil && owner != c.primary {
		if stored, err = c.complete(owner); err != nil {
			return "", "", err
		}
	}
	if stored == nil {
		return "", "", errors.New("the claim that was found expired meanwhile")
	}
	if *stored == c.own {
		return "", "", errors.New("the owners hold different claims")
	}
	return duplicate, *stored, nil
}

// complete carries the claim that only owner holds to the primary, and returns what the primary holds then.
func (c *claim) complete(owner *client) (*string, error) {
	half, expiry, err := read(owner, c.key)
	if err != nil || half == nil {
		return nil, err
	}
	found, err := c.writeLater(c.primary, c.key, *half, expiry)
	if err != nil || found != nil {
		return found, err
	}
	return half, nil
}

// setIfAbsent returns the value that was there, or nil if it is the new one that is there now.
func setIfAbsent(shard *client, key, value string, expiry int64) (*string, error) {
	command := []string{"SET", key, value, "NX", "GET"}
	if expiry != noExpiry {
		command = append(command, "PXAT", strconv.FormatInt(expiry, 10))
	}
	return one(shard.do(command))
}

// timeOf returns the shard's clock, in ms since 1970.
func timeOf(shard *client) (int64, error) {
	replies, err := shard.do([]string{"TIME"})
	if err != nil {
		return 0, err
	}
	if parts, is := replies[0].([]any); is && len(parts) == 2 {
		seconds, noSeconds := strconv.ParseInt(fmt.Sprint(parts[0]), 10, 64)
		micros, noMicros := strconv.ParseInt(fmt.Sprint(parts[1]), 10, 64)
		if noSeconds == nil && noMicros == nil {
			return seconds*1000 + micros/1000, nil
		}
	}
	return 0, fmt.Errorf("%s: an unexpected reply: %v", shard.address, replies)
}

func get(shard *client, key string) (*string, error) {
	return one(shard.do([]string{"GET", key}))
}

// read returns the value and the expiry of key, as they are at one time.
func read(shard *client, key string) (*string, int64, error) {
	replies, err := shard.do([]string{"MULTI"}, []string{"GET", key}, []string{"PEXPIRETIME", key}, []string{"EXEC"})
	if err != nil {
		return nil, 0, err
	}
	results, _ := replies[3].([]any)
	if len(results) != 2 {
		return nil, 0, fmt.Errorf("%s: an unexpected reply: %v", shard.address, replies)
	}
	value, err := one(results[:1], nil)
	if err != nil {
		return nil, 0, err
	}
	expiry, is := results[1].(int64)
	if !is {
		return nil, 0, fmt.Errorf("%s: an unexpected reply: %v", shard.address, results)
	}
	return value, expiry, nil
}

// one takes the only reply for a value or nil.
func one(replies []any, err error) (*string, error) {
	if err != nil {
		return nil, err
	}
	switch reply := replies[0].(type) {
	case nil:
		return nil, nil
	case string:
		return &reply, nil
	}
	return nil, fmt.Errorf("an unexpected reply: %v", replies[0])
}
