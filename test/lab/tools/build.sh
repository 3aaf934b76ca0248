#!/bin/bash
# build.sh TOOL OUT: builds test/lab/tools/TOOL into the folder OUT, which appears only when it is complete.
# Everything comes as Go modules, with the sums in go.sum. Nothing is written into the checkout.
set -euo pipefail
tool=$1 out=$2
source_dir=$(cd "$(dirname "$0")/$tool" && pwd)
mkdir -p "$(dirname "$out")"

# Two runs that need the same tool: the second waits, and finds it done.
exec 9>"$out.lock"
flock 9
[ ! -d "$out" ] || exit 0
bin=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$bin"' EXIT

case $tool in
pulumi | pulumi-nodejs)
  # `go install module@version` refuses these modules (their go.mod replaces others): a `tool` line builds them.
  GOBIN=$bin go -C "$source_dir" install tool
  ;;&
pulumi-nodejs)
  # The CLI's release also ships this launcher for dynamic providers.
  cat >"$bin/pulumi-resource-pulumi-nodejs" <<'L'
#!/bin/sh
exec node "$(node -p 'require.resolve("@pulumi/pulumi/cmd/dynamic-provider")')" "$@"
L
  chmod +x "$bin/pulumi-resource-pulumi-nodejs"
  ;;
pulumi-kubernetes)
  # The program embeds two files of the module, so that it is built from a copy that may be written to.
  module=github.com/pulumi/pulumi-kubernetes/provider/v4
  cp -r "$source_dir" "$bin/src"
  go -C "$bin/src" mod download "$module" # else `list` names no folder
  module_dir=$(go -C "$bin/src" list -m -f '{{.Dir}}' "$module")
  install -m 644 "$module_dir"/cmd/pulumi-resource-kubernetes/{schema,terraform-mapping}.json "$bin/src/"
  go build -C "$bin/src" -ldflags '-s -w -X main.version=4.25.0' -o "$bin/pulumi-resource-kubernetes" .
  rm -rf "$bin/src"
  ;;
pulumi-command)
  go build -C "$source_dir" -ldflags '-s -w' -o "$bin/pulumi-resource-command" .
  ;;
kubernetes)
  # One binary that is every part of Kubernetes, after the name that it is called by.
  export CGO_ENABLED=0
  version=v1.34.4
  v=k8s.io/component-base/version
  go build -C "$source_dir" -trimpath -o "$bin/kube" -ldflags "-s -w -X $v.gitVersion=$version -X $v.gitMajor=1 \
    -X $v.gitMinor=34 -X k8s.io/client-go/pkg/version.gitVersion=$version" .
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do
    ln -s kube "$bin/$name"
  done
  go build -C "$source_dir" -trimpath -ldflags '-s -w' -o "$bin/pause" ./pause
  ;;
coredns)
  CGO_ENABLED=0 go build -C "$source_dir" -trimpath -ldflags '-s -w' -o "$bin/coredns" .
  ;;
esac

chmod 755 "$bin"
mv "$bin" "$out"
