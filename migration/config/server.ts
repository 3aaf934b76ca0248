/** A pod's name under a Kubernetes service, with or without the cluster's domain. */
const SERVICE_NAME = /^([^.]+\.[^.]+\.[^.]+)\.svc(\..*)?$/;

/**
 * The server and database that a URL leads to, as far as its text tells: the same for every way to write it (default
 * port, upper case, a dot at the end, database 0, the long name of a Kubernetes service). Two names of one machine it
 * cannot know.
 *
 * @returns `host:port/db`
 */
export function serverOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  const host = hostname.toLowerCase().replace(/\.$/, "").replace(SERVICE_NAME, "$1.svc");
  return `${host}:${port || "6379"}/${Number(pathname.slice(1))}`;
}
