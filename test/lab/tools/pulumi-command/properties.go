package main

import (
	"fmt"
	"maps"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// How property values that are more than JSON travel:
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
	unknownString   = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
)

var knownInputs = []string{"create", "update", "delete", "dir", "stdin", "interpreter", "environment", "triggers",
	"logging", "addPreviousOutputInEnv"}

func checkFailures(inputs *structpb.Struct) (failures []*pulumirpc.CheckFailure) {
	for key := range inputs.GetFields() {
		if !slices.Contains(knownInputs, key) {
			failures = append(failures, &pulumirpc.CheckFailure{Property: key,
				Reason: fmt.Sprintf("the stand-in for the command plugin does not know the property %q", key)})
		}
	}
	return failures
}

func isSecret(v *structpb.Value) bool {
	return v.GetStructValue().GetFields()[signatureKey].GetStringValue() == secretSignature
}

// plain takes off the secret envelope.
func plain(v *structpb.Value) *structpb.Value {
	for isSecret(v) {
		v = v.GetStructValue().GetFields()["value"]
	}
	return v
}

func holdsSecret(v *structpb.Value) bool {
	if isSecret(v) {
		return true
	}
	for _, field := range v.GetStructValue().GetFields() {
		if holdsSecret(field) {
			return true
		}
	}
	return slices.ContainsFunc(v.GetListValue().GetValues(), holdsSecret)
}

func field(s *structpb.Struct, key string) *structpb.Value { return plain(s.GetFields()[key]) }

func text(s *structpb.Struct, key string) string { return field(s, key).GetStringValue() }

func texts(s *structpb.Struct, key string) (list []string) {
	for _, v := range field(s, key).GetListValue().GetValues() {
		list = append(list, plain(v).GetStringValue())
	}
	return list
}

func output(value string, secret bool) *structpb.Value {
	v := structpb.NewStringValue(value)
	if !secret {
		return v
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
		signatureKey: structpb.NewStringValue(secretSignature), "value": v}})
}

func unknown() *structpb.Value { return structpb.NewStringValue(unknownString) }

// bare removes the secret envelopes at every depth: a value that only became secret has not changed.
func bare(v *structpb.Value) *structpb.Value {
	v = plain(v)
	switch {
	case v.GetStructValue() != nil:
		fields := map[string]*structpb.Value{}
		for key, value := range v.GetStructValue().GetFields() {
			fields[key] = bare(value)
		}
		return structpb.NewStructValue(&structpb.Struct{Fields: fields})
	case v.GetListValue() != nil:
		list := &structpb.ListValue{}
		for _, value := range v.GetListValue().GetValues() {
			list.Values = append(list.Values, bare(value))
		}
		return structpb.NewListValue(list)
	}
	return v
}

func changedKeys(olds, news *structpb.Struct) (changed []string) {
	keys := map[string]bool{}
	for key := range olds.GetFields() {
		keys[key] = true
	}
	for key := range news.GetFields() {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !proto.Equal(bare(olds.GetFields()[key]), bare(news.GetFields()[key])) {
			changed = append(changed, key)
		}
	}
	return changed
}
