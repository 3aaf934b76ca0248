/** What the kubelet runs inside a shard. Only `sh` and `redis-cli` are needed; no password is in any argument. Pure. */
import type { types } from "@pulumi/kubernetes";
import { AUTH_DIR } from "./redis-config";

type Lifecycle = Pick<types.input.core.v1.Container, "startupProbe" | "readinessProbe" | "livenessProbe" | "lifecycle">;

/** How long a shard may take to load its append-only file after a start, in seconds. */
export const STARTUP_SECONDS = 600;

/** @returns the probes and the hook of a shard's container. */
export function shardLifecycle(auth: boolean): Lifecycle {
  // The variable is read by redis-cli itself. Without one it does not authenticate.
  const login = auth ? `export REDISCLI_AUTH="$(cat ${AUTH_DIR}/password)"; ` : "";
  const exec = (script: string) => ({ exec: { command: ["sh", "-c", login + script] } });
  // While Redis loads its file it answers LOADING, which is an answer but not PONG.
  const answersPong = exec("redis-cli ping | grep -qx PONG");
  return {
    startupProbe: { ...answersPong, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: STARTUP_SECONDS },
    readinessProbe: { ...answersPong, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
    // Any answer is alive: redis-cli fails only when there is none. Killing a shard that is BUSY with a script, or that
    // refuses a password, would not help anybody; a minute of silence is given up on.
    livenessProbe: { ...exec("redis-cli ping"), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    // As redis.conf has it, whatever somebody has set since, on a slow volume for example: from here on every write is on
    // disk before it is acknowledged, and hangs on nobody ending in time. SIGTERM, which comes next, then makes Redis
    // write, sync and leave. (SHUTDOWN here would end the container under its own hook: a warning each time.)
    lifecycle: { preStop: exec("redis-cli config set appendfsync always") },
  };
}
