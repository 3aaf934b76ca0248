/** A shard that somebody else runs in the cluster: behind TLS, with an ACL user for the engines, and certificates asked for. */
import { authFiles } from "../../components/redis-config";
import { engineAcl } from "../../migration/adapters/engine-acl";
import type { Kube, KubeObject } from "../lab/kube";
import type { PrivateCa } from "../lab/private-ca";

const NAME = "elsewhere";
const TLS_PORT = 6380;
const FILES = "/etc/redis";

export interface TlsShardOptions {
  readonly namespace: string;
  readonly ca: PrivateCa;
  readonly password: string;
  /** Of the engines. */
  readonly user: { readonly name: string; readonly password: string };
}

/** As its clients know it. */
export const tlsShardUrl = (namespace: string): string => `rediss://${NAME}-0.${NAME}.${namespace}.svc:${TLS_PORT}`;

/** Makes it, and waits until it is ready. In plain it answers on port 6379, for who looks on. */
export async function makeTlsShard(kube: Kube, { namespace, ca, password, user }: TlsShardOptions): Promise<void> {
  const { cert, key } = ca.issue(NAME, `DNS:${new URL(tlsShardUrl(namespace)).hostname}`);
  const auth = authFiles(password, { ...user, rules: engineAcl("pcs:") })["auth.conf"];
  const stringData = { "auth.conf": auth, "tls.crt": cert, "tls.key": key, "ca.crt": ca.cert };
  const labels = { app: NAME };
  const service = { clusterIP: "None", publishNotReadyAddresses: true, selector: labels, ports: [{ port: TLS_PORT }] };
  await kube.apply(
    { apiVersion: "v1", kind: "Secret", metadata: { name: NAME }, ...{ stringData } },
    { apiVersion: "v1", kind: "Service", metadata: { name: NAME }, spec: service },
    statefulSet(labels),
  );
  await kube.waitRollout(`statefulset/${NAME}`);
}

function statefulSet(labels: Readonly<Record<string, string>>): KubeObject {
  const tls = ["--tls-port", String(TLS_PORT), "--tls-auth-clients", "yes"];
  const files = Object.entries({
    "--tls-cert-file": "tls.crt",
    "--tls-key-file": "tls.key",
    "--tls-ca-cert-file": "ca.crt",
  });
  const paths = [...files, ["--include", "auth.conf"]].flatMap(([setting = "", file]) => [setting, `${FILES}/${file}`]);
  const container = {
    name: "redis",
    image: "lab.test/redis:7",
    imagePullPolicy: "Never",
    command: ["redis-server", "--dir", "/data", "--protected-mode", "no", ...tls, ...paths],
    readinessProbe: { tcpSocket: { port: TLS_PORT }, periodSeconds: 1 },
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "files", mountPath: FILES, readOnly: true },
      { name: "data", mountPath: "/data" },
    ],
  };
  const volumes = [
    { name: "files", secret: { secretName: NAME, defaultMode: 0o444 } },
    { name: "data", emptyDir: {} },
  ];
  const securityContext = { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: "RuntimeDefault" } };
  const spec = { securityContext, containers: [container], volumes };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: NAME },
    spec: {
      serviceName: NAME,
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec },
    },
  };
}
