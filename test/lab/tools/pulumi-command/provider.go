package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	version      = "1.2.1"
	localCommand = "command:local:Command"
)

type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	engine pulumirpc.EngineClient
	// alive ends when the engine cancels: commands that still run are killed.
	alive context.Context
	stop  context.CancelFunc
}

func newProvider() *provider {
	alive, stop := context.WithCancel(context.Background())
	return &provider{alive: alive, stop: stop}
}

func (p *provider) connect(address string) (err error) {
	p.engine, err = dialEngine(address)
	return err
}

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

func (p *provider) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, p.connect(req.GetAddress())
}

func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.stop()
	return &emptypb.Empty{}, nil
}

func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":"command","version":%q}`, version)}, nil
}

func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

func (p *provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

func (p *provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, AcceptResources: true}, nil
}

func (p *provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if err := known(req.GetUrn()); err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: req.GetNews(), Failures: checkFailures(req.GetNews())}, nil
}

// Diff compares inputs only. Triggers replace; every other change is an update, which runs a command again.
func (p *provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	changed := changedKeys(req.GetOldInputs(), req.GetNews())
	diff := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true,
		DetailedDiff: map[string]*pulumirpc.PropertyDiff{}}
	for _, key := range changed {
		kind := pulumirpc.PropertyDiff_UPDATE
		if key == "triggers" {
			kind = pulumirpc.PropertyDiff_UPDATE_REPLACE
			diff.Replaces = append(diff.Replaces, key)
		}
		diff.Changes = pulumirpc.DiffResponse_DIFF_SOME
		diff.Diffs = append(diff.Diffs, key)
		diff.DetailedDiff[key] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	}
	return diff, nil
}

func (p *provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs := req.GetProperties()
	state, err := p.apply(ctx, req.GetUrn(), inputs, nil, text(inputs, "create"), req.GetPreview())
	if err != nil {
		return nil, err
	}
	id := ""
	if !req.GetPreview() {
		id = newID(req.GetUrn())
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: state}, nil
}

func (p *provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	news := req.GetNews()
	command := text(news, "update")
	if command == "" {
		command = text(news, "create")
	}
	state, err := p.apply(ctx, req.GetUrn(), news, req.GetOlds(), command, req.GetPreview())
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: state}, nil
}

func (p *provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	state := req.GetProperties()
	_, err := p.apply(ctx, req.GetUrn(), state, state, text(state, "delete"), false)
	return &emptypb.Empty{}, err
}

// Read has nothing to read: what a command did is known from the state alone.
func (p *provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
}

// apply runs the command, unless it is empty or this is a preview, and returns the resource's new state: its inputs,
// and the outputs of this run or, without a run, those of the last.
func (p *provider) apply(ctx context.Context, urn string, inputs, previous *structpb.Struct, command string,
	preview bool) (*structpb.Struct, error) {
	state := proto.Clone(inputs).(*structpb.Struct)
	if state.Fields == nil {
		state.Fields = map[string]*structpb.Value{}
	}
	stdout, stderr := text(previous, "stdout"), text(previous, "stderr")
	switch {
	case preview && command != "":
		state.Fields["stdout"], state.Fields["stderr"] = unknown(), unknown()
		return state, nil
	case command != "":
		var err error
		if stdout, stderr, err = p.run(ctx, urn, command, inputs, stdout, stderr); err != nil {
			return nil, err
		}
	}
	// What a command prints may hold any of its inputs, so that one secret input makes its outputs secret.
	secret := holdsSecret(structpb.NewStructValue(inputs))
	state.Fields["stdout"] = output(stdout, secret)
	state.Fields["stderr"] = output(stderr, secret)
	return state, nil
}

func known(urn string) error {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 || !strings.HasSuffix(parts[2], localCommand) {
		return fmt.Errorf("the stand-in for the command plugin knows %s only, not %q", localCommand, urn)
	}
	return nil
}

func newID(urn string) string {
	random := make([]byte, 4)
	_, _ = rand.Read(random)
	return urn[strings.LastIndex(urn, "::")+2:] + hex.EncodeToString(random)
}
