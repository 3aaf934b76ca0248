import type { Watch } from "@kubernetes/client-node";

/** The API server answers at once with what it knows, so a watch that brings no more is one that has lost its end. */
const WITHIN_MS = 10_000;
const GONE = 410;

/** An event of a watch. */
export interface Watched<T> {
  readonly type: string;
  readonly object: T;
}

/**
 * Reads the events of a watch up to and including one that is asked for.
 *
 * @returns the events in their order; undefined when the API server no longer knows what happened since the resource
 *   version in the query (410), or does not bring the event that is asked for.
 * @throws Error when the API server refuses the watch for any other reason.
 */
export function versionsUntil<T>(
  watch: Pick<Watch, "watch">,
  path: string,
  query: Readonly<Record<string, string>>,
  isLast: (type: string, object: T) => boolean,
): Promise<readonly Watched<T>[] | undefined> {
  return new Promise((resolve, reject) => {
    const events: Watched<T>[] = [];
    const over = new AbortController();
    const timer = setTimeout(() => end(undefined), WITHIN_MS);
    const end = (result: readonly Watched<T>[] | undefined) => {
      clearTimeout(timer);
      resolve(result);
      over.abort();
    };
    const note = (type: string, object: T) => {
      if (type === "ERROR") return end(undefined);
      events.push({ type, object });
      if (isLast(type, object)) end(events);
    };
    const done = (error: unknown) => {
      const status = (error as { statusCode?: unknown } | null)?.statusCode;
      if (error instanceof Error && status !== undefined && status !== GONE) {
        clearTimeout(timer);
        reject(new Error(`cannot watch ${path} by the Kubernetes API: ${error.message}`, { cause: error }));
      } else end(undefined);
    };
    watch.watch(path, query, note, done).then((controller) => {
      if (over.signal.aborted) controller.abort();
      over.signal.addEventListener("abort", () => controller.abort());
    }, done);
  });
}
