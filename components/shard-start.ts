/** What a shard's container runs: Redis, but never beside another Redis on the same volume. Pure. */
import { CONFIG_DIR, DATA_DIR } from "./redis-config";

const LOCK = `${DATA_DIR}/shard.lock`;

/**
 * Kubernetes does not wait for the process of a pod that was deleted by force, or that a kubelet which comes back finds
 * gone: the new pod may start beside it. Then two Redis write one append-only file, and clients still connected to the
 * old one are told of writes that the new one has not read. So Redis starts once it has the volume to itself.
 *
 * Redis inherits the open file and with it the lock, which is free again when the process has ended, however it ends.
 * An image without `flock` starts as before: better without this than no shard at all.
 */
const START = `if command -v flock >/dev/null; then
  exec 9>>${LOCK}
  trap "exit 143" TERM # PID 1 ignores a signal that it has no trap for
  if ! flock -n 9; then
    echo "waiting for the end of the process that has locked ${LOCK}"
    until flock -n 9 2>/dev/null; do sleep 0.2; done
  fi
else
  echo "warning: this image has no flock: nothing keeps a second Redis away from this volume" >&2
fi
exec "$0" "$@"`;

/** @returns the command of a shard's container. It needs `redis-server` and `sh`, and should have `flock`. */
export const shardCommand = (): string[] => ["sh", "-c", START, "redis-server", `${CONFIG_DIR}/redis.conf`];
