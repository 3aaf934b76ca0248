package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sort"
	"strconv"
)

type point struct {
	at    uint32
	shard string
}

// A ring is section 1 of the contract: its points in ascending order.
type ring []point

func newRing(shards []string, vnodes int) (ring, error) {
	owners := make(map[uint32]string, len(shards)*vnodes)
	for _, shard := range shards {
		for i := 0; i < vnodes; i++ {
			owners[hash(shard+"#"+strconv.Itoa(i))] = shard // of two at one point, the later one stays
		}
	}
	if len(owners) == 0 {
		return nil, errors.New("a ring needs shards and vnodes")
	}
	r := make(ring, 0, len(owners))
	for at, shard := range owners {
		r = append(r, point{at, shard})
	}
	sort.Slice(r, func(i, j int) bool { return r[i].at < r[j].at })
	return r, nil
}

// owner returns the shard that the id belongs to.
func (r ring) owner(id string) string {
	at := hash(id)
	i := sort.Search(len(r), func(i int) bool { return r[i].at >= at })
	return r[i%len(r)].shard
}

func hash(text string) uint32 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint32(sum[:4])
}
