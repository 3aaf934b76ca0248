/** The sidecar that tells Prometheus about a shard: https://github.com/oliver006/redis_exporter. Pure. */
import type { types } from "@pulumi/kubernetes";
import type { Input } from "@pulumi/pulumi";
import { AUTH_DIR } from "./redis-config";
import { REDIS_PORT } from "./shard-identity";

/** The port that the exporter listens on. */
export const EXPORTER_PORT = 9121;

/** The shard as the exporter sees it, from the same pod. */
const SHARD_URL = `redis://localhost:${REDIS_PORT}`;

/** Name of the exporter's file among the shard's Secret. */
export const EXPORTER_AUTH_FILE = "exporter.json";

/** @returns the exporter's password file. Its image has no shell that could read the bare password. */
export const exporterAuth = (password: string): string => JSON.stringify({ [SHARD_URL]: password });

/** @returns the exporter's container. It has no probe: a shard must not count as failed because nobody can see it. */
export function exporterContainer(
  image: Input<string>,
  imagePullPolicy: Input<string>,
  auth: boolean,
): types.input.core.v1.Container {
  const login = { name: "REDIS_PASSWORD_FILE", value: `${AUTH_DIR}/${EXPORTER_AUTH_FILE}` };
  return {
    name: "exporter",
    image,
    imagePullPolicy,
    env: [{ name: "REDIS_ADDR", value: SHARD_URL }, ...(auth ? [login] : [])],
    ports: [{ name: "metrics", containerPort: EXPORTER_PORT }],
    resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "200m", memory: "64Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    ...(auth ? { volumeMounts: [{ name: "auth", mountPath: AUTH_DIR, readOnly: true }] } : {}),
  };
}
