const FACTOR: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * Reads a Kubernetes quantity that is not signed.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 *
 * @returns the number of cores or bytes, or undefined when the text is no quantity.
 */
export function quantityOf(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(?:([eE][+-]?\d{1,2})|([mkMGTPE]|[KMGTPE]i))?$/.exec(text);
  if (parts === null) return undefined;
  const [, digits = "", exponent = "", suffix] = parts;
  return Number(digits + exponent) * (suffix === undefined ? 1 : (FACTOR[suffix] ?? NaN));
}
