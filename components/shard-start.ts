/** What a shard's container runs: Redis, but never beside another Redis on the same volume and node. Pure. */
import { CONFIG_DIR, DATA_DIR } from "./redis-config";

/**
 * Kubernetes does not wait for the process of a pod that was deleted by force, or that a kubelet which comes back finds
 * gone: the new pod may start beside it. Then two Redis write one append-only file, and clients still connected to the
 * old one are told of writes that the new one has not read. So Redis starts once it has the volume to itself.
 *
 * The lock is on the folder itself: it is there on a volume that is full, and no file that can be deleted. Redis inherits
 * it, and it is free again when that process has ended, however it ends. `flock` says nothing where somebody else has the
 * lock; where it says something there is no lock to be had, and a shard without one is better than none.
 */
const START = `why="this image has no flock"
if command -v flock >/dev/null; then
  exec 9<${DATA_DIR}
  trap "exit 143" TERM # PID 1 ignores a signal that it has no trap for
  until why=$(flock -n 9 2>&1) || [ -n "$why" ]; do
    [ -n "$waited" ] || echo "waiting for the end of the process that has locked ${DATA_DIR}"
    waited=yes
    sleep 0.2
  done
fi
[ -z "$why" ] || echo "warning: $why; nothing keeps a second Redis away from this volume" >&2
exec "$0" "$@"`;

/** @returns the command of a shard's container. It needs `redis-server` and `sh`, and should have `flock`. */
export const shardCommand = (): string[] => ["sh", "-c", START, "redis-server", `${CONFIG_DIR}/redis.conf`];
