package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// checksum is the rule of section 2 of the contract: it returns the checksum of the ring, and an error where the ring
// comes with another one.
func checksum(ring map[string]string) (string, error) {
	text := ""
	for _, key := range []string{"DEDUP_SHARDS", "DEDUP_DUAL_WRITE", "DEDUP_NEW_RING", "DEDUP_RING_EPOCH"} {
		text += key + "=" + ring[key] + "\n"
	}
	sum := sha256.Sum256([]byte(text))
	computed := hex.EncodeToString(sum[:])[:16]
	if given, has := ring["DEDUP_RING_CHECKSUM"]; has && given != computed {
		return "", fmt.Errorf("DEDUP_RING_CHECKSUM: %s is not that of the ring beside it, which is %s", given, computed)
	}
	return computed, nil
}
