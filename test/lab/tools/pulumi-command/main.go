// Command pulumi-resource-command is a stand-in for the official plugin of @pulumi/command, for machines that
// cannot download it. It speaks the same provider protocol for command:local:Command, and for nothing else: create,
// update (the create command again when no update is given), delete, dir, stdin, interpreter, environment, triggers,
// logging, addPreviousOutputInEnv, stdout and stderr. It has no assets, no archives, no remote commands.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// A message larger than gRPC's default of 4 MiB is possible: stdout is returned whole.
const maxMessageBytes = 400 << 20

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	provider := newProvider()
	// The engine passes its own address as the first argument that is no flag; log lines go there.
	for _, arg := range os.Args[1:] {
		if arg[:1] != "-" {
			if err := provider.connect(arg); err != nil {
				return err
			}
		}
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageBytes))
	pulumirpc.RegisterResourceProviderServer(server, provider)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		provider.stop()
		server.Stop()
	}()
	// The protocol's handshake: the port, alone on the first line of stdout.
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

func dialEngine(address string) (pulumirpc.EngineClient, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return pulumirpc.NewEngineClient(conn), nil
}
